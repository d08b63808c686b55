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
import { disrupt, type Disruption } from './disruptions';
import { Random } from './random';
import { collectOutcome } from './collect';
import { ExchangeCalls } from './exchange-calls';
import { injectFaults } from './faults';
import { countFound, countInjected, Counts } from './report';
import { startChaosDeployment, type ChaosDeployment } from './deployment';
import { personOf, runSession, start, type LoadSession } from './load';

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
  const options = new Command('chaos')
    .description(
      'kill, pause and cut off the parts of a deployment under load, and compare the outcome with the ledger of the offline Plaid',
    )
    .option('--minutes <number>', 'how long the disruptions last', positive, 2)
    .option('--sessions <number>', 'how many sessions start in that time', positive, 60)
    .option('--seed <text>', 'makes its choices repeatable', String(Date.now()))
    .parse()
    .opts<Options>();
  const { minutes, sessions: count, seed } = options;
  const output: string[] = [];
  const log = (line: string) => {
    output.push(line);
    process.stdout.write(`${line}\n`);
  };
  log(`Chaos run: ${minutes} minutes, ${count} sessions, --seed ${seed}`);
  const folder = await mkdtemp(join(tmpdir(), 'hl-chaos-'));
  const deployment = await startChaosDeployment(folder, log);
  try {
    const calls = new ExchangeCalls();
    calls.observe(deployment.sandbox);
    const faults = new Counts();
    const { sessions, disruptions } = await runLoadAndDisruptions(deployment, options, calls, faults);
    log('');
    log('Injected:');
    const relays = [deployment.databaseRelay, deployment.temporalRelay];
    countInjected(faults, disruptions, relays).lines().forEach(log);
    await letAllEnd(deployment, sessions);
    const outcome = await collectOutcome(deployment, sessions, { calls: calls.calls, disruptions });
    log('');
    log('Found:');
    countFound(outcome).lines().forEach(log);
    const problems = audit(outcome);
    const leaks = await leakScan(deployment, sessions, [...output, ...problems].join('\n'));
    log('');
    log(leaks.summary);
    for (const problem of [...problems, ...leaks.problems]) log(`PROBLEM: ${problem}`);
    const found = problems.length + leaks.problems.length;
    log(found === 0 ? 'Nothing was lost, nothing leaked.' : `${found} problems; --seed ${seed}`);
    process.exitCode = found === 0 ? 0 : 1;
    if (found === 0) await rm(folder, { recursive: true, force: true });
    else log(`All files are in ${folder}.`);
  } finally {
    await deployment.close();
  }
}

/** Starts sessions and disrupts the deployment meanwhile. Returns when the time is over and all parts are up again. */
async function runLoadAndDisruptions(
  deployment: ChaosDeployment,
  { minutes, sessions: count, seed }: Options,
  calls: ExchangeCalls,
  faults: Counts,
): Promise<{ sessions: LoadSession[]; disruptions: Disruption[] }> {
  const random = new Random(seed);
  const durationMs = minutes * MINUTE;
  const signal = AbortSignal.timeout(durationMs);
  // Each session's pause listens.
  setMaxListeners(0, signal);
  const endFaults = injectFaults(deployment.sandbox, random.of('faults'), calls, (name) =>
    faults.add(`fault: ${name}`),
  );
  const disrupting = disrupt(deployment, random.of('chaos'), signal);
  const arrivals = random.of('arrivals');
  const sessions = Array.from({ length: count }, async (_, index) => {
    await delay(arrivals.between(0, durationMs * ARRIVALS_SHARE));
    return await runSession(deployment, index + 1, random.of(`session ${index + 1}`), signal);
  });
  const disruptions = await disrupting;
  endFaults();
  return { sessions: (await Promise.all(sessions)).flat(), disruptions };
}

/**
 * Repeats starts that had no answer, lets persons leave the page and links expire, and waits, for a limited time, until every session
 * has ended.
 */
async function letAllEnd(deployment: ChaosDeployment, sessions: readonly LoadSession[]): Promise<void> {
  const { sandbox, client } = deployment;
  const deadline = Date.now() + SETTLE_MS;
  const signal = AbortSignal.timeout(SETTLE_MS);
  setMaxListeners(0, signal);
  await Promise.all(
    sessions.map(async (its) => {
      if (!its.answer) await start(deployment, its, signal);
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

async function leakScan(deployment: ChaosDeployment, sessions: readonly LoadSession[], output: string) {
  const histories: LeakSource[] = [{ name: 'the output of this run', bytes: Buffer.from(output) }];
  for await (const source of collectHistories(deployment.temporal)) histories.push(source);
  await deployment.settle();
  const { folder, postgres, temporalDatabase } = deployment;
  const secrets = secretsOf(deployment.sandbox.ledger().toJSON(), deployment.keyRings);
  // Chance decides whether a short run sends both.
  const optional = ['phone numbers', 'e-mail addresses'].filter((kind) => secrets[kind]?.length === 0);
  return await searchForLeaks({
    secrets: Object.fromEntries(Object.entries(secrets).filter(([kind]) => !optional.includes(kind))),
    histories,
    files: [...(await filesUnder(folder, [])), ...(await filesUnder(postgres.folder, ['password']))],
    controls: sessions.flatMap(({ key }) => [
      { text: sessionWorkflowId(key), source: `history of ${sessionWorkflowId(key)} (` },
      { text: sessionWorkflowId(key), source: temporalDatabase },
      { text: key, source: postgres.folder + sep },
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
    process.stderr.write(`The chaos run failed: ${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  },
);
