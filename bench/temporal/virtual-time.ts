import { setTimeout as delay } from 'node:timers/promises';
import { WithStartWorkflowOperation, WorkflowIdConflictPolicy } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { BUILT_WORKFLOWS } from '../../testing/built';
import { onTimeSkipping, startHarness } from '../../testing/harness';
import type { PlaidAccount } from '../../testing/infrastructure';
import { quietRuntime } from '../../testing/quiet-runtime';
import { findTestServer, startTimeSkipping } from '../../testing/time-skipping-server';
import type { Sandbox } from '../../src/sandbox';
import { exchangeWorkflowId, sessionWorkflowId, TASK_QUEUES } from '../../src/domain/ids';
import { sessionInput } from '../../src/requests/start-request';
import type { hostedLinkSession } from '../../src/workflows';
import { searchAttributes } from '../../src/workflows/search-attributes';
import { sessionSummary } from '../../src/workflows/summaries';
import { onlyRuns, readHistories, type Histories } from './history';
import { memoryVault } from './memory-vault';

const DAY_MS = 86_400_000;

/** One call that lasts long may lose its connection and be repeated, and so pass twice. */
const PASS_AT_ONCE_MS = 3_600_000;

/** The longest wait between two gets, and some more. */
const FOUND_WITHIN_MS = 20 * 60_000;

/** A deployment in virtual time: real workflows, activities and codec on a time-skipping server, with the vault in memory. */
export interface VirtualTime {
  environment: TestWorkflowEnvironment;
  sandbox: Sandbox;
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
  quietRuntime();
  const { path } = await findTestServer({ log });
  const environment = await startTimeSkipping(path);
  const harness = await startHarness(
    onTimeSkipping(environment),
    {},
    { vault: memoryVault(), bundle: { codePath: BUILT_WORKFLOWS } },
  );
  const { sandbox, account, temporal, syncClock } = harness;

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
    syncClock,
    async runSession(waitMs) {
      await syncClock();
      const nowMs = await environment.currentTimeMs();
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
      await harness.close();
      await environment.teardown();
    },
  };
}

/** Server 1.32.0 keeps one lock on the time for a child workflow that outlives its parent. */
async function freeTime({ runs: [session] }: Histories, environment: TestWorkflowEnvironment): Promise<void> {
  const exchangeEnded = session?.some((event) => event.childWorkflowExecutionCompletedEventAttributes);
  if (!exchangeEnded) await environment.connection.testService!.unlockTimeSkipping({});
}
