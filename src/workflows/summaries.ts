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

/** How much of a result's id is shown; enough to tell the few of a session apart. */
const RESULT_ID_LENGTH = 8;

/**
 * A session in one line, as lists and headers show it. It is encrypted, so the caller's id of the person may stand in it.
 */
export function sessionSummary({
  key,
  userId,
  plaidFlow,
}: Pick<CheckedRequest, 'key' | 'userId' | 'plaidFlow'>): string {
  const whose = userId ? `for user ${markdownText(userId)}` : `session ${markdownText(key)}`;
  return `Hosted Link ${whose} via ${markdownText(plaidFlow)}`;
}

/** What each activity does, in one line. */
const SUMMARIES: { [Name in keyof Activities]: (...args: Parameters<Activities[Name]>) => string } = {
  checkRequest: () => 'Check the request',
  claimSession: () => "Make the session's row in the vault",
  claimAndCreate: () => "Make the session's row, and the hosted session",
  createLinkToken: (_request, update) =>
    update ? `Make a link token that mends item ${markdownText(update.itemId)}` : 'Make a link token',
  createSession: ({ delivery }) =>
    delivery
      ? `Make the hosted session, and let Plaid send it by ${markdownText(delivery.method)}`
      : 'Make the hosted session',
  watchSession: ({ known: { plaidStatus } }) => `Watch until something changes: ${statusText(plaidStatus)}`,
  getSession: ({ known: { plaidStatus } }) => `Get now, after a hint: ${statusText(plaidStatus)}`,
  listResults: () => 'Look at the results in the vault',
  exchangeResult: (resultId) => `Exchange result ${shortId(resultId)}`,
  removeResult: (resultId) => `Remove what came of result ${shortId(resultId)}`,
  failResult: (resultId, errorCode) =>
    `End result ${shortId(resultId)} as FAILED: ${markdownText(errorCode)}`,
  describeItem: (itemId) => `Learn the institution of item ${markdownText(itemId)}`,
  removeItem: (itemId) => `Remove item ${markdownText(itemId)}`,
  confirmItemHealthy: (itemId) => `See whether item ${markdownText(itemId)} is mended`,
  notifyWorkflow: (workflowId) => `Tell workflow ${markdownText(workflowId)}`,
  queueCallback: ({ state }) => `Queue a callback, if there is a receiver: ${markdownText(state)}`,
  nextCallback: () => 'Look for a callback in the vault',
  deliverCallback: (_key, sequence) => `Send callback ${sequence}`,
  giveUpCallback: (_key, sequence, answer) => `Give up callback ${sequence}: ${markdownText(answer)}`,
  writeTombstone: () => 'Leave the tombstone of a person',
  endSession: (_key, state) => `Record the end: ${state}`,
};

/** Gives each activity its summary, so that none can be without. Summaries are no part of what a replay compares. */
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
  return plaidStatus === undefined ? 'not asked yet' : `${markdownText(plaidStatus)} so far`;
}

function shortId(resultId: string): string {
  return resultId.slice(0, RESULT_ID_LENGTH);
}
