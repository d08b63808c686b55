/*
 * `npm run record-histories`: plays every way in which a session can end, on real Temporal servers, and keeps the histories
 * in test/histories/, where the tests replay them with every later version of the workflows. Takes about three minutes, since
 * a deadline is waited for. A recorded history is never changed: what has a file is not played again, but for `--again`,
 * which plays everything and writes under new names (`completed.2.json`), for the first recording after a workflow got
 * a new path.
 */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { userHash } from '../../src/secrets/digest';
import {
  callbacksWorkflowId,
  exchangeWorkflowId,
  erasureWorkflowId,
  removalWorkflowId,
  sessionWorkflowId,
} from '../../src/domain/ids';
import { startCallbackReceiver, type CallbackReceiver } from '../../testing/callback-receiver';
import { startHarnessWithServer, type Harness } from '../../testing/harness';
import { HISTORIES, RECORDING_RING } from '../../testing/recorded-histories';
import { CONTINUING, REMOVALS, SCENARIOS, WORKER_STOPS, type Scenario } from './scenarios';
import { PARENTS, Stage } from './stage';
import { findTemporalCli, SESSION_SEARCH_ATTRIBUTES } from '../../testing/temporal-server';

/** More at once, and a small machine takes so long for a workflow task that its histories show it. */
const AT_ONCE = 8;

const say = (line: string) => void process.stdout.write(`${line}\n`);

async function main(): Promise<void> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const again = process.argv.includes('--again');
  const recorded = new Set(await readdir(HISTORIES, { recursive: true }).catch(() => []));
  const isWanted = (scenario: Scenario) => again || !filesOf(scenario).every((file) => recorded.has(file));
  const cli = await findTemporalCli({ log: say });

  await onServer(cli, {}, async (harness, receiver) => {
    await playAll(harness, receiver, [...SCENARIOS, ...REMOVALS].filter(isWanted));
    // One after the other: each stops the workers for all.
    for (const scenario of WORKER_STOPS.filter(isWanted)) await playAll(harness, receiver, [scenario]);
  });
  await onServer(cli, { 'limit.historyCount.suggestContinueAsNew': 15 }, async (harness, receiver) => {
    await playAll(harness, receiver, CONTINUING.filter(isWanted));
  });
}

async function onServer(
  cli: string,
  dynamicConfig: Record<string, unknown>,
  use: (harness: Harness, receiver: CallbackReceiver) => Promise<void>,
): Promise<void> {
  const receiver = await startCallbackReceiver();
  const harness = await startHarnessWithServer(
    { cli, dynamicConfig, searchAttributes: SESSION_SEARCH_ATTRIBUTES, log: say },
    { codecRing: RECORDING_RING, callbacks: receiver.settings },
  );
  try {
    await harness.startApplicationWorker(PARENTS);
    await use(harness, receiver);
  } finally {
    await harness.close();
    await receiver.close();
  }
}

async function playAll(
  harness: Harness,
  receiver: CallbackReceiver,
  scenarios: readonly Scenario[],
): Promise<void> {
  const waiting = [...scenarios];
  const playOn = async () => {
    for (let scenario = waiting.shift(); scenario; scenario = waiting.shift()) {
      const name = nameOf(scenario);
      const stage = new Stage(harness, `recorded-${name}`, receiver);
      try {
        await scenario.play(stage);
        await stage.ended();
        await keep(harness, scenario, stage);
      } catch (error) {
        say(`NOT RECORDED: ${name}: ${String(error)}`);
        process.exitCode = 1;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, playOn));
}

async function keep(
  harness: Harness,
  { session, exchange, continued, removal, erasure, callbacks }: Scenario,
  { key, firstRunId, itemId }: Stage,
): Promise<void> {
  const workflowIds = [
    ['hostedLinkSession', continued, sessionWorkflowId(key), firstRunId],
    ['hostedLinkSession', session, sessionWorkflowId(key)],
    ['tokenExchange', exchange, exchangeWorkflowId(key)],
    ['itemRemoval', removal, removalWorkflowId(itemId)],
    ['callbackDelivery', callbacks, callbacksWorkflowId(key)],
    ['userErasure', erasure, erasureWorkflowId(userHash(key))],
  ] as const;
  for (const [workflowType, end, workflowId, runId] of workflowIds) {
    if (end !== undefined) await write(workflowType, end, await history(harness, workflowId, runId));
  }
}

async function history({ temporal }: Harness, workflowId: string, runId?: string): Promise<unknown> {
  return JSON.parse(historyToJSON(await temporal.workflow.getHandle(workflowId, runId).fetchHistory()));
}

async function write(workflowType: string, end: string, json: unknown): Promise<void> {
  const text = `${JSON.stringify(withoutStackTraces(json), undefined, 1)}\n`.replaceAll(
    `${process.pid}@${hostname()}`,
    'recorder',
  );
  for (const place of [`@${hostname()}`, process.cwd()]) {
    const found = text.split('\n').find((line) => line.includes(place));
    if (found !== undefined) throw new Error(`the history of ${end} names ${place}: ${found.trim()}`);
  }
  const folder = join(HISTORIES, workflowType);
  await mkdir(folder, { recursive: true });
  for (let version = 1; ; version++) {
    const file = join(folder, version === 1 ? `${end}.json` : `${end}.${version}.json`);
    try {
      await writeFile(file, text, { flag: 'wx' });
      return say(file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/** Stack traces hold paths of this machine, and a replay does not look at them. */
function withoutStackTraces(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(withoutStackTraces);
  if (typeof json !== 'object' || json === null) return json;
  return Object.fromEntries(
    Object.entries(json).flatMap(([field, value]) =>
      field === 'stackTrace' ? [] : [[field, withoutStackTraces(value)]],
    ),
  );
}

/** What a scenario is called by: the first of its names. */
function nameOf({ session, exchange, removal, erasure, callbacks }: Scenario): string {
  return session ?? exchange ?? removal ?? erasure ?? callbacks ?? 'unnamed';
}

function filesOf({ session, exchange, removal, erasure, callbacks }: Scenario): string[] {
  const names = {
    hostedLinkSession: session,
    tokenExchange: exchange,
    itemRemoval: removal,
    callbackDelivery: callbacks,
    userErasure: erasure,
  };
  return Object.entries(names).flatMap(([workflowType, end]) =>
    end === undefined ? [] : [join(workflowType, `${end}.json`)],
  );
}

void main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});
