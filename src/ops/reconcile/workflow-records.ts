import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import { CodecError } from '../../codec/payload-codec';
import { plaidSessionHash, userHash } from '../../secrets/digest';
import { sessionWorkflowId, TASK_QUEUES } from '../../domain/ids';
import { parseLinkToken } from '../../domain/link-token';
import { isEndState, type SessionState } from '../../domain/states';
import type { ResultView } from '../../domain/views';
import { sessionInput, type StartRules } from '../../requests/start-request';
import type { LostSession } from '../../vault';
import { decodeFirst, type HistoryEvent, historyOf } from '../../temporal/history';
import type { ExchangeView, SessionInput, UncheckedInput } from '../../workflows/messages';
import { STATE_ATTRIBUTE } from '../../workflows/search-attributes';
import type { Discrepancy } from './discrepancy';

/** A workflow as the server lists it. */
export type ListedWorkflow = Pick<
  WorkflowExecutionInfo,
  'workflowId' | 'runId' | 'status' | 'startTime' | 'closeTime' | 'typedSearchAttributes'
>;

/** A workflow as the server describes it. */
export interface RecordedState extends ListedWorkflow {
  /** What tells it from another workflow with the same id. */
  firstRunId: string;
}

/** The ids of our workflows. Whoever may start workflows can start others of the same types, which are not ours to judge. */
const WORKFLOW_IDS = {
  hostedLinkSession: /^hosted-link\/[A-Za-z0-9._:-]{1,128}$/,
  tokenExchange: /^token-exchange\/[A-Za-z0-9._:-]{1,128}$/,
  userErasure: /^erase-user\/[0-9a-f]{32}$/,
};

/** All workflows of a type that the server keeps, but for runs that another one continues. */
export async function* listWorkflows(
  temporal: Client,
  type: keyof typeof WORKFLOW_IDS,
): AsyncGenerator<ListedWorkflow> {
  const query = `WorkflowType = '${type}' AND ExecutionStatus != 'ContinuedAsNew'`;
  for await (const workflow of temporal.workflow.list({ query }))
    if (workflow.taskQueue === TASK_QUEUES.main && WORKFLOW_IDS[type].test(workflow.workflowId))
      yield workflow;
}

