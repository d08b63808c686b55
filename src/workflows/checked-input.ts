import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { sessionKeyOf, sessionWorkflowId } from '../domain/ids';
import { check } from './activity-proxies';
import type { LinkAnswer } from './link-answer';
import type { SessionInput, UncheckedInput } from './messages';
import { isSessionInput } from './messages';
import { notifyAll } from './notices';
import { applicationFailureOf } from './plaid-error';
import { STATE_ATTRIBUTE } from './search-attributes';

/** True for the input of who cannot check a request. */
export function isUnchecked(given: unknown): given is UncheckedInput {
  return typeof given === 'object' && given !== null && 'request' in given;
}

/**
 * The input of a session whose request its starter has checked.
 *
 * @throws ApplicationFailure INVALID_INPUT when it is none
 */
export function inputOf(given: unknown): SessionInput {
  // A later run's own state comes from the run before, and from nobody else.
  const isLaterRun = workflowInfo().continuedFromExecutionRunId !== undefined;
  if (isSessionInput(given) && (given.resumed === undefined || isLaterRun)) return given;
  upsertSearchAttributes([{ key: STATE_ATTRIBUTE, value: 'FAILED' }]);
  throw ApplicationFailure.nonRetryable(
    'input: not that of a session; start it by HostedLinkClient, or with { request }',
    'INVALID_INPUT',
  );
}

/**
 * The input of a session that was started with an unchecked request. A parent is to be told of the link and of the end, and
 * of a request that was refused; who waits for the link is told of that too.
 *
 * @throws ApplicationFailure INVALID_INPUT naming the field
 */
export async function checkedInput({ request }: UncheckedInput, answer: LinkAnswer): Promise<SessionInput> {
  const { workflowId, parent } = workflowInfo();
  return await CancellationScope.nonCancellable(async () => {
    try {
      const checked = await check.checkRequest(request);
      if (workflowId !== sessionWorkflowId(checked.key)) {
        throw ApplicationFailure.nonRetryable(
          `key: belongs to the workflow id ${sessionWorkflowId(checked.key)}; start the session under that`,
          'INVALID_INPUT',
        );
      }
      if (!parent) return checked;
      const notify = [...new Set([...checked.notify, parent.workflowId])];
      return { ...checked, notify, parentId: parent.workflowId };
    } catch (error) {
      const failure = applicationFailureOf(error);
      if (!failure) throw error;
      upsertSearchAttributes([{ key: STATE_ATTRIBUTE, value: 'FAILED' }]);
      const key = sessionKeyOf(workflowId);
      if (parent) await notifyAll([parent.workflowId], { key, state: 'FAILED', itemIds: [] });
      const refusal = ApplicationFailure.nonRetryable(failure.message, failure.type);
      answer.refuse(refusal);
      await condition(allHandlersFinished);
      throw refusal;
    }
  });
}
