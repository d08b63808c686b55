import { setTimeout as delay } from 'node:timers/promises';
import { Client } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { PLAID_FLOW_RULES } from '../../../src/domain/plaid-flow';
import { readHistories, type Histories } from '../../temporal/history';
import type { VirtualTime } from '../../temporal/virtual-time';
import { bareUndici } from '../bare-undici';
import { pollingActivities } from './activities';
import type { infrequentPolling, periodicPolling } from './workflows';

const TASK_QUEUE = 'polling';
const INTERVAL_MS = 60_000;

/** The histories of each way to poll, of a session that the person finishes after `waitMs` of virtual time. */
export async function runPolling(virtual: VirtualTime, waitMs: number) {
  const { environment, account, sandbox } = virtual;
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    taskQueue: TASK_QUEUE,
    workflowsPath: require.resolve('./workflows'),
    activities: pollingActivities(bareUndici(account.url, account.clientId, account.secret)),
  });
  const client = new Client({ connection: environment.connection });
  const { maxPollDelayMs } = PLAID_FLOW_RULES.link_delivery;
  let started = 0;

  /** One after the other: time is the server's. */
  async function run<T extends typeof periodicPolling | typeof infrequentPolling>(
    workflow: string,
    schedule: Parameters<T>[1],
  ): Promise<Histories> {
    await virtual.syncClock();
    const linkToken = sandbox.issueLinkToken({ lifetimeMs: 2 * waitMs });
    const workflowId = `polling/${(started += 1)}`;
    const handle = await client.workflow.start(workflow, {
      workflowId,
      taskQueue: TASK_QUEUE,
      args: [linkToken, schedule],
    });
    while (!isCreated(linkToken)) await delay(20);
    await virtual.pass(waitMs);
    await virtual.syncClock();
    sandbox.session(linkToken).complete();
    await virtual.pass(2 * maxPollDelayMs);
    return await readHistories(client, [{ workflowId, firstRunId: handle.firstExecutionRunId }]);
  }

  const isCreated = (linkToken: string) => {
    try {
      return sandbox.session(linkToken).status === 'CREATED';
    } catch {
      return false;
    }
  };

  return await worker.runUntil(async () => ({
    periodic: await run<typeof periodicPolling>('periodicPolling', { intervalMs: INTERVAL_MS }),
    periodicBySchedule: await run<typeof periodicPolling>('periodicPolling', { maxDelayMs: maxPollDelayMs }),
    infrequent: await run<typeof infrequentPolling>('infrequentPolling', INTERVAL_MS),
  }));
}
