import type { DeliveryMethod, PlaidFlow } from './plaid-flow';
import type { ResultState, SessionState } from './states';

/** A link that Plaid could not deliver. */
export interface DeliveryFailure {
  /** When the session received the signal, ISO 8601. */
  at: string;
  /** How the link was sent; UNKNOWN when Plaid does not say. */
  method: DeliveryMethod | 'UNKNOWN';
}

/** An error from Plaid or from the connection to it. Holds no secret, so it may be shown and logged. */
export interface PlaidErrorView {
  /** Plaid's `error_type/error_code`, or `NO_ANSWER/<reason>`, `BAD_ANSWER/<endpoint>`, or `VAULT/<code>` before the call. */
  type: string;
  message: string;
  /** Plaid's message for the person. Plain text; escape it before you show it. */
  displayMessage?: string | undefined;
  requestId?: string | undefined;
  httpStatus?: number | undefined;
  /** Who can fix it: transient passes by itself, permanent nobody, operator an operator, person the person in a new session. */
  class: 'transient' | 'permanent' | 'operator' | 'person';
  /** UNKNOWN when the failed call may have had an effect at Plaid. */
  effect: 'NONE' | 'UNKNOWN';
}

/** Whether polls succeed. ERRORS: they have failed for five minutes. OPERATOR: they fail until an operator fixes the cause. */
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
  /** The items whose access tokens are in the vault; in update mode the updated item, once it is healthy. */
  itemIds: string[];
}

/** The complete JSON body of a callback over HTTP. */
export interface CallbackBody extends CompletionNotice {
  plaidFlow: PlaidFlow;
  /** 1 for the first callback of a session. Callbacks are sent in order: each after the one before was delivered or given up. */
  sequence: number;
}

/** A bank, as Plaid names it. */
export interface Institution {
  /** Such as `ins_109508`. */
  institutionId?: string | undefined;
  institutionName?: string | undefined;
}

/** One result without its token, with its institution once that is known. */
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
