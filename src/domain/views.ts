import type { DeliveryMethod, PlaidFlow } from './plaid-flow';
import type { ResultState, SessionState } from './states';

/** Plaid could not deliver the link that it was to send. */
export interface DeliveryFailure {
  /** When the session heard of it, ISO 8601. */
  at: string;
  /** How the link was sent; UNKNOWN when Plaid does not say. */
  method: DeliveryMethod | 'UNKNOWN';
}

/** An error of Plaid's or of the way to it, as it may be shown. */
export interface PlaidErrorView {
  /** Plaid's `error_type/error_code`, or `NO_ANSWER/<reason>`, `BAD_ANSWER/<endpoint>`, or `VAULT/<code>` before it was asked. */
  type: string;
  message: string;
  /** Plaid's words for the person, of what they left after. Its text: plain, and to be escaped. */
  displayMessage?: string | undefined;
  requestId?: string | undefined;
  httpStatus?: number | undefined;
  /** Who can mend it: nobody need (transient), nobody can (permanent), an operator, or the person with a new session. */
  class: 'transient' | 'permanent' | 'operator' | 'person';
  /** Whether the failed call may have had an effect at Plaid all the same. */
  effect: 'NONE' | 'UNKNOWN';
}

/** Whether gets succeed. ERRORS: they have failed for five minutes. OPERATOR: they fail until somebody mends it. */
export type Health = { kind: 'OK' } | { kind: 'ERRORS' | 'OPERATOR'; error: PlaidErrorView };

/** The item of a session in update mode. */
export interface ItemUpdateResult {
  itemId: string;
  /** ISO 8601; undefined until the session has COMPLETED and Plaid shows no error of the item. */
  healthyAt?: string | undefined;
}

/** The payload of `linkCompleted` to a workflow that the caller named. */
export interface CompletionNotice {
  key: string;
  state: SessionState;
  /** The items whose access tokens are in the vault; in update mode the one that was mended. */
  itemIds: string[];
}

/** The body of a callback over HTTP, as JSON. It holds nothing else. */
export interface CallbackBody extends CompletionNotice {
  plaidFlow: PlaidFlow;
  /** 1 for the first callback of a session. A later one is not sent before an earlier one has been taken or given up. */
  sequence: number;
}

/** A bank, as far as Plaid tells. */
export interface Institution {
  /** Such as `ins_109508`. */
  institutionId?: string | undefined;
  institutionName?: string | undefined;
}

/** One result, as it may be shown, with its institution once that is known. */
export interface ResultView extends Institution {
  resultId: string;
  state: ResultState;
  itemId: string | undefined;
  errorCode: string | undefined;
  /** For Plaid's support. */
  requestIds: string[];
  /** For Plaid's support; with `hosted_link` only. */
  linkSessionId?: string | undefined;
}
