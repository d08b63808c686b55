import type { LedgerJson } from '../../src/sandbox';
import { isEndState } from '../../src/domain/states';
import type { ResultRow } from '../../src/vault';
import type { ChaosOutcome, Finding } from './collect';
import { sha256 } from './exchange-calls';

/** A session, an item or a token, and what is wrong with it, for people. Holds no secret. */
export type Problem = string;

/** What Plaid says of a link token that has expired. */
const LINK_TOKEN_EXPIRED = 'INVALID_INPUT/INVALID_LINK_TOKEN';

/** Something that Plaid handed out for a session, under the id of its result: a public token, or an item that it made itself. */
interface HandedOut {
  resultId: string;
  sessionId: string;
  /** The item that came of it so far. */
  itemId: string | undefined;
}

/**
 * Holds Plaid's own ledger against the workflows and the vault, in both directions. Whatever it gives is a loss, or cannot be
 * explained.
 */
export function audit(outcome: ChaosOutcome): Problem[] {
  const handedOut = handedOutBy(outcome.ledger);
  return [
    ...outcome.findings.flatMap((finding) =>
      auditSession(finding, outcome, handedOut).map(
        (problem) => `${finding.session.key} (${finding.session.script}): ${problem}`,
      ),
    ),
    ...outcome.results.flatMap((result) => auditResult(result, outcome, handedOut)),
    ...auditLiveItems(outcome, handedOut),
    ...auditStoredItems(outcome),
    ...auditExchanges(outcome),
    ...auditMessages(outcome),
    ...auditWebhooks(outcome),
    ...outcome.unfinished.map(({ workflowId, status }) => `the workflow ${workflowId} is ${status}`),
  ];
}

function handedOutBy({ publicTokens, items }: LedgerJson): HandedOut[] {
  const exchanged = new Set(publicTokens.map(({ itemId }) => itemId));
  return [
    ...publicTokens.map(({ publicToken, sessionId, itemId }) => ({
      resultId: sha256(publicToken),
      sessionId,
      itemId: itemId ?? undefined,
    })),
    ...items
      .filter(({ itemId }) => !exchanged.has(itemId))
      .map(({ accessToken, sessionId, itemId }) => ({ resultId: sha256(accessToken), sessionId, itemId })),
  ];
}

/** It has ended, says how, and all that Plaid handed out for it is known. */
function auditSession(finding: Finding, outcome: ChaosOutcome, handedOut: readonly HandedOut[]): Problem[] {
  const { session, report, row } = finding;
  const { state } = report;
  if (!isEndState(state)) {
    const reason = report.health.kind !== 'OK' || report.lastError !== undefined;
    return [`is still ${state}${reason ? '' : ', without a reason'}`];
  }
  const problems: Problem[] = [];
  if (row?.state !== state) problems.push(`is ${state}, but ${row?.state ?? 'not there'} in the vault`);
  const atPlaid = outcome.ledger.sessions.find(({ sessionId }) => sessionId === session.plaidSessionId);
  // Nothing that was injected lasts long enough, or is a refusal for good, but for a link token that expired before the create was
  // answered, whether or not Plaid had made the session: nobody got its URL.
  const reason = report.lastError?.type ?? 'without a reason';
  if (state === 'FAILED' && reason !== LINK_TOKEN_EXPIRED) problems.push(`has FAILED: ${reason}`);
  if (!atPlaid) {
    if (state === 'COMPLETED' || state === 'EXPIRED')
      problems.push(`is ${state}, but Plaid has no such session`);
    return problems;
  }
  // Of a session that was left after a bank was connected, hosted_link has what was connected, and for us that is a completion.
  const isComplete =
    atPlaid.status === 'COMPLETED' ||
    (report.plaidFlow === 'hosted_link' &&
      atPlaid.linkSessions.some(({ finishedAt, results }) => finishedAt !== null && results > 0));
  if (isComplete !== (state === 'COMPLETED') && state !== 'CANCELLED')
    problems.push(`Plaid says ${atPlaid.status}, but it ended as ${state}`);
  if (state === 'COMPLETED' && session.request.update) problems.push(...auditUpdateMode(finding, outcome));
  // A link_delivery session shows nothing until it is COMPLETED; of a cancelled one, what was not seen dies, or is removed.
  const shown = isComplete || report.plaidFlow === 'hosted_link';
  if (shown && (state === 'COMPLETED' || state === 'EXPIRED')) {
    const unseen = handedOut.filter(
      ({ resultId, sessionId }) =>
        sessionId === atPlaid.sessionId && !outcome.results.some((result) => result.resultId === resultId),
    );
    if (unseen.length > 0) problems.push(`${unseen.length} of its results were never seen`);
  }
  return problems;
}

function auditUpdateMode({ session, report }: Finding, { ledger, items }: ChaosOutcome): Problem[] {
  const itemId = session.request.update?.itemId;
  const atPlaid = ledger.items.find((item) => item.itemId === itemId);
  if (atPlaid?.errorCode) return [`was COMPLETED, but Plaid says ${atPlaid.errorCode} of its item`];
  const isHealthy = items.find((item) => item.itemId === itemId)?.healthyAt !== undefined;
  if (!isHealthy) return ['its item is healthy again, but not in the vault'];
  return report.update?.healthyAt === undefined ? ['its item is healthy again, but not in its status'] : [];
}

