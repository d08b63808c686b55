import { timingSafeEqual } from 'node:crypto';
import type { StatusReport } from '../../src/client';
import type { LedgerJson } from '../../src/sandbox';
import { isEndState } from '../../src/session';
import type { Vault } from '../../src/vault';
import type { Visit } from './visitors';

/** What the run has come to for one session: what the client tells, and what Plaid's ledger does. */
export interface Finding {
  visit: Visit;
  report: StatusReport;
}

/** An item or a session, and what is wrong with it, for people. Holds no secret. */
export type Problem = string;

/**
 * Holds Plaid's own ledger against the workflows and the vault. Wrong is: a live item that the vault lacks and no named
 * uncertain state stands for; a stored token that is not Plaid's; an item stored or exchanged twice; a message sent twice; an
 * item left behind by a cancelled session; a session that has not ended and does not say why.
 */
export async function audit(
  findings: readonly Finding[],
  ledger: LedgerJson,
  vault: Vault,
): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const finding of findings) {
    const { key, story } = finding.visit;
    const found = [...auditEnd(finding), ...auditLedger(finding, ledger)];
    problems.push(...found.map((problem) => `${key} (${story}): ${problem}`));
  }
  problems.push(...(await auditVault(ledger, vault)));
  problems.push(...auditStrayItems(findings, ledger));
  return problems;
}

function auditEnd({ report }: Finding): Problem[] {
  if (!isEndState(report.state)) {
    const reason = report.health.kind !== 'OK' || report.lastError !== undefined;
    return [`is still ${report.state}${reason ? '' : ', without a reason'}`];
  }
  return report.items
    .filter(({ state }) => state === 'PENDING')
    .map(() => `has ended as ${report.state}, but a result is still PENDING`);
}

function auditLedger({ visit, report }: Finding, ledger: LedgerJson): Problem[] {
  const session = ledger.sessions.find(({ sessionId }) => sessionId === visit.plaidSessionId);
  if (!session) return [];
  const problems: Problem[] = [];
  const messages = Object.values(session.messages).reduce((sum, count) => sum + count, 0);
  if (messages > 1) problems.push(`Plaid sent ${messages} messages`);
  const ofSession = (entry: { sessionId: string }) => entry.sessionId === session.sessionId;
  for (const { exchanges } of ledger.publicTokens.filter(ofSession)) {
    if (exchanges.succeeded > 1) problems.push(`a public token was exchanged ${exchanges.succeeded} times`);
  }
  const live = ledger.items.filter((item) => ofSession(item) && item.live);
  if (report.state === 'CANCELLED' && live.length > 0)
    problems.push(`was cancelled, but left ${live.length} live items behind`);
  if (session.status === 'COMPLETED' && report.state !== 'COMPLETED' && report.state !== 'CANCELLED')
    problems.push(`Plaid says COMPLETED, but it ended as ${report.state}`);
  const stored = new Set(
    report.items.flatMap(({ state, itemId }) => (state === 'LINKED' && itemId ? [itemId] : [])),
  );
  // Nobody can tell whether Plaid made an item; the ledger may have either.
  const uncertain = report.items.filter(({ state }) => state === 'UNCERTAIN').length;
  const missing = live.filter(({ itemId }) => !stored.has(itemId)).length;
  if (missing > uncertain)
    problems.push(`${missing} live items are not stored, and ${uncertain} results are UNCERTAIN`);
  return problems;
}

/** Every stored token is Plaid's own, and of an item that lives. */
async function auditVault(ledger: LedgerJson, vault: Vault): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const { itemId, removedAt } of await vault.items.list()) {
    const item = ledger.items.find((issued) => issued.itemId === itemId);
    if (!item) problems.push(`the vault has item ${itemId}, which Plaid never made`);
    else if (removedAt !== undefined && item.live)
      problems.push(`item ${itemId} is removed in the vault, but lives at Plaid`);
    else if (removedAt === undefined) {
      if (!item.live) problems.push(`item ${itemId} is in the vault, but was removed at Plaid`);
      const read = { itemId, actor: 'torture', purpose: 'compare with what Plaid issued' };
      const same = await vault.withAccessToken(read, async (token) => {
        const [stored, issued] = [Buffer.from(token.reveal()), Buffer.from(item.accessToken)];
        return stored.length === issued.length && timingSafeEqual(stored, issued);
      });
      if (!same) problems.push(`the token of item ${itemId} is not the one that Plaid issued`);
    }
  }
  return problems;
}

/** Items of sessions that no finding stands for. */
function auditStrayItems(findings: readonly Finding[], ledger: LedgerJson): Problem[] {
  const known = new Set(findings.map(({ visit }) => visit.plaidSessionId));
  return ledger.items
    .filter(({ live, sessionId }) => live && !known.has(sessionId))
    .map(({ itemId }) => `item ${itemId} lives at Plaid, and no session of the run stands for it`);
}
