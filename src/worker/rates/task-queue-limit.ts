import type { ConnectionLike } from '@temporalio/client';
import { temporal } from '@temporalio/proto';

const ACTIVITY = temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY;

/** Prefix of the reason of limits that hosted-link set; any other limit is an operator's. */
const OUR_REASON = 'hosted-link: ';

/** Timeout of a call to the server, in milliseconds. */
const ANSWER_MS = 10_000;

/** The limit in a task queue's configuration, as the Temporal server keeps it for all workers. */
export interface StoredLimit {
  /** Tasks a second, over all workers; undefined when the configuration has none, so that the workers' setting counts. */
  perSecond: number | undefined;
  /** Why, without the mark of ours; empty when it was never set. */
  reason: string;
  /** False when the limit was set by somebody else, such as an operator with `temporal task-queue config set`. */
  ours: boolean;
  /** When it was changed last, in milliseconds since the epoch by the server's clock, which never goes back; 0 for never. */
  changedAtMs: number;
}

/**
 * Reads the limit of an activity task queue. For a moment after a change the server may still return the previous limit.
 * @throws Error of the server's
 */
export async function readLimit(
  connection: ConnectionLike,
  namespace: string,
  taskQueue: string,
): Promise<StoredLimit> {
  const { config } = await connection.withDeadline(Date.now() + ANSWER_MS, () =>
    connection.workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name: taskQueue },
      taskQueueType: ACTIVITY,
      reportConfig: true,
    }),
  );
  return storedLimit(config?.queueRateLimit);
}

/**
 * Sets the limit of a queue of activities, at once and for all workers, over what they brought along themselves; undefined
 * takes it away. Needs the right to write in the namespace, as polling does.
 * @param reason for people who look at the queue's configuration
 * @throws Error of the server's: UNIMPLEMENTED before server 1.29
 */
export async function writeLimit(
  connection: ConnectionLike,
  { namespace, taskQueue, identity }: { namespace: string; taskQueue: string; identity: string },
  perSecond: number | undefined,
  reason: string,
): Promise<StoredLimit> {
  const rateLimit = perSecond === undefined ? undefined : { requestsPerSecond: perSecond };
  const { config } = await connection.withDeadline(Date.now() + ANSWER_MS, () =>
    connection.workflowService.updateTaskQueueConfig({
      namespace,
      identity,
      taskQueue,
      taskQueueType: ACTIVITY,
      updateQueueRateLimit: { rateLimit, reason: OUR_REASON + reason },
    }),
  );
  return storedLimit(config?.queueRateLimit);
}

function storedLimit(stored: temporal.api.taskqueue.v1.IRateLimitConfig | null | undefined): StoredLimit {
  const perSecond = stored?.rateLimit?.requestsPerSecond ?? undefined;
  const reason = stored?.metadata?.reason ?? '';
  const { seconds, nanos } = stored?.metadata?.updateTime ?? {};
  const ours = reason.startsWith(OUR_REASON);
  return {
    perSecond,
    reason: ours ? reason.slice(OUR_REASON.length) : reason,
    ours: ours || perSecond === undefined,
    changedAtMs: Number(seconds ?? 0) * 1_000 + (nanos ?? 0) / 1_000_000,
  };
}
