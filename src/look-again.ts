import type { Client, WorkflowHandle } from '@temporalio/client';
import { WorkflowIdReusePolicy, WorkflowNotFoundError } from '@temporalio/client';
import type { SessionState } from './session';
import { callbacksWorkflowId, exchangeWorkflowId, isEndState, TASK_QUEUES } from './session';
import type { tokenExchange } from './workflows';
import type { ExchangeInput, LinkCompleted } from './workflows/messages';
import { linkCompletedSignal } from './workflows/messages';

/** Lets a session's token exchange look at the vault again. See `HostedLinkClient.lookAgain`. */
export async function lookAgain(
  key: string,
  { state, hasCallbacks }: { state: SessionState; hasCallbacks: boolean },
  temporal: Client,
): Promise<string[]> {
  const handle = temporal.workflow.getHandle(exchangeWorkflowId(key));
  const input = await inputOf(handle, temporal);
  if (!input) return [];
  const told = hasCallbacks ? [...input.notify, callbacksWorkflowId(key)] : input.notify;
  try {
    await handle.signal(linkCompletedSignal, { last: false });
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    if (told.length === 0 || !isEndState(state)) return [];
    await temporal.workflow.signalWithStart<typeof tokenExchange, [LinkCompleted]>('tokenExchange', {
      workflowId: handle.workflowId,
      taskQueue: TASK_QUEUES.main,
      args: [input],
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      staticSummary: `Token exchange of session ${key}, again`,
      signal: linkCompletedSignal,
      signalArgs: [{ last: true, state }],
    });
  }
  return told;
}

/** What an exchange was started with; undefined when Temporal does not know it, or no longer. */
async function inputOf(handle: WorkflowHandle, temporal: Client): Promise<ExchangeInput | undefined> {
  try {
    const { events } = await handle.fetchHistory();
    const payloads = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
    const { payloadConverter, payloadCodecs } = temporal.options.loadedDataConverter;
    let decoded = payloads;
    for (const codec of [...payloadCodecs].reverse()) decoded = await codec.decode(decoded);
    return decoded[0] && payloadConverter.fromPayload<ExchangeInput>(decoded[0]);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
