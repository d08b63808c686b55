import {
  ChildWorkflowCancellationType,
  getExternalWorkflowHandle,
  isCancellation,
  ParentClosePolicy,
  startChild,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { exchangeWorkflowId } from '../../domain/ids';
import type { ExchangeInput, LinkCompleted } from '../messages';
import { completionSignal } from '../messages';
import { searchAttributes, type SessionAttributes } from '../search-attributes';
import { tokenExchange } from '../token-exchange';

/** How an exchange is started. */
interface ExchangeStart {
  /** True when it was started before: then it is started again only if it has ended. */
  isStarted: boolean;
  /** What it can be found by. */
  attributes: SessionAttributes;
}

/**
 * Signals a completion to the session's token exchange, which is started on first use, and again if it has ended.
 * The exchange outlives the session, and a cancel of the session does not reach it.
 */
export async function handOver(
  { key, notify, plaidFlow, allowDuplicates }: ExchangeInput,
  completion: LinkCompleted,
  { isStarted, attributes }: ExchangeStart,
): Promise<void> {
  // An exchange of a cancelled session must exchange nothing before it knows of the cancel.
  const startImmediately = completion.state !== 'CANCELLED';
  const input = { key, notify, plaidFlow, allowDuplicates, startImmediately };
  if (!isStarted) await startExchange(input, attributes);
  try {
    await signal(key, completion);
  } catch (error) {
    if (isCancellation(error)) throw error;
    await startExchange(input, attributes);
    await signal(key, completion);
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
