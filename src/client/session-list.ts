import type { Client } from '@temporalio/client';
import { InputError } from '../domain/input-error';
import type { PlaidFlow } from '../domain/plaid-flow';
import type { SessionState } from '../domain/states';
import { sessionKeyOf } from '../domain/ids';
import { PLAID_FLOWS } from '../domain/plaid-flow';
import { isEndState, SESSION_STATES } from '../domain/states';
import { userAttributeOf, type StartRules } from '../requests/start-request';
import {
  PLAID_FLOW_ATTRIBUTE,
  PLAID_SESSION_ATTRIBUTE,
  STATE_ATTRIBUTE,
  USER_ATTRIBUTE,
} from '../workflows/search-attributes';

/** Which sessions to list; what is left out does not count. */
export interface SessionFilter {
  state?: SessionState | undefined;
  plaidFlow?: PlaidFlow | undefined;
  /** The user id that the sessions were started with. */
  userId?: string | undefined;
  /** Only those that were started at least so long ago, in milliseconds. */
  minAgeMs?: number | undefined;
  /** The most to give. Default 100. */
  limit?: number | undefined;
}

/** A session as Temporal's visibility knows it, without a question to a worker. */
export interface SessionSummary {
  key: string;
  state: SessionState | undefined;
  plaidFlow: PlaidFlow | undefined;
  /** The hash of the user's id, or the id itself: what `HOSTED_LINK_USER_ATTRIBUTE` says. */
  user: string | undefined;
  plaidSessionHash: string | undefined;
  /** ISO 8601. */
  startedAt: string;
  /** ISO 8601; undefined while it is open. */
  endedAt: string | undefined;
}

const DEFAULT_LIMIT = 100;

/**
 * Lists sessions, the latest first, as far as Temporal retains them. What has just changed may be missing for a moment.
 *
 * @throws InputError naming the field
 */
export async function listSessions(
  { workflow }: Client,
  filter: SessionFilter,
  rules: Pick<StartRules, 'userAttribute'>,
): Promise<SessionSummary[]> {
  const limit = filter.limit ?? DEFAULT_LIMIT;
  const summaries: SessionSummary[] = [];
  if (limit < 1) return summaries;
  for await (const execution of workflow.list({ query: queryOf(filter, rules), pageSize: limit })) {
    const { workflowId, startTime, closeTime, typedSearchAttributes: attributes } = execution;
    summaries.push({
      key: sessionKeyOf(workflowId),
      state: attributes.get(STATE_ATTRIBUTE) as SessionState | undefined,
      plaidFlow: attributes.get(PLAID_FLOW_ATTRIBUTE) as PlaidFlow | undefined,
      user: attributes.get(USER_ATTRIBUTE),
      plaidSessionHash: attributes.get(PLAID_SESSION_ATTRIBUTE),
      startedAt: startTime.toISOString(),
      endedAt: closeTime?.toISOString(),
    });
    if (summaries.length === limit) break;
  }
  return summaries;
}

function queryOf(
  { state, plaidFlow, userId, minAgeMs }: SessionFilter,
  rules: Pick<StartRules, 'userAttribute'>,
): string {
  const conditions = ["WorkflowType = 'hostedLinkSession'"];
  if (state !== undefined) {
    conditions.push(`${STATE_ATTRIBUTE.name} = ${quoted(oneOf(SESSION_STATES, state, 'state'))}`);
    // A session that was terminated keeps the state that it had.
    if (!isEndState(state)) conditions.push("ExecutionStatus = 'Running'");
  }
  if (plaidFlow !== undefined) {
    conditions.push(`${PLAID_FLOW_ATTRIBUTE.name} = ${quoted(oneOf(PLAID_FLOWS, plaidFlow, 'plaidFlow'))}`);
  }
  if (userId !== undefined) {
    const user = userAttributeOf(userId, rules);
    // Measured on server 1.29.1: such a value is never found, however it is escaped.
    if (/["\\]/.test(user)) {
      throw new InputError(
        'userId',
        "has a quotation mark or a backslash, which Temporal's list filter does not find in a search attribute",
        'look for the session by its key',
      );
    }
    conditions.push(`${USER_ATTRIBUTE.name} = ${quoted(user)}`);
  }
  if (minAgeMs !== undefined) {
    conditions.push(`StartTime <= ${quoted(new Date(Date.now() - minAgeMs).toISOString())}`);
  }
  return conditions.join(' AND ');
}

function oneOf<T extends string>(values: readonly T[], value: T, field: string): T {
  if (values.includes(value)) return value;
  throw new InputError(field, 'not a known value', `give one of ${values.join(', ')}`);
}

/** As a string of Temporal's list filter. It holds no backslash. */
function quoted(value: string): string {
  return `'${value.replaceAll("'", "\\'")}'`;
}
