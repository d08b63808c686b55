import { setMaxListeners } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Command, InvalidArgumentError } from 'commander';
import { sessionWorkflowId } from '../../src/session';
import { filesUnder, searchForLeaks, secretsOf } from '../leak-search';
import { collectHistories } from '../workflow-histories';
import { audit, type Finding } from './audit';
import { wreakHavoc } from './chaos';
import { Dice } from './dice';
import { injectFaults } from './faults';
import { startTopology, type Topology } from './topology';
import { personOf, visit, type Visit } from './visitors';

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
  const log = (line: string) => process.stdout.write(`${line}\n`);
  log(`Torture run: ${minutes} minutes, ${sessions} sessions, --seed ${seed}`);
  const dataDir = await mkdtemp(join(tmpdir(), 'hl-torture-'));
  const topology = await startTopology(dataDir, log);
  try {
    const counts = new Map<string, number>();
    const count = (name: string) => void counts.set(name, (counts.get(name) ?? 0) + 1);
    const visits = await havoc(topology, { minutes, sessions, seed }, count);
    log('');
    log('Injected:');
    table(counts).forEach(log);
    await letAllEnd(topology, visits);
    const findings = await findingsOf(topology, visits);
    log('');
    log('Found:');
    table(tally(findings)).forEach(log);
    const ledger = topology.sandbox.ledger().toJSON();
    const problems = await audit(findings, ledger, topology.vault);
    const leaks = await leakScan(topology, visits);
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
  count: (name: string) => void,
): Promise<Visit[]> {
  const dice = new Dice(seed);
  const durationMs = minutes * MINUTE;
  const signal = AbortSignal.timeout(durationMs);
  // Every visitor's pause listens.
  setMaxListeners(0, signal);
  const endFaults = injectFaults(topology.sandbox, dice.of('faults'), (name) => count(`fault: ${name}`));
  const chaos = wreakHavoc(topology, dice.of('chaos'), signal, (blow) => count(`blow: ${blow}`));
  const arrivals = dice.of('arrivals');
  const visits = Array.from({ length: sessions }, async (_, index) => {
    await delay(arrivals.between(0, durationMs * ARRIVALS_SHARE));
    const key = `torture-${index + 1}`;
    return await visit(topology, key, dice.of(key), signal);
  });
  await chaos;
  endFaults();
  return await Promise.all(visits);
}

/** Whoever is still on the page leaves it, and the links expire; then all that is left has to end by itself. */
async function letAllEnd({ sandbox, client }: Topology, visits: readonly Visit[]): Promise<void> {
  const deadline = Date.now() + SETTLE_MS;
  await Promise.all(
    visits.map(async ({ key, plaidSessionId }) => {
      const person = plaidSessionId === undefined ? undefined : personOf(sandbox, plaidSessionId);
      if (person?.status === 'OPENED') person.exit();
      if (person && person.status !== 'COMPLETED' && person.status !== 'EXPIRED') person.expire();
      await client.checkNow(key).catch(() => undefined);
      const end = client.waitForEnd(key).catch(() => undefined);
      await Promise.race([end, delay(deadline - Date.now(), undefined, { ref: false })]);
    }),
  );
}

async function findingsOf({ client }: Topology, visits: readonly Visit[]): Promise<Finding[]> {
  return await Promise.all(visits.map(async (its) => ({ visit: its, report: await client.status(its.key) })));
}

function tally(findings: readonly Finding[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { visit: its, report } of findings) {
    for (const name of [
      `session ${report.state}${its.refused === undefined ? '' : ` (start: ${its.refused})`}`,
      ...report.items.map(({ state }) => `result ${state}`),
    ]) {
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  return counts;
}

async function leakScan(topology: Topology, visits: readonly Visit[]) {
  const histories = [];
  for await (const source of collectHistories(topology.temporal)) histories.push(source);
  await topology.settle();
  const { dataDir, databaseFolder, temporalDatabase } = topology;
  const secrets = secretsOf(topology.sandbox.ledger().toJSON(), topology.keyRings);
  return await searchForLeaks({
    // Chance decides whether a short run sends an SMS.
    secrets: Object.fromEntries(Object.entries(secrets).filter(([, values]) => values.length > 0)),
    histories,
    files: [...(await filesUnder(dataDir, [])), ...(await filesUnder(databaseFolder, ['password']))],
    controls: visits.flatMap(({ key }) => [
      { text: sessionWorkflowId(key), source: `history of ${sessionWorkflowId(key)} (` },
      { text: sessionWorkflowId(key), source: temporalDatabase },
      { text: key, source: databaseFolder + sep },
    ]),
  });
}

function table(counts: ReadonlyMap<string, number>): string[] {
  return [...counts]
    .sort(([one], [other]) => one.localeCompare(other))
    .map(([name, count]) => `${String(count).padStart(6)}  ${name}`);
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
