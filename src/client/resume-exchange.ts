import type { Client, WorkflowHandle } from '@temporalio/client';
import { WorkflowIdReusePolicy, WorkflowNotFoundError } from '@temporalio/client';
import type { PlaidFlow } from '../domain/plaid-flow';
import type { SessionState } from '../domain/states';
import { callbacksWorkflowId, exchangeWorkflowId, TASK_QUEUES } from '../domain/ids';
import { isEndState } from '../domain/states';
import { decodeFirst, historyOf } from '../temporal/history';
import type { tokenExchange } from '../workflows';
import type { ExchangeInput, LinkCompleted } from '../workflows/messages';
import { completionSignal } from '../workflows/messages';

/**
 * Has a session's token exchange read the vault again. Returns the ids of the workflows that it will notify. See
 * `HostedLinkClient.resumeExchange`.
 */
export async function resumeExchange(
  key: string,
  { state, hasCallbacks }: { state: SessionState; hasCallbacks: boolean },
  temporal: Client,
): Promise<string[]> {
  const handle = temporal.workflow.getHandle(exchangeWorkflowId(key));
  const input = await inputOf(handle, temporal);
  if (!input) return [];
  const notified = hasCallbacks ? [...input.notify, callbacksWorkflowId(key)] : input.notify;
  try {
    await handle.signal(completionSignal, { last: false });
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    if (notified.length === 0 || !isEndState(state)) return [];
    await exchangeAgain(input, state, temporal);
  }
  return notified;
}

/**
 * Restarts the token exchange of an ended session, for its PENDING results. Returns the ids of the workflows that it will notify:
 * those that the caller named, or none when Temporal no longer has the exchange.
 */
export async function exchangePending(
  { key, plaidFlow, state }: { key: string; plaidFlow: PlaidFlow; state: SessionState },
  temporal: Client,
): Promise<string[]> {
  const known = await inputOf(temporal.workflow.getHandle(exchangeWorkflowId(key)), temporal);
  const input = known ?? { key, plaidFlow, notify: [] };
  await exchangeAgain(input, state, temporal);
  return input.notify;
}

async function exchangeAgain(input: ExchangeInput, state: SessionState, temporal: Client): Promise<void> {
  const { key } = input;
  await temporal.workflow.signalWithStart<typeof tokenExchange, [LinkCompleted]>('tokenExchange', {
    workflowId: exchangeWorkflowId(key),
    taskQueue: TASK_QUEUES.main,
    args: [input],
    workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
    staticSummary: `Token exchange of session ${key}, again`,
    signal: completionSignal,
    signalArgs: [{ last: true, state }],
  });
}

/** Reads the input of an exchange; undefined when Temporal does not have it, or no longer. */
async function inputOf(handle: WorkflowHandle, temporal: Client): Promise<ExchangeInput | undefined> {
  const [started] = await historyOf(handle);
  const { input } = started?.workflowExecutionStartedEventAttributes ?? {};
  return await decodeFirst<ExchangeInput>(input?.payloads, temporal);
}
