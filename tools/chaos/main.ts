import { setMaxListeners } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Command, InvalidArgumentError } from 'commander';
import { sessionWorkflowId } from '../../src/domain/ids';
import type { LeakSource } from '../../testing/leak-scan';
import { filesUnder, searchForLeaks, secretsOf } from '../../testing/leak-search';
import { collectHistories } from '../../testing/workflow-histories';
import { audit } from './audit';
import { wreakHavoc, type Blow } from './chaos';
import { Dice } from './dice';
import { gatherEvidence } from './evidence';
import { ExchangeCalls } from './exchange-calls';
import { injectFaults } from './faults';
import { tallyFound, tallyInjected, Tally } from './tally';
import { startTopology, type Topology } from './topology';
import { personOf, start, visit, type Visit } from './visitors';

const MINUTE = 60_000;

/** How long sessions may take to end once all is well again, in milliseconds: longer than the longest backoff and lease. */
const SETTLE_MS = 6 * MINUTE;

/** How much of the run's time new sessions start in. */
const ARRIVALS_SHARE = 0.8;

interface Options {
  minutes: number;
  sessions: number;
  seed: string;
}

async function main(): Promise<void> {
  const { minutes, sessions, seed } = new Command('torture')
    .description(
      'kill, cut and confuse a whole deployment under load, and hold its end against the sandbox’s ledger',
    )
    .option('--minutes <number>', 'how long the havoc lasts', positive, 2)
    .option('--sessions <number>', 'how many sessions start in that time', positive, 60)
    .option('--seed <text>', 'makes its choices repeatable', String(Date.now()))
    .parse()
    .opts<Options>();
  const output: string[] = [];
  const log = (line: string) => {
    output.push(line);
    process.stdout.write(`${line}\n`);
  };
  log(`Torture run: ${minutes} minutes, ${sessions} sessions, --seed ${seed}`);
  const dataDir = await mkdtemp(join(tmpdir(), 'hl-torture-'));
  const topology = await startTopology(dataDir, log);
  try {
    const calls = new ExchangeCalls();
    calls.observe(topology.sandbox);
    const faults = new Tally();
    const { visits, blows } = await havoc(topology, { minutes, sessions, seed }, calls, faults);
    log('');
    log('Injected:');
    const relays = [topology.databaseRelay, topology.temporalRelay];
    tallyInjected(faults, blows, relays).lines().forEach(log);
    await letAllEnd(topology, visits);
    const evidence = await gatherEvidence(topology, visits, { calls: calls.calls, blows });
    log('');
    log('Found:');
    tallyFound(evidence).lines().forEach(log);
    const problems = audit(evidence);
    const leaks = await leakScan(topology, visits, [...output, ...problems].join('\n'));
    log('');
    log(leaks.summary);
    for (const problem of [...problems, ...leaks.problems]) log(`PROBLEM: ${problem}`);
    const found = problems.length + leaks.problems.length;
    log(found === 0 ? 'Nothing was lost, nothing leaked.' : `${found} problems; --seed ${seed}`);
    process.exitCode = found === 0 ? 0 : 1;
    if (found === 0) await rm(dataDir, { recursive: true, force: true });
    else log(`All files are in ${dataDir}.`);
  } finally {
    await topology.close();
  }
}

/** Starts sessions while blows fall, and gives them when the time is over and all parts are up again. */
async function havoc(
  topology: Topology,
  { minutes, sessions, seed }: Options,
  calls: ExchangeCalls,
  faults: Tally,
): Promise<{ visits: Visit[]; blows: Blow[] }> {
  const dice = new Dice(seed);
  const durationMs = minutes * MINUTE;
  const signal = AbortSignal.timeout(durationMs);
  // Every visitor's pause listens.
  setMaxListeners(0, signal);
  const endFaults = injectFaults(topology.sandbox, dice.of('faults'), calls, (name) =>
    faults.add(`fault: ${name}`),
  );
  const chaos = wreakHavoc(topology, dice.of('chaos'), signal);
  const arrivals = dice.of('arrivals');
  const visits = Array.from({ length: sessions }, async (_, index) => {
    await delay(arrivals.between(0, durationMs * ARRIVALS_SHARE));
    return await visit(topology, index + 1, dice.of(`visit ${index + 1}`), signal);
  });
  const blows = await chaos;
  endFaults();
  return { visits: (await Promise.all(visits)).flat(), blows };
}

/**
 * Starts that had no answer are asked for again. Then whoever is still on the page leaves it, and the links expire; all that
 * is left has to end by itself.
 */
async function letAllEnd(topology: Topology, visits: readonly Visit[]): Promise<void> {
  const { sandbox, client } = topology;
  const deadline = Date.now() + SETTLE_MS;
  const signal = AbortSignal.timeout(SETTLE_MS);
  setMaxListeners(0, signal);
  await Promise.all(
    visits.map(async (its) => {
      if (!its.answer) await start(topology, its, signal);
      const { key, plaidSessionId } = its;
      const person = plaidSessionId === undefined ? undefined : personOf(sandbox, plaidSessionId);
      if (person?.status === 'OPENED') person.exit();
      if (person && person.status !== 'COMPLETED' && person.status !== 'EXPIRED') person.expire();
      await client.checkNow(key).catch(() => undefined);
      const end = client.waitForEnd(key).catch(() => undefined);
      await Promise.race([end, delay(deadline - Date.now(), undefined, { ref: false })]);
    }),
  );
}

async function leakScan(topology: Topology, visits: readonly Visit[], output: string) {
  const histories: LeakSource[] = [{ name: 'the output of this run', bytes: Buffer.from(output) }];
  for await (const source of collectHistories(topology.temporal)) histories.push(source);
  await topology.settle();
  const { dataDir, databaseFolder, temporalDatabase } = topology;
  const secrets = secretsOf(topology.sandbox.ledger().toJSON(), topology.keyRings);
  // Chance decides whether a short run sends both.
  const optional = ['phone numbers', 'e-mail addresses'].filter((kind) => secrets[kind]?.length === 0);
  return await searchForLeaks({
    secrets: Object.fromEntries(Object.entries(secrets).filter(([kind]) => !optional.includes(kind))),
    histories,
    files: [...(await filesUnder(dataDir, [])), ...(await filesUnder(databaseFolder, ['password']))],
    controls: visits.flatMap(({ key }) => [
      { text: sessionWorkflowId(key), source: `history of ${sessionWorkflowId(key)} (` },
      { text: sessionWorkflowId(key), source: temporalDatabase },
      { text: key, source: databaseFolder + sep },
    ]),
  });
}

function positive(text: string): number {
  const number = Number(text);
  if (!(number > 0)) throw new InvalidArgumentError('give a number above 0');
  return number;
}

main().then(
  () => process.exit(),
  (error: unknown) => {
    process.stderr.write(`The torture run failed: ${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  },
);
