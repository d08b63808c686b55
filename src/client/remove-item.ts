import type { Client, WorkflowHandle } from '@temporalio/client';
import { WorkflowFailedError, WorkflowIdConflictPolicy, WorkflowIdReusePolicy } from '@temporalio/client';
import { ActivityFailure, ApplicationFailure } from '@temporalio/common';
import { HostedLinkError } from './client-error';
import { isTimeUp } from './deadline';
import { InputError } from '../domain/input-error';
import type { PlaidErrorView } from '../domain/views';
import { ITEM_ID_PATTERN, removalWorkflowId, TASK_QUEUES } from '../domain/ids';
import type { itemRemoval } from '../workflows';

/**
 * Has the worker remove an item, and waits up to `timeoutMs` for it. See `HostedLinkClient.removeItem`.
 * @throws InputError naming itemId
 * @throws HostedLinkError REMOVE_TIMEOUT, ITEM_UNKNOWN or REMOVE_FAILED
 */
export async function removeItem(itemId: string, temporal: Client, timeoutMs: number): Promise<void> {
  try {
    await temporal.withDeadline(Date.now() + timeoutMs, async () => {
      const removal = await startRemoval(itemId, temporal);
      await removal.result();
    });
  } catch (error) {
    if (error instanceof WorkflowFailedError) throw removeError(itemId, error.cause);
    if (isTimeUp(error)) {
      throw new HostedLinkError(
        'REMOVE_TIMEOUT',
        `item ${itemId} is not removed yet; the removal goes on by itself, and asking again is safe (is a worker running?)`,
      );
    }
    throw error;
  }
}

/**
 * Starts the removal of an item, or joins the one that is running.
 * @throws InputError naming itemId
 */
export async function startRemoval(
  itemId: string,
  temporal: Client,
): Promise<WorkflowHandle<typeof itemRemoval>> {
  // It becomes a workflow id, which all can read: nothing that looks like a token may.
  if (!ITEM_ID_PATTERN.test(itemId))
    throw new InputError('itemId', 'is not an item id', 'give one as `hosted-link items list` shows it');
  return await temporal.workflow.start<typeof itemRemoval>('itemRemoval', {
    workflowId: removalWorkflowId(itemId),
    taskQueue: TASK_QUEUES.main,
    args: [itemId],
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
    staticSummary: `Removal of item ${itemId}`,
  });
}

function removeError(itemId: string, cause: Error | undefined): HostedLinkError {
  const failure = cause instanceof ActivityFailure ? cause.cause : cause;
  if (!(failure instanceof ApplicationFailure))
    return new HostedLinkError(
      'REMOVE_FAILED',
      `item ${itemId} could not be removed: its removal was stopped`,
    );
  if (failure.type === 'VAULT/ITEM_UNKNOWN') return new HostedLinkError('ITEM_UNKNOWN', failure.message);
  const [plaidError] = (failure.details ?? []) as [PlaidErrorView | undefined];
  return new HostedLinkError(
    'REMOVE_FAILED',
    `item ${itemId} could not be removed: ${failure.message}`,
    plaidError,
  );
}
