import type { ChildWorkflowHandle } from '@temporalio/workflow';
import {
  ApplicationFailure,
  ChildWorkflowCancellationType,
  defineSignal,
  ParentClosePolicy,
  startChild,
  WorkflowIdReusePolicy,
} from '@temporalio/workflow';
import type { StartRequest } from '../activities/check-request';
import type { CompletionNotice } from '../domain/views';
import { SESSION_KEY_PATTERN, sessionWorkflowId, TASK_QUEUES } from '../domain/ids';
import type { hostedLinkSession } from './hosted-link-session';
import type { SessionView } from './messages';

export { linkReadySignal } from './messages';
export type { LinkReady } from './messages';
import { searchAttributes } from './search-attributes';
import { sessionSummary } from './summaries';

/** A request as that of a service (`HostedLinkClient.start`), but with a key, since a workflow may not make one up. */
export type ChildRequest = StartRequest & { key: string };

/** How a session depends on its parent. */
export interface ChildSessionOptions {
  /**
   * What becomes of the session when its parent ends first, also by continuing as new. Default `REQUEST_CANCEL`: it is
   * cancelled, and what still comes of its link is removed. `ABANDON`: it goes on.
   */
  parentClosePolicy?: 'REQUEST_CANCEL' | 'ABANDON' | undefined;
}

/** A session that was started as a child. Its result is the session's last view. */
export type ChildSession = ChildWorkflowHandle<() => Promise<SessionView>>;

/**
 * What a session tells its parent, and the workflows named in `notify`, when it and its token exchange have ended, however they
 * end: also when the request was refused, or the session could not be made.
 */
export const linkCompletedSignal = defineSignal<[CompletionNotice]>('linkCompleted');

/**
 * Starts a session as a child of this workflow, which it tells of the link by {@link linkReadySignal} and of the end by
 * {@link linkCompletedSignal}: set their handlers first. The request is checked by the session. The handle's `result` rejects
 * when the session fails, with INVALID_INPUT when the request was refused.
 *
 * @throws ApplicationFailure INVALID_INPUT when the key is none
 * @throws WorkflowExecutionAlreadyStartedError when there is, or was, a session with this key
 */
export async function startHostedLinkSession(
  request: ChildRequest,
  { parentClosePolicy = ParentClosePolicy.REQUEST_CANCEL }: ChildSessionOptions = {},
): Promise<ChildSession> {
  const { key, plaidFlow = 'link_delivery', userId, fairnessKey } = request;
  if (!SESSION_KEY_PATTERN.test(key)) {
    throw ApplicationFailure.nonRetryable(
      'key: not a session key; use 1 to 128 letters, digits, dots, underscores, colons and hyphens',
      'INVALID_INPUT',
    );
  }
  return await startChild<typeof hostedLinkSession>('hostedLinkSession', {
    workflowId: sessionWorkflowId(key),
    taskQueue: TASK_QUEUES.main,
    args: [{ request }],
    workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
    parentClosePolicy,
    // A cancelled session is watched until its link is dead, and nobody is to wait for that.
    cancellationType: ChildWorkflowCancellationType.TRY_CANCEL,
    typedSearchAttributes: searchAttributes({ state: 'CREATING', plaidFlow }),
    staticSummary: sessionSummary({ key, userId, plaidFlow }),
    ...(fairnessKey !== undefined && { priority: { fairnessKey } }),
  });
}
