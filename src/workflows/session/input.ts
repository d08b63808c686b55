import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { sessionKeyOf, sessionWorkflowId } from '../../domain/ids';
import { check } from '../activity-proxies';
import type { LinkAnswer } from './link-answer';
import type { SessionInput, UncheckedInput } from '../messages';
import { isSessionInput } from '../messages';
import { notifyAll } from '../notices';
import { applicationFailureOf } from '../plaid-error';
import { STATE_ATTRIBUTE } from '../search-attributes';

/**
 * Returns the input of a session: as given by a client, which has checked the request, or after the session has checked it.
 *
 * @throws ApplicationFailure INVALID_INPUT when it is not the input of a session, or names the field that is wrong in a request
 */
export async function readInput(
  given: SessionInput | UncheckedInput,
  answer: LinkAnswer,
): Promise<SessionInput> {
  return isUnchecked(given) ? await checkedInput(given, answer) : inputOf(given);
}

function isUnchecked(given: unknown): given is UncheckedInput {
  return typeof given === 'object' && given !== null && 'request' in given;
}

function inputOf(given: unknown): SessionInput {
  // A later run's own state comes from the run before, and from nobody else.
  const isLaterRun = workflowInfo().continuedFromExecutionRunId !== undefined;
  if (isSessionInput(given) && (given.resumed === undefined || isLaterRun)) return given;
  upsertSearchAttributes([{ key: STATE_ATTRIBUTE, value: 'FAILED' }]);
  throw ApplicationFailure.nonRetryable(
    'input: not that of a session; start it by HostedLinkClient, or with { request }',
    'INVALID_INPUT',
  );
}

/** Checks the request. A refusal reaches the parent, if there is one, and whoever waits for the link. */
async function checkedInput({ request }: UncheckedInput, answer: LinkAnswer): Promise<SessionInput> {
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
