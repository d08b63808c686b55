import {
  ChildWorkflowCancellationType,
  getExternalWorkflowHandle,
  isCancellation,
  ParentClosePolicy,
  startChild,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { exchangeWorkflowId } from '../domain/ids';
import type { ExchangeInput, LinkCompleted } from './messages';
import { completionSignal } from './messages';
import { searchAttributes, type SessionAttributes } from './search-attributes';
import { tokenExchange } from './token-exchange';

/** How an exchange is started. */
interface ExchangeStart {
  /** True: it has been, and is only started again should it have ended. */
  isStarted: boolean;
  /** What it can be found by. */
  attributes: SessionAttributes;
}

/**
 * Signals a completion to the session's token exchange, which is started on first use, and again should it have ended.
 * It outlives the session, and a cancel of the session does not reach it.
 */
export async function signalCompletion(
  input: ExchangeInput,
  completion: LinkCompleted,
  { isStarted, attributes }: ExchangeStart,
): Promise<void> {
  // Of a cancelled session nothing may be exchanged before that is known.
  const start = { ...input, startImmediately: completion.state !== 'CANCELLED' };
  if (!isStarted) await startExchange(start, attributes);
  try {
    await signal(input.key, completion);
  } catch (error) {
    if (isCancellation(error)) throw error;
    await startExchange(start, attributes);
    await signal(input.key, completion);
  }
}

async function startExchange(input: ExchangeInput, attributes: SessionAttributes): Promise<void> {
  try {
    await startChild(tokenExchange, {
      workflowId: exchangeWorkflowId(input.key),
      args: [input],
      typedSearchAttributes: searchAttributes(attributes),
      staticSummary: `Token exchange of session ${input.key}`,
      parentClosePolicy: ParentClosePolicy.ABANDON,
      cancellationType: ChildWorkflowCancellationType.ABANDON,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

async function signal(key: string, completion: LinkCompleted): Promise<void> {
  await getExternalWorkflowHandle(exchangeWorkflowId(key)).signal(completionSignal, completion);
}
