import type {
  ActivityInput,
  LocalActivityInput,
  Next,
  WorkflowInterceptors,
  WorkflowOutboundCallsInterceptor,
} from '@temporalio/workflow';
import type { Activities } from '../activities';
import type { CheckedRequest } from '../domain/start-request';
import { markdownText } from './markdown';

/** How many characters of a result's id are shown: enough to distinguish the few results of a session. */
const RESULT_ID_LENGTH = 8;

/**
 * Returns a session in one line, for lists and headers. Temporal stores it encrypted, so it may contain the caller's user ID.
 */
export function sessionSummary({
  key,
  userId,
  plaidFlow,
}: Pick<CheckedRequest, 'key' | 'userId' | 'plaidFlow'>): string {
  const whose = userId ? `for user ${markdownText(userId)}` : `session ${markdownText(key)}`;
  return `Hosted Link ${whose} via ${markdownText(plaidFlow)}`;
}

/** Describes each activity in one line. */
const SUMMARIES: { [Name in keyof Activities]: (...args: Parameters<Activities[Name]>) => string } = {
  checkRequest: () => 'Check the request',
  claimSession: () => "Create the session's row in the vault",
  claimAndCreate: () => "Create the session's row and the hosted session",
  createLinkToken: (_request, update) =>
    update ? `Create a link token to update item ${markdownText(update.itemId)}` : 'Create a link token',
  createSession: ({ delivery }) =>
    delivery
      ? `Create the hosted session and let Plaid send it by ${markdownText(delivery.method)}`
      : 'Create the hosted session',
  watchSession: ({ known: { plaidStatus } }) => `Watch until something changes: ${statusText(plaidStatus)}`,
  getSession: ({ known: { plaidStatus } }) => `Poll now, after a hint: ${statusText(plaidStatus)}`,
  listResults: () => 'List the results in the vault',
  exchangeResult: (resultId) => `Exchange result ${shortId(resultId)}`,
  removeResult: (resultId) => `Remove the item of result ${shortId(resultId)}`,
  failResult: (resultId, errorCode) =>
    `End result ${shortId(resultId)} as FAILED: ${markdownText(errorCode)}`,
  describeItem: (itemId) => `Fetch the institution of item ${markdownText(itemId)}`,
  removeItem: (itemId) => `Remove item ${markdownText(itemId)}`,
  confirmItemHealthy: (itemId) => `Check whether item ${markdownText(itemId)} is healthy`,
  notifyWorkflow: (workflowId) => `Notify workflow ${markdownText(workflowId)}`,
  queueCallback: ({ state }) => `Queue a callback, if there is a receiver: ${markdownText(state)}`,
  nextCallback: () => 'Find the next callback in the vault',
  deliverCallback: (_key, sequence) => `Send callback ${sequence}`,
  giveUpCallback: (_key, sequence, answer) => `Give up callback ${sequence}: ${markdownText(answer)}`,
  writeTombstone: () => 'Write the tombstone of a user',
  endSession: (_key, state) => `Record the end: ${state}`,
};

/** Gives every activity its summary. A replay does not compare summaries. */
const summarize: WorkflowOutboundCallsInterceptor = {
  scheduleActivity: (
    input: ActivityInput,
    next: Next<WorkflowOutboundCallsInterceptor, 'scheduleActivity'>,
  ) => next(withSummary(input)),
  scheduleLocalActivity: (
    input: LocalActivityInput,
    next: Next<WorkflowOutboundCallsInterceptor, 'scheduleLocalActivity'>,
  ) => next(withSummary(input)),
};

/** Makes the interceptors of each workflow; the SDK looks for this name. */
export const interceptors = (): WorkflowInterceptors => ({ outbound: [summarize] });

function withSummary<Input extends ActivityInput | LocalActivityInput>(input: Input): Input {
  const summaryOf = SUMMARIES[input.activityType as keyof Activities] as (...args: unknown[]) => string;
  return { ...input, options: { ...input.options, summary: summaryOf(...input.args) } };
}

function statusText(plaidStatus: string | undefined): string {
  return plaidStatus === undefined ? 'not polled yet' : `${markdownText(plaidStatus)} so far`;
}

function shortId(resultId: string): string {
  return resultId.slice(0, RESULT_ID_LENGTH);
}