/** The newest workflow with an id; undefined when the server knows none. */
export async function recordedStateOf(
  workflowId: string,
  temporal: Client,
): Promise<RecordedState | undefined> {
  try {
    const description = await temporal.workflow.getHandle(workflowId).describe();
    const firstRunId = description.raw.workflowExecutionInfo?.firstRunId ?? description.runId;
    return { ...description, firstRunId };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** How a session's workflow has ended; undefined while it runs. One that was ended from outside has FAILED. */
export function endOf({
  closeTime,
  typedSearchAttributes,
}: ListedWorkflow): { state: SessionState; at: Date } | undefined {
  if (closeTime === undefined) return undefined;
  const state = typedSearchAttributes.get(STATE_ATTRIBUTE) as SessionState | undefined;
  return { state: state !== undefined && isEndState(state) ? state : 'FAILED', at: closeTime };
}

/** A session as its workflow's history tells of it. */
export interface RecordedSession extends LostSession {
  /** Plaid's session id, as far as it got; opens the hosted page. */
  plaidSessionId: string | undefined;
}

/**
 * Reads the row of a session, and Plaid's session id, from the history of its workflow. Undefined when it has not made its row
 * (yet), or has found that of an earlier session.
 * @throws CodecError when the codec's ring lacks a key
 */
export async function recordedSession(
  workflow: ListedWorkflow,
  temporal: Client,
  rules: StartRules,
): Promise<RecordedSession | undefined> {
  const events = await historyOf(temporal.workflow.getHandle(workflow.workflowId, workflow.runId));
  const started = events[0]?.workflowExecutionStartedEventAttributes;
  if (!started) return undefined;
  const isContinued = started.firstExecutionRunId !== workflow.runId;
  // Only with a row the input has been checked.
  if (!isContinued && !(await hasMadeRow(events, temporal))) return undefined;
  const given = (await decodeFirst<SessionInput | UncheckedInput>(started.input?.payloads, temporal))!;
  const resumed = 'request' in given ? undefined : given.resumed;
  const input = 'request' in given ? sessionInput(given.request, rules) : given;
  if (sessionWorkflowId(input.key) !== workflow.workflowId) return undefined;
  const plaidSessionId =
    resumed?.created.plaidSessionId ?? (await createdSessionId(events, temporal)) ?? idIn(input.linkToken);
  return {
    key: input.key,
    plaidFlow: input.plaidFlow,
    firstRunId: started.firstExecutionRunId!,
    requestDigest: input.requestDigest,
    plaidSessionId,
    plaidSessionHash: plaidSessionId === undefined ? undefined : plaidSessionHash(plaidSessionId),
    userHash: input.userId === undefined ? undefined : userHash(input.userId),
    createdAt: resumed ? new Date(resumed.view.createdAt) : workflow.startTime,
    end: endOf(workflow),
  };
}

function idIn(linkToken: string | undefined): string | undefined {
  return linkToken === undefined ? undefined : parseLinkToken(linkToken)?.id;
}

/**
 * What a token exchange knows of its session's results: what it ended with, or else the last that its history tells of each.
 * @throws CodecError when the codec's ring lacks a key
 */
export async function recordedResults(workflow: ListedWorkflow, temporal: Client): Promise<ResultView[]> {
  const { workflowId, runId, status } = workflow;
  const handle = temporal.workflow.getHandle(workflowId, runId, { followRuns: false });
  if (status.name === 'COMPLETED') return ((await handle.result()) as ExchangeView).results;
  const events = await historyOf(handle);
  const known = new Map<string, ResultView>();
  for (const event of events) {
    const listed = await markedResult<ResultView[]>(event, 'listResults', temporal);
    const ended = await activityResult<ResultView>(event, events, EXCHANGE_ACTIVITIES, temporal);
    for (const result of [...(listed ?? []), ...(ended ? [ended] : [])]) known.set(result.resultId, result);
  }
  return [...known.values()];
}

const EXCHANGE_ACTIVITIES = ['exchangeResult', 'removeResult', 'failResult'];

/** Runs a check of one workflow; a history that cannot be decoded is a finding of its own. */
export async function* unlessUnreadable(
  { workflowId }: ListedWorkflow,
  check: () => AsyncGenerator<Discrepancy>,
): AsyncGenerator<Discrepancy> {
  try {
    yield* check();
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    yield {
      kind: 'WORKFLOW_UNREADABLE',
      workflowId,
      message: `the history of ${workflowId} cannot be read: ${error.message}`,
      remedy: 'add the key to HOSTED_LINK_CODEC_KEYS, and run this again',
      repaired: false,
    };
  }
}

async function hasMadeRow(events: readonly HistoryEvent[], temporal: Client): Promise<boolean> {
  for (const event of events) {
    const claimed =
      (await markedResult<RecordedCreate['claimed']>(event, 'claimSession', temporal)) ??
      (await activityResult<RecordedCreate>(event, events, CLAIM_AND_CREATE, temporal))?.claimed;
    if (claimed) return claimed.endedBefore === undefined;
    const failed = event.activityTaskFailedEventAttributes;
    const errorType = failed?.failure?.applicationFailureInfo?.type ?? '';
    // The row comes first: an error of Plaid's, or of the item to be repaired, tells of one.
    if (failed && isOf(failed, events, CLAIM_AND_CREATE))
      return /^(?!VAULT\/)\w+\/|^VAULT\/ITEM_/.test(errorType);
  }
  return false;
}

const CLAIM_AND_CREATE = ['claimAndCreate'];

/** What is read of the result of `claimAndCreate`. */
interface RecordedCreate {
  claimed: { endedBefore?: SessionState };
  created?: { plaidSessionId: string };
}

async function createdSessionId(
  events: readonly HistoryEvent[],
  temporal: Client,
): Promise<string | undefined> {
  for (const event of events) {
    const made =
      (await activityResult<RecordedCreate>(event, events, CLAIM_AND_CREATE, temporal))?.created ??
      (await activityResult<RecordedCreate['created']>(event, events, ['createSession'], temporal));
    if (made) return made.plaidSessionId;
  }
  for (const event of events) {
    const made = await activityResult<{ linkToken: string }>(event, events, ['createLinkToken'], temporal);
    if (made) return parseLinkToken(made.linkToken)?.id;
  }
  return undefined;
}

/** The result of a local activity, which stands in a marker beside its name; undefined for other events, and for a failure. */
async function markedResult<T>(
  { markerRecordedEventAttributes: marker }: HistoryEvent,
  activity: string,
  temporal: Client,
): Promise<T | undefined> {
  if (marker?.markerName !== 'core_local_activity' || marker.failure) return undefined;
  const { data, result } = marker.details ?? {};
  const [payload] = data?.payloads ?? [];
  const { activity_type: type } = JSON.parse(Buffer.from(payload?.data ?? '{}').toString()) as {
    activity_type?: string;
  };
  return type === activity ? await decodeFirst<T>(result?.payloads, temporal) : undefined;
}

/** The result of an activity with one of these names; undefined for other events. */
async function activityResult<T>(
  { activityTaskCompletedEventAttributes: completed }: HistoryEvent,
  events: readonly HistoryEvent[],
  activities: readonly string[],
  temporal: Client,
): Promise<T | undefined> {
  if (!completed || !isOf(completed, events, activities)) return undefined;
  return await decodeFirst<T>(completed.result?.payloads, temporal);
}

/** True for the end of an activity with one of these names. */
function isOf(
  {
    scheduledEventId,
  }: Pick<NonNullable<HistoryEvent['activityTaskCompletedEventAttributes']>, 'scheduledEventId'>,
  events: readonly HistoryEvent[],
  activities: readonly string[],
): boolean {
  const scheduled = events[Number(scheduledEventId) - 1]?.activityTaskScheduledEventAttributes;
  return activities.includes(scheduled?.activityType?.name ?? '');
}
