import type { ReconcileContext } from './context';
import type { Discrepancy } from './discrepancy';
import { checkForgottenItems, checkStoredItems } from './items';
import { checkExchangeWorkflows, checkPendingResults } from './results';
import { checkOpenSessions, checkSessionWorkflows } from './session-rows';
import { checkTombstones } from './tombstones';

export type { ReconcileContext } from './context';
export type { Discrepancy } from './discrepancy';
export { PlaidPace } from './plaid-pace';

/**
 * Holds vault, Temporal and Plaid against each other, after one of the first two was restored to an earlier time, and gives what
 * they do not agree on, as it is found. Needs no worker; what it starts, a worker does. Memory is bounded by a page of rows and
 * one workflow's history.
 *
 * The order counts, where things are repaired: rows of sessions come before their results, and people are forgotten before their
 * items are looked for. What a later check would have found of it, is repaired by then.
 *
 * @throws PlaidError when Plaid cannot be asked
 */
export async function* reconcile(context: ReconcileContext): AsyncGenerator<Discrepancy> {
  yield* checkTombstones(context);
  yield* checkSessionWorkflows(context);
  yield* checkExchangeWorkflows(context);
  yield* checkOpenSessions(context);
  yield* checkPendingResults(context);
  yield* checkStoredItems(context);
  yield* checkForgottenItems(context);
}
