/**
 * What `hosted-link reconcile` finds. `SESSION_*`: a row of `sessions` and its workflow. `RESULT_*`, EXCHANGE_STALLED: the exchange
 * journal and the token exchange. `ITEM_*`, TOKEN_REFUSED: stored items and Plaid. TOMBSTONE_LOST, FORGOTTEN_ITEM: people who were
 * forgotten. WORKFLOW_UNREADABLE: a history that cannot be decoded. Stable, for scripts.
 */
export type DiscrepancyKind =
  | 'SESSION_ROW_LOST'
  | 'SESSION_END_MISSED'
  | 'SESSION_LOST'
  | 'SESSION_RUNS_AGAIN'
  | 'RESULT_LOST'
  | 'RESULT_END_MISSED'
  | 'EXCHANGE_STALLED'
  | 'ITEM_LOST'
  | 'ITEM_GONE'
  | 'ITEM_UNREADABLE'
  | 'TOKEN_REFUSED'
  | 'TOMBSTONE_LOST'
  | 'FORGOTTEN_ITEM'
  | 'WORKFLOW_UNREADABLE';

/** One thing that vault, Temporal and Plaid do not agree on. Holds no secret. */
export interface Discrepancy {
  kind: DiscrepancyKind;
  /** What it is about, as far as it is known. */
  sessionKey?: string | undefined;
  itemId?: string | undefined;
  resultId?: string | undefined;
  userHash?: string | undefined;
  workflowId?: string | undefined;
  /** What was found. */
  message: string;
  /** What to do about it, or what is left to do once it is repaired. */
  remedy: string;
  /** True when a fix was made, so that it is not found again. */
  repaired: boolean;
}
