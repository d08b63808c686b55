import { ActivityCancellationType, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { Activities } from '../activities';
import { TASK_QUEUES } from '../domain/ids';

/** Retries without end, unless a proxy sets one: the database or Plaid may be down for hours, and nothing may be lost. */
const PATIENT = { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' } as const;

/** Short, idempotent calls to the vault: one marker event each. `queueCallback` also starts a workflow. */
export const vault = proxyLocalActivities<
  Pick<
    Activities,
    | 'claimSession'
    | 'endSession'
    | 'listResults'
    | 'writeTombstone'
    | 'queueCallback'
    | 'nextCallback'
    | 'giveUpCallback'
  >
>({
  startToCloseTimeout: '10s',
  retry: PATIENT,
});

/** The check of a request. It calls no other service. */
export const check = proxyLocalActivities<Pick<Activities, 'checkRequest'>>({
  startToCloseTimeout: '10s',
  retry: PATIENT,
});

/** Creates that send nothing. A caller waits for them, so retries end after ten minutes. */
export const create = proxyActivities<
  Pick<Activities, 'claimAndCreate' | 'createLinkToken' | 'createSession'>
>({
  taskQueue: TASK_QUEUES.plaidUrgent,
  startToCloseTimeout: '45s',
  scheduleToCloseTimeout: '10m',
  retry: PATIENT,
  cancellationType: ActivityCancellationType.TRY_CANCEL,
});

/** A create after which Plaid sends a message: one attempt only. */
export const createOnce = proxyActivities<Pick<Activities, 'createSession'>>({
  taskQueue: TASK_QUEUES.plaidUrgent,
  startToCloseTimeout: '45s',
  retry: { maximumAttempts: 1 },
});

/**
 * The watch. Each of its failures carries its own delay; the interval applies only when a worker died during an attempt.
 * Its coefficient is 1 because the attempts before were polls, not errors.
 */
export const watch = proxyActivities<Pick<Activities, 'watchSession'>>({
  taskQueue: TASK_QUEUES.plaid,
  startToCloseTimeout: '45s',
  retry: { initialInterval: '15s', backoffCoefficient: 1 },
  cancellationType: ActivityCancellationType.TRY_CANCEL,
});

/** An immediate poll after a hint. One attempt, because the watch goes on if it fails. */
export const urgent = proxyActivities<Pick<Activities, 'getSession'>>({
  taskQueue: TASK_QUEUES.plaidUrgent,
  startToCloseTimeout: '45s',
  scheduleToCloseTimeout: '1m',
  retry: { maximumAttempts: 1 },
});

/** Ends results. An attempt that holds a token may wait minutes for the database; a missing heartbeat reveals a dead worker. */
export const exchange = proxyActivities<Pick<Activities, 'exchangeResult' | 'removeResult' | 'failResult'>>({
  taskQueue: TASK_QUEUES.plaidUrgent,
  startToCloseTimeout: '10m',
  heartbeatTimeout: '20s',
  retry: PATIENT,
});

/** The removal of a stored item. */
export const removal = proxyActivities<Pick<Activities, 'removeItem'>>({
  taskQueue: TASK_QUEUES.plaidUrgent,
  startToCloseTimeout: '45s',
  retry: PATIENT,
});

/** Optional steps: they give up after five minutes, and nothing depends on them. */
export const describe = proxyActivities<Pick<Activities, 'describeItem' | 'confirmItemHealthy'>>({
  taskQueue: TASK_QUEUES.plaidUrgent,
  startToCloseTimeout: '45s',
  scheduleToCloseTimeout: '5m',
  retry: PATIENT,
});

/** Signals to the caller's workflows. */
export const notices = proxyActivities<Pick<Activities, 'notifyWorkflow'>>({
  startToCloseTimeout: '20s',
  scheduleToCloseTimeout: '1h',
  retry: PATIENT,
});

/**
 * The delivery of a callback, retried for three days (Standard Webhooks recommends days): at once, after 10 s, then doubling up to
 * every 2 h. The start-to-close timeout is longer than the sender's own limit of 15 s.
 */
export const callback = proxyActivities<Pick<Activities, 'deliverCallback'>>({
  startToCloseTimeout: '30s',
  scheduleToCloseTimeout: '3d',
  retry: { initialInterval: '10s', backoffCoefficient: 2, maximumInterval: '2h' },
  cancellationType: ActivityCancellationType.TRY_CANCEL,
});
