import type { StatusReport } from '../../src/client';
import type { LedgerJson } from '../../src/sandbox';
import type { ItemRow } from '../../src/vault';
import type { ExpectedEnd } from './scenarios';

/** What client, vault and Plaid know about a session after its end. */
export interface Outcome {
  plaidSessionId: string;
  /** The status that the client reports, with the vault. */
  report: Pick<StatusReport, 'state' | 'plaidStatus' | 'results'>;
  /** The session's items in the vault. */
  items: Pick<ItemRow, 'itemId' | 'institutionName' | 'removedAt'>[];
  /** What happened at Plaid. */
  ledger: LedgerJson;
}

/** Compares the end of a session with the expected one, and the three sources with each other. Returns one line for each problem. */
export function verifyOutcome(
  expected: ExpectedEnd,
  { plaidSessionId, report, items, ledger }: Outcome,
): string[] {
  const session = ledger.sessions.find(({ sessionId }) => sessionId === plaidSessionId);
  if (!session) return ['Plaid does not know the session'];
  const ofSession = (entry: { sessionId: string }) => entry.sessionId === plaidSessionId;
  const problems: string[] = [];
  const compare = (what: string, wanted: unknown[], found: unknown[]) => {
    const [one, other] = [wanted.join(', '), found.join(', ')];
    if (one !== other) problems.push(`${what}: expected ${one || 'none'}, found ${other || 'none'}`);
  };
  compare('state', [expected.state], [report.state]);
  compare('what Plaid said last', expected.statuses.slice(-1), [report.plaidStatus]);
  compare(
    'what Plaid said in turn',
    expected.statuses,
    session.history.map(({ status }) => status),
  );
  compare('results', [...expected.results].sort(), report.results.map(({ state }) => state).sort());
  const live = ledger.items.filter((item) => ofSession(item) && item.live);
  const nameOf = (item: { itemId: string; institutionName?: string | undefined }) =>
    `${item.itemId} at ${item.institutionName}`;
  compare(
    'items in the vault',
    live.map(nameOf).sort(),
    items
      .filter(({ removedAt }) => removedAt === undefined)
      .map(nameOf)
      .sort(),
  );
  compare(
    'live items at Plaid',
    [expected.results.filter((state) => state === 'LINKED').length],
    [live.length],
  );
  for (const { exchanges } of ledger.publicTokens.filter(ofSession)) {
    compare(
      'exchanges of a public token',
      ['1 done', '0 refused'],
      [`${exchanges.succeeded} done`, `${exchanges.refused} refused`],
    );
  }
  compare('messages sent by Plaid', expected.messages ?? [], sentMessages(session.messages));
  return problems;
}

/** The method of each message. */
function sentMessages(counts: LedgerJson['sessions'][number]['messages']): string[] {
  return Object.entries(counts).flatMap(([method, count]) => Array.from({ length: count }, () => method));
}
