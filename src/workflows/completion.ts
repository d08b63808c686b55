import {
  ChildWorkflowCancellationType,
  getExternalWorkflowHandle,
  isCancellation,
  ParentClosePolicy,
  startChild,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { exchangeWorkflowId } from '../session';
import type { ExchangeInput, LinkCompleted } from './messages';
import { linkCompletedSignal } from './messages';
import { tokenExchange } from './token-exchange';

/**
 * Signals a completion to the session's token exchange, which is started on first use, and again should it have ended.
 * It outlives the session, and a cancel of the session does not reach it.
 */
export async function signalCompletion(
  input: ExchangeInput,
  completion: LinkCompleted,
  started: boolean,
): Promise<void> {
  if (!started) await startExchange(input);
  try {
    await signal(input.key, completion);
  } catch (error) {
    if (isCancellation(error)) throw error;
    await startExchange(input);
    await signal(input.key, completion);
  }
}

async function startExchange(input: ExchangeInput): Promise<void> {
  try {
    await startChild(tokenExchange, {
      workflowId: exchangeWorkflowId(input.key),
      args: [input],
      staticSummary: `Token exchange of session ${input.key}`,
      parentClosePolicy: ParentClosePolicy.ABANDON,
      cancellationType: ChildWorkflowCancellationType.ABANDON,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

async function signal(key: string, completion: LinkCompleted): Promise<void> {
  await getExternalWorkflowHandle(exchangeWorkflowId(key)).signal(linkCompletedSignal, completion);
}
