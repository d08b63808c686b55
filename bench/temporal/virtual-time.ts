import { setTimeout as delay } from 'node:timers/promises';
import { Client, WithStartWorkflowOperation, WorkflowIdConflictPolicy } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { findTestServer } from '../../testing/time-skipping-server';
import type * as CodecModule from '../../src/codec/payload-codec';
import type * as KeyRingModule from '../../src/secrets/key-ring';
import type * as SandboxModule from '../../src/sandbox';
import type * as SearchAttributesModule from '../../src/temporal/search-attributes';
import type * as IdsModule from '../../src/domain/ids';
import type * as StartRequestModule from '../../src/requests/start-request';
import type { hostedLinkSession } from '../../src/workflows';
import type * as AttributesModule from '../../src/workflows/search-attributes';
import type * as SummariesModule from '../../src/workflows/summaries';
import { built } from '../built';
import { onlyRuns, readHistories, type Histories } from './history';
import { memoryVault } from './memory-vault';
import { quietRuntime } from './quiet-runtime';
import type { PlaidAccount } from './stage';
import { startWorkers } from './workers';

const { createPayloadCodec } = built<typeof CodecModule>('codec/payload-codec');
const { generateKeyRingText, parseKeyRing } = built<typeof KeyRingModule>('secrets/key-ring');
const { startSandbox } = built<typeof SandboxModule>('sandbox/index');
const { INDEXED_TYPES } = built<typeof SearchAttributesModule>('temporal/search-attributes');
const { exchangeWorkflowId, sessionWorkflowId, TASK_QUEUES } = built<typeof IdsModule>('domain/ids');
const { sessionInput } = built<typeof StartRequestModule>('requests/start-request');
const { searchAttributes } = built<typeof AttributesModule>('workflows/search-attributes');
const { sessionSummary } = built<typeof SummariesModule>('workflows/summaries');

const START_ATTEMPTS = 8;
const DAY_MS = 86_400_000;

/** One call that lasts long may lose its connection and be repeated, and so pass twice. */
const PASS_AT_ONCE_MS = 3_600_000;

/** The longest wait between two gets, and some more. */
const FOUND_WITHIN_MS = 20 * 60_000;

/** A deployment in virtual time: real workflows, activities and codec on a time-skipping server, with the vault in memory. */
export interface VirtualTime {
  environment: TestWorkflowEnvironment;
  sandbox: SandboxModule.Sandbox;
  account: PlaidAccount;
  /** Lets virtual time pass. */
  pass(ms: number): Promise<void>;
  /** Sets the sandbox's clock to the server's. */
  syncClock(): Promise<void>;
  /**
   * Runs a session of ours that the person finishes after `waitMs` of virtual time, found by polling alone. Gives the histories of it
   * and its token exchange.
   */
  runSession(waitMs: number): Promise<Histories>;
  close(): Promise<void>;
}

export async function startVirtualTime(log: (line: string) => void): Promise<VirtualTime> {
  process.env['no_grpc_proxy'] = '127.0.0.1';
  quietRuntime();
  const executable = await findTestServer({ log });
  const environment = await startServer(executable);
  const { connection, nativeConnection } = environment;
  await connection.operatorService.addSearchAttributes({
    namespace: 'default',
    searchAttributes: INDEXED_TYPES,
  });
  let clockMs = await environment.currentTimeMs();
  const syncClock = async () => {
    clockMs = await environment.currentTimeMs();
    return clockMs;
  };
  const secret = 'bench-virtual-time';
  const sandbox = await startSandbox({ clientId: 'bench', secret, now: () => clockMs });
  const account = { url: sandbox.url, clientId: 'bench', secret };
  const codecRing = parseKeyRing(generateKeyRingText('codec'), 'codec keys');
  const stopWorkers = await startWorkers({
    connection: nativeConnection,
    namespace: 'default',
    account,
    vault: memoryVault(),
    codecRing,
    now: syncClock,
  });
  const temporal = new Client({
    connection,
    dataConverter: { payloadCodecs: [createPayloadCodec(codecRing)] },
  });

  /** As `client.start`, but for its check of `expiresAt` against this machine's clock. */
  async function start(linkToken: string, expiresAt: string): Promise<string> {
    const input = { ...sessionInput({ linkToken }, { environment: 'sandbox' }), expiresAt };
    const startWorkflowOperation = new WithStartWorkflowOperation<typeof hostedLinkSession>(
      'hostedLinkSession',
      {
        workflowId: sessionWorkflowId(input.key),
        taskQueue: TASK_QUEUES.main,
        args: [input],
        workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
        typedSearchAttributes: searchAttributes({ state: 'CREATING', plaidFlow: input.plaidFlow }),
        staticSummary: sessionSummary(input),
      },
    );
    await temporal.workflow.executeUpdateWithStart('link', { updateId: 'link', startWorkflowOperation });
    return input.key;
  }

  const pass = async (ms: number) => {
    const untilMs = (await environment.currentTimeMs()) + ms;
    for (;;) {
      const leftMs = untilMs - (await environment.currentTimeMs());
      if (leftMs <= 0) return;
      await environment.sleep(Math.min(leftMs, PASS_AT_ONCE_MS));
    }
  };

  const hasEnded = async (workflowId: string) => {
    const description = await temporal.workflow
      .getHandle(workflowId)
      .describe()
      .catch(() => undefined);
    return description !== undefined && description.status.name !== 'RUNNING';
  };

  return {
    environment,
    sandbox,
    account,
    pass,
    syncClock: async () => void (await syncClock()),
    async runSession(waitMs) {
      const nowMs = await syncClock();
      const linkToken = sandbox.issueLinkToken({ lifetimeMs: waitMs + DAY_MS });
      const key = await start(linkToken, new Date(nowMs + waitMs + DAY_MS).toISOString());
      await pass(waitMs);
      await syncClock();
      sandbox.session(linkToken).complete();
      const workflowIds = [sessionWorkflowId(key), exchangeWorkflowId(key)];
      const passing = environment.sleep(FOUND_WITHIN_MS);
      while (!(await Promise.all(workflowIds.map(hasEnded))).every(Boolean)) await delay(50);
      const histories = await readHistories(temporal, await onlyRuns(temporal, workflowIds));
      await freeTime(histories, environment);
      await passing;
      return histories;
    },
    async close() {
      await stopWorkers();
      await sandbox.close();
      await environment.teardown();
    },
  };
}

/** Server 1.32.0 keeps one lock on the time for a child workflow that outlives its parent. */
async function freeTime({ runs: [session] }: Histories, environment: TestWorkflowEnvironment): Promise<void> {
  const exchangeEnded = session?.some((event) => event.childWorkflowExecutionCompletedEventAttributes);
  if (!exchangeEnded) await environment.connection.testService!.unlockTimeSkipping({});
}

/** The SDK waits 5 s for the server, which Java can miss on a busy machine. */
async function startServer(
  executable: { type: 'existing-path'; path: string },
  attemptsLeft = START_ATTEMPTS,
): Promise<TestWorkflowEnvironment> {
  try {
    return await TestWorkflowEnvironment.createTimeSkipping({ server: { executable } });
  } catch (error) {
    if (attemptsLeft <= 1) throw error;
    return await startServer(executable, attemptsLeft - 1);
  }
}
