import type { Client } from '@temporalio/client';
import { HostedLinkError } from './client-error';
import { callbacksWorkflowId, TASK_QUEUES } from '../domain/ids';
import type { CallbackReader } from '../vault/stores/stores';
import type { callbackDelivery } from '../workflows';
import { retryCallbacksSignal } from '../workflows/messages';

/**
 * Sends all callbacks of a session again and returns their number. See `HostedLinkClient.replayCallbacks`.
 * @throws HostedLinkError CALLBACK_UNKNOWN
 */
export async function replayCallbacks(
  key: string,
  temporal: Client,
  callbacks: CallbackReader,
): Promise<number> {
  const count = await callbacks.requeue(key);
  if (count === 0)
    throw new HostedLinkError('CALLBACK_UNKNOWN', `no callback of session ${key} is known; check the key`);
  await temporal.workflow.signalWithStart<typeof callbackDelivery>('callbackDelivery', {
    workflowId: callbacksWorkflowId(key),
    taskQueue: TASK_QUEUES.main,
    args: [key],
    staticSummary: `Callbacks of session ${key}, again`,
    signal: retryCallbacksSignal,
    signalArgs: [],
  });
  return count;
}
