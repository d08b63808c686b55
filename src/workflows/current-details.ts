import type { PlaidErrorView, ResultView } from '../domain/views';
import { exchangeWorkflowId } from '../domain/ids';
import { PLAID_FLOW_RULES } from '../domain/plaid-flow';
import { isEndState } from '../domain/states';
import { markdownText } from './markdown';
import type { ExchangeView, SessionView } from './messages';

/*
 * What Web UI shows as a workflow's current details, in Markdown. Holds no token, URL, phone number or e-mail address. Whatever
 * Plaid, or who may signal, has said goes through markdownText.
 */

const MINUTE_MS = 60_000;

/** The current details of a session. Web UI shows five lines without scrolling, so what matters most comes first. */
export function currentDetails(view: SessionView): string {
  const { state, plaidStatus, changedAt, expiresAt, health, lastError, exitError, deliveryFailure, update } =
    view;
  return [
    `**${state}** since ${changedAt}; Plaid says ${plaidStatus === undefined ? 'nothing yet' : markdownText(plaidStatus)}`,
    '',
    ...(health.kind === 'OK' ? [] : [`- health: **${health.kind}**`]),
    ...(lastError === undefined ? [] : [`- last error: ${errorLine(lastError)}`]),
    ...(exitError === undefined ? [] : [`- the person left after: ${markdownText(exitError.type)}`]),
    ...(deliveryFailure === undefined
      ? []
      : [
          `- Plaid could not deliver the link (${markdownText(deliveryFailure.method)}): ${deliveryFailure.at}`,
        ]),
    ...(update === undefined ? [] : [`- updates item ${update.itemId}: ${update.healthyAt ?? 'not yet'}`]),
    `- items: ${itemsOf(view)}`,
    ...nextPoll(view),
    ...(expiresAt === undefined ? [] : [`- the link expires: ${expiresAt}`]),
  ].join('\n');
}

/** The current details of a token exchange. */
export function exchangeDetails({ key, results, notices }: ExchangeView): string {
  return [
    `**${results.length}** ${results.length === 1 ? 'result' : 'results'} of session ${markdownText(key)}`,
    '',
    ...results.map(resultLine),
    ...notices.map(({ workflowId, outcome }) => `- workflow ${markdownText(workflowId)}: ${outcome}`),
  ].join('\n');
}

/** The watch follows its schedule in an activity, whose pending attempt tells the very time. */
function nextPoll({ state, plaidFlow }: SessionView): string[] {
  if (isEndState(state) || state === 'CREATING') return [];
  const maxMinutes = PLAID_FLOW_RULES[plaidFlow].maxPollDelayMs / MINUTE_MS;
  return [`- next poll: see Pending Activities; at most ${maxMinutes} min after the last`];
}

function itemsOf({ key, results, update }: SessionView): string {
  if (update !== undefined) return 'none is created: the session updates one';
  if (results === 0) return 'none yet';
  const workflowId = markdownText(exchangeWorkflowId(key));
  return `${results} ${results === 1 ? 'result' : 'results'}, exchanged by ${workflowId}`;
}

/** The message has Plaid's request id. */
function errorLine({ type, message }: PlaidErrorView): string {
  return `**${markdownText(type)}** (${markdownText(message)})`;
}

function resultLine({ state, itemId, institutionId, institutionName, errorCode }: ResultView): string {
  const institution = institutionName ?? institutionId;
  return [
    `- **${state}**`,
    ...(itemId === undefined ? [] : [`: item ${markdownText(itemId)}`]),
    ...(institution === undefined ? [] : [` at ${markdownText(institution)}`]),
    ...(errorCode === undefined ? [] : [` (${markdownText(errorCode)})`]),
  ].join('');
}