/** A result's end is what the ledger says of its token. */
function auditResult(result: ResultRow, outcome: ChaosOutcome, handedOut: readonly HandedOut[]): Problem[] {
  const { resultId, sessionKey, state } = result;
  const problemOf = (problem: string) => [`result ${resultId} of ${sessionKey} ${problem}`];
  const origin = handedOut.find((one) => one.resultId === resultId);
  if (!origin) return problemOf('is of no token that Plaid handed out');
  const session = outcome.findings.find((finding) => finding.session.key === sessionKey)?.session;
  if (session?.plaidSessionId !== origin.sessionId) return problemOf('is of a token of another session');
  const stored = outcome.items.find(({ itemId }) => itemId === origin.itemId);
  const isStored = stored !== undefined && stored.removedAt === undefined;
  switch (state) {
    case 'PENDING':
      return problemOf('is still PENDING');
    case 'LINKED':
      if (result.itemId !== origin.itemId) return problemOf('is LINKED with an item that is not its own');
      return isStored ? [] : problemOf('is LINKED, but its item is not stored');
    case 'DUPLICATE':
      if (origin.itemId !== undefined) return problemOf('is DUPLICATE, but was exchanged');
      return outcome.items.some(({ itemId }) => itemId === result.itemId)
        ? []
        : problemOf('is DUPLICATE of an item that is not there');
    case 'UNCERTAIN':
    case 'EXPIRED':
    case 'FAILED':
    case 'REMOVED':
      return isStored ? problemOf(`is ${state}, but its item is stored`) : [];
  }
}

/** Each item that lives at Plaid, which may be billed, is stored, or in doubt by name. */
function auditLiveItems(
  { ledger, results, items, findings }: ChaosOutcome,
  handedOut: readonly HandedOut[],
): Problem[] {
  return ledger.items
    .filter(({ live }) => live)
    .flatMap(({ itemId }) => {
      const origin = handedOut.find((one) => one.itemId === itemId);
      const result = results.find(({ resultId }) => resultId === origin?.resultId);
      if (!result) return [`item ${itemId} lives at Plaid, and no result stands for it`];
      const { sessionKey, state } = result;
      if (state === 'UNCERTAIN') return [];
      if (findings.find(({ session }) => session.key === sessionKey)?.report.state === 'CANCELLED')
        return [`item ${itemId} lives at Plaid, although its session ${sessionKey} was cancelled`];
      return items.some((item) => item.itemId === itemId)
        ? []
        : [`item ${itemId} lives at Plaid, but is not stored: its result in ${sessionKey} is ${state}`];
    });
}

/** Each stored item is Plaid's, with Plaid's own token, and lives there as it does here. */
function auditStoredItems({ ledger, items }: ChaosOutcome): Problem[] {
  return items.flatMap(({ itemId, removedAt, hasIssuedToken }) => {
    const atPlaid = ledger.items.find((item) => item.itemId === itemId);
    if (!atPlaid) return [`the vault has item ${itemId}, which Plaid never made`];
    if (removedAt) return atPlaid.live ? [`item ${itemId} is removed in the vault, but lives at Plaid`] : [];
    if (!atPlaid.live) return [`item ${itemId} is in the vault, but was removed at Plaid`];
    return hasIssuedToken ? [] : [`the token of item ${itemId} is not the one that Plaid issued`];
  });
}

/** No public token is exchanged twice after a success, and a second try needs a reason: an answer that was lost. */
function auditExchanges({ ledger, calls, disruptions }: ChaosOutcome): Problem[] {
  return ledger.publicTokens.flatMap(({ publicToken, exchanges: { succeeded, refused } }) => {
    const resultId = sha256(publicToken);
    const made = calls.filter((call) => call.resultId === resultId && call.fate !== 'NOT_DONE');
    const problems: Problem[] = [];
    if (succeeded > 1) problems.push(`was exchanged ${succeeded} times`);
    if (succeeded + refused > 2) problems.push(`was sent to be exchanged ${succeeded + refused} times`);
    const needless = made.slice(1).filter((call, index) => {
      const before = made[index]!;
      return (
        before.fate === 'ANSWERED' && !disruptions.some(({ from, to }) => from <= call.at && to >= before.at)
      );
    });
    if (needless.length > 0) problems.push('was exchanged again, although there was an answer');
    return problems.map((problem) => `the public token of result ${resultId} ${problem}`);
  });
}

/** At most one message to each person, counted by address: a second session at Plaid could send one as well. */
function auditMessages({ findings, ledger }: ChaosOutcome): Problem[] {
  return findings.flatMap(({ session, report }) => {
    const address = session.request.delivery?.address;
    if (address === undefined) return [];
    const sent = ledger.sessions
      .flatMap(({ addressees }) => addressees)
      .filter((addressee) => addressee === address).length;
    const wanted = `${session.key} (${session.script}): Plaid sent ${sent} messages`;
    return sent > 1 || (sent === 0 && report.state === 'COMPLETED') ? [wanted] : [];
  });
}

/** What never arrives is no loss, since a webhook is only a hint. But a run in which none did has not tried the receiver. */
function auditWebhooks({ ledger: { webhooks } }: ChaosOutcome): Problem[] {
  const isDeaf = webhooks.length > 0 && !webhooks.some(({ outcome }) => outcome === 'DELIVERED');
  return isDeaf ? [`not one of the ${webhooks.length} webhooks was taken`] : [];
}
