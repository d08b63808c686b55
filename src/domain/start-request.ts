import type { DeliveryMethod, PlaidFlow } from './plaid-flow';

/** What stands for a person in Temporal's search attributes: the hash of the caller's id, or that id in clear. */
export const USER_ATTRIBUTES = ['hash', 'clear'] as const;
export type UserAttribute = (typeof USER_ATTRIBUTES)[number];

/** Where Plaid itself is to send the link. */
export interface Delivery {
  method: DeliveryMethod;
  /** A phone number in E.164, or an e-mail address. */
  address: string;
  firstName?: string | undefined;
}

/**
 * A request to start a session that has been checked. Exactly one of `linkToken` and `linkTokenRequest` is given: the latter with the
 * Plaid flow `hosted_link` and in update mode.
 */
export interface CheckedRequest {
  key: string;
  plaidFlow: PlaidFlow;
  linkToken?: string | undefined;
  /** A body for `/link/token/create`. */
  linkTokenRequest?: Record<string, unknown> | undefined;
  delivery?: Delivery | undefined;
  /** Update mode: the item to be repaired. */
  update?: { itemId: string } | undefined;
  /** The caller's id of the person. */
  userId?: string | undefined;
  /** What stands for the person in Temporal's search attributes, in clear: see `UserAttribute`. */
  userAttribute?: string | undefined;
  /** When the link of a given `linkToken` expires, ISO 8601. Default: Plaid's lifetime for the delivery. */
  expiresAt?: string | undefined;
  /** True: accounts that the person has already are linked again. */
  allowDuplicates?: boolean | undefined;
  /** Ids of workflows to signal `linkCompleted` when the session and its exchange have ended. */
  notify: string[];
  /** SHA-256 (hex) of the caller's request, by which a reused key is told from a repeated call. */
  requestDigest: string;
}
