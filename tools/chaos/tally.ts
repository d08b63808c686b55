import type { Blow } from './chaos';
import type { Evidence } from './evidence';
import type { Relay } from './relay';
import { sha256 } from './exchange-calls';

/** How often each thing was, by its name. */
export class Tally {
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

/** What was done to the deployment: `faults` has the faults already. */
export function tallyInjected(faults: Tally, blows: readonly Blow[], relays: readonly Relay[]): Tally {
  for (const { name } of blows) faults.add(`blow: ${name}`);
  faults.add(
    'connection cut in the middle of an answer of PostgreSQL or the Temporal server',
    relays.reduce((sum, { cuts }) => sum + cuts, 0),
  );
  return faults;
}

/** What came of it, by the words of the vault and of Plaid's ledger. */
export function tallyFound({ findings, results, items, ledger, calls }: Evidence): Tally {
  const tally = new Tally();
  for (const { visit, report } of findings) {
    const { request, answer } = visit;
    const kind = request.update ? 'in update mode ' : '';
    const refused = answer?.refused === undefined ? '' : ` (start: ${answer.refused})`;
    tally.add(`session ${kind}${report.state}${refused}`);
  }
  const live = new Set(ledger.items.filter((item) => item.live).map(({ itemId }) => itemId));
  const itemOf = new Map(
    ledger.publicTokens.map(({ publicToken, itemId }) => [sha256(publicToken), itemId] as const),
  );
  for (const { state, resultId } of results) {
    const made = live.has(itemOf.get(resultId) ?? '') ? 'an item' : 'none';
    tally.add(`result ${state}${state === 'UNCERTAIN' ? `, of which Plaid made ${made}` : ''}`);
  }
  for (const { hasIssuedToken } of items) {
    if (hasIssuedToken) tally.add("stored item that decrypts to Plaid's token");
  }
  tally.add('item at Plaid that lives', live.size);
  tally.add('item at Plaid that was removed', ledger.items.length - live.size);
  for (const { exchanges } of ledger.publicTokens) {
    const { succeeded, refused } = exchanges;
    const refusals = refused > 0 ? ` and refused ${refused} times` : '';
    tally.add(`public token exchanged ${succeeded} times${refusals}`);
  }
  for (const { fate } of calls) tally.add(`call to exchange a public token: ${fate}`);
  for (const { messages } of ledger.sessions) {
    for (const [method, count] of Object.entries(messages))
      if (count > 0) tally.add(`${method} sent by Plaid`, count);
  }
  for (const { outcome, attempts } of ledger.webhooks)
    tally.add(`webhook ${outcome}${attempts.length > 1 ? ' after several attempts' : ''}`);
  return tally;
}
