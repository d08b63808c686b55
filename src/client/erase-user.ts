import type { Client } from '@temporalio/client';
import { WorkflowIdConflictPolicy, WorkflowIdReusePolicy, WorkflowNotFoundError } from '@temporalio/client';
import { HostedLinkError } from './client-error';
import { userHash } from '../secrets/digest';
import {
  exchangeWorkflowId,
  erasureWorkflowId,
  removalWorkflowId,
  sessionWorkflowId,
  TASK_QUEUES,
} from '../domain/ids';
import type { PersonRows, RetentionStore } from '../vault';
import type { userErasure } from '../workflows';

/** A history in Temporal that holds data about the person, encrypted. */
export interface RetainedHistory {
  workflowId: string;
  /** ISO 8601: when Temporal deletes it by itself; undefined while its workflow runs. */
  deletedAt: string | undefined;
}

/** The outcome of erasing a user. */
export interface ErasureReport {
  /** Keys of sessions that were asked to be cancelled, and end when their link is dead. */
  cancelled: string[];
  /** Ids of items that were removed at Plaid and in the vault. */
  removed: string[];
  /** Items that could not be removed, and why. */
  failures: { itemId: string; error: HostedLinkError }[];
  /** What the vault still keeps. */
  left: PersonRows;
  /** What Temporal still keeps. */
  histories: RetainedHistory[];
}

/** The part of `HostedLinkClient` that an erasure uses. */
interface SessionsOfUser {
  cancel(key: string): Promise<void>;
  removeItem(itemId: string): Promise<void>;
}

/** Dependencies and settings of {@link eraseUser}. */
export interface ErasureOptions {
  client: SessionsOfUser;
  temporal: Client;
  retention: RetentionStore;
  /** Days after its end that the retention rule purges a session. */
  retentionDays: number;
}

/**
 * Erases a user by the user id that their sessions were started with: writes a tombstone, cancels their sessions, removes their
 * items at Plaid and in the vault, and purges sessions that have ended. A worker purges the others once they end. Safe to repeat.
 * Returns undefined when the vault holds nothing about the user. An item that cannot be removed is listed in `failures`.
 */
export async function eraseUser(
  userId: string,
  { client, temporal, retention, retentionDays }: ErasureOptions,
): Promise<ErasureReport | undefined> {
  const hash = userHash(userId);
  const kept = await retention.find(hash);
  const { runningSessions, endedSessions, liveItems } = kept;
  if (runningSessions.length + endedSessions.length + liveItems.length === 0) return undefined;
  await rememberAtTemporal(hash, temporal);
  await retention.writeTombstone(hash);
  const cancelled: string[] = [];
  for (const key of runningSessions) {
    if (await isCancelled(key, client)) cancelled.push(key);
    else await retention.endLost(key);
  }
  const removed: string[] = [];
  const failures: ErasureReport['failures'] = [];
  for (const itemId of liveItems) {
    try {
      await client.removeItem(itemId);
      removed.push(itemId);
    } catch (error) {
      if (!(error instanceof HostedLinkError)) throw error;
      failures.push({ itemId, error });
    }
  }
  await retention.purgeExpired(retentionDays);
  const workflowIds = [
    ...[...runningSessions, ...endedSessions].flatMap((key) => [
      sessionWorkflowId(key),
      exchangeWorkflowId(key),
    ]),
    ...liveItems.map(removalWorkflowId),
    erasureWorkflowId(hash),
  ];
  return {
    cancelled,
    removed,
    failures,
    left: await retention.find(hash),
    histories: await keptHistories(workflowIds, temporal),
  };
}

/** A vault that is restored to an earlier time loses the tombstone; `hosted-link reconcile` finds it again in the history. */
async function rememberAtTemporal(hash: string, temporal: Client): Promise<void> {
  await temporal.workflow.start<typeof userErasure>('userErasure', {
    workflowId: erasureWorkflowId(hash),
    taskQueue: TASK_QUEUES.main,
    args: [hash],
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
    staticSummary: 'Forgetting of a person',
  });
}

/** False when there is no running workflow to cancel. */
async function isCancelled(key: string, client: SessionsOfUser): Promise<boolean> {
  try {
    await client.cancel(key);
    return true;
  } catch (error) {
    if (error instanceof HostedLinkError && ['SESSION_ENDED', 'SESSION_UNKNOWN'].includes(error.code))
      return false;
    throw error;
  }
}

async function keptHistories(workflowIds: readonly string[], temporal: Client): Promise<RetainedHistory[]> {
  const { namespace } = temporal.options;
  const { config } = await temporal.workflowService.describeNamespace({ namespace });
  const retentionMs = Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) * 1_000;
  const histories: RetainedHistory[] = [];
  for (const workflowId of workflowIds) {
    try {
      const { closeTime } = await temporal.workflow.getHandle(workflowId).describe();
      const deletedAt = closeTime && new Date(closeTime.getTime() + retentionMs).toISOString();
      histories.push({ workflowId, deletedAt });
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  }
  return histories;
}
