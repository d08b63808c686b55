import type { Disruption } from './disruptions';
import type { ChaosOutcome } from './collect';
import type { Relay } from './relay';
import { sha256 } from './exchange-calls';

/** Counts by name. */
export class Counts {
  readonly #counts = new Map<string, number>();

  add(name: string, count = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + count);
  }

  /** A line for each, sorted by name. */
  lines(): string[] {
    return [...this.#counts]
      .sort(([one], [other]) => one.localeCompare(other))
      .map(([name, count]) => `${String(count).padStart(6)}  ${name}`);
  }
}

/** Adds disruptions and cut connections to the counts of faults. */
export function countInjected(
  faults: Counts,
  disruptions: readonly Disruption[],
  relays: readonly Relay[],
): Counts {
  for (const { name } of disruptions) faults.add(`disruption: ${name}`);
  faults.add(
    'connection cut in the middle of an answer of PostgreSQL or the Temporal server',
    relays.reduce((sum, { cuts }) => sum + cuts, 0),
  );
  return faults;
}

/** Counts the outcome of a run: sessions, results, items, exchanges, messages and webhooks by how they ended. */
export function countFound({ findings, results, items, ledger, calls }: ChaosOutcome): Counts {
  const counts = new Counts();
  for (const { session, report } of findings) {
    const { request, answer } = session;
    const kind = request.update ? 'in update mode ' : '';
    const refused = answer?.refused === undefined ? '' : ` (start: ${answer.refused})`;
    counts.add(`session ${kind}${report.state}${refused}`);
  }
  const live = new Set(ledger.items.filter((item) => item.live).map(({ itemId }) => itemId));
  const itemOf = new Map(
    ledger.publicTokens.map(({ publicToken, itemId }) => [sha256(publicToken), itemId] as const),
  );
  for (const { state, resultId } of results) {
    const made = live.has(itemOf.get(resultId) ?? '') ? 'an item' : 'none';
    counts.add(`result ${state}${state === 'UNCERTAIN' ? `, of which Plaid made ${made}` : ''}`);
  }
  for (const { hasIssuedToken } of items) {
    if (hasIssuedToken) counts.add("stored item that decrypts to Plaid's token");
  }
  counts.add('item at Plaid that lives', live.size);
  counts.add('item at Plaid that was removed', ledger.items.length - live.size);
  for (const { exchanges } of ledger.publicTokens) {
    const { succeeded, refused } = exchanges;
    const refusals = refused > 0 ? ` and refused ${refused} times` : '';
    counts.add(`public token exchanged ${succeeded} times${refusals}`);
  }
  for (const { fate } of calls) counts.add(`call to exchange a public token: ${fate}`);
  for (const { messages } of ledger.sessions) {
    for (const [method, count] of Object.entries(messages))
      if (count > 0) counts.add(`${method} sent by Plaid`, count);
  }
  for (const { outcome, attempts } of ledger.webhooks)
    counts.add(`webhook ${outcome}${attempts.length > 1 ? ' after several attempts' : ''}`);
  return counts;
}
