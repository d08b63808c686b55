import type { Secret } from '../secrets/secret';

/** A request for a link token, passed on to Plaid as it is. Checked by `checkLinkTokenRequest`. */
export type LinkTokenRequest = Record<string, unknown>;

export interface LinkToken {
  linkToken: string;
  /** ISO 8601. */
  expiration: string;
  /** The hosted URL, of a request with `hosted_link`. */
  hostedUrl: string | undefined;
  requestId: string;
}

/** One answer of `/link/token/get`, newer and older shape alike. */
export interface LinkTokenStatus {
  /** ISO 8601; undefined when Plaid does not tell. */
  expiration: string | undefined;
  /** The person's visits, in no promised order. */
  linkSessions: LinkSession[];
  requestId: string;
}

/** One visit of a person to a hosted page. */
export interface LinkSession {
  linkSessionId: string | undefined;
  finished: boolean;
  /** When, ISO 8601; undefined when Plaid does not tell. */
  finishedAt?: string | undefined;
  /** Finished, and not merely left. In update mode that shows no result. */
  succeeded: boolean;
  /** What has been connected so far, also before it is finished. */
  results: LinkResult[];
  /** What the person left after. */
  exitError:
    | {
        errorType: string;
        errorCode: string;
        /** Plaid's words for the person. */
        displayMessage?: string | undefined;
        requestId: string | undefined;
      }
    | undefined;
}

/** One connection to a bank, not an item yet. */
export interface LinkResult {
  publicToken: Secret;
  institutionId: string | undefined;
  institutionName: string | undefined;
  accounts: { name: string | undefined; mask: string | undefined }[];
}

/** Where Plaid itself is to send the link. */
export interface Recipient {
  method: 'SMS' | 'EMAIL';
  /** A phone number in E.164, or an e-mail address. */
  address: string;
  firstName?: string | undefined;
}

export interface LinkDelivery {
  /** The hosted URL. */
  url: string;
  /** Plaid's session id: the link token without `link-<env>-`. */
  sessionId: string;
  requestId: string;
}

/** One answer of `/link_delivery/get`, newer and older shape alike. */
export interface LinkDeliverySession {
  /** A `SessionStatus`, or a string that Plaid added later. */
  status: string;
  createdAt: string;
  completedAt: string | undefined;
  accessTokens: Secret[];
  /** Not surely paired with `accessTokens` by index, and not always of the same length; ask `itemGet` for the sure id. */
  itemIds: string[];
  /** Filled by answers of the older shape only. */
  publicTokens: Secret[];
  requestId: string;
}

export interface ExchangedItem {
  accessToken: Secret;
  itemId: string;
  requestId: string;
}

export interface PlaidItem {
  itemId: string;
  institutionId: string | undefined;
  institutionName: string | undefined;
  /** Whether Plaid needs something of the person or the bank before the item works again. */
  hasError: boolean;
  requestId: string;
}

/** A public key that Plaid signs webhooks with: always EC, P-256, for ES256. */
export interface WebhookVerificationKey {
  keyId: string;
  /** The point on the curve, each coordinate in base64url. */
  x: string;
  y: string;
  /** True once Plaid has withdrawn it: nothing that it signed is to be accepted any more. */
  expired: boolean;
  requestId: string;
}

/**
 * The calls to Plaid that this project makes, each one POST. No call repeats itself.
 * Every call throws only `PlaidApiError`, `PlaidNoAnswerError` or `PlaidBadAnswerError`, and none of them holds a secret,
 * a header or a body.
 */
export interface PlaidClient {
  /**
   * `/link/token/create`, in update mode with the `accessToken` of the item to be repaired. Sends a message when the request's
   * `hosted_link` has a `delivery_method`.
   */
  linkTokenCreate(request: LinkTokenRequest, accessToken?: Secret): Promise<LinkToken>;
  /** `/link/token/get`. */
  linkTokenGet(linkToken: string): Promise<LinkTokenStatus>;
  /** `/link_delivery/create`. Sends a message when `recipient` is given. */
  linkDeliveryCreate(request: {
    linkToken: string;
    recipient?: Recipient | undefined;
  }): Promise<LinkDelivery>;
  /** `/link_delivery/get`. */
  linkDeliveryGet(sessionId: string): Promise<LinkDeliverySession>;
  /** `/item/public_token/exchange`. Not idempotent: after a lost answer the item may exist. */
  itemPublicTokenExchange(publicToken: Secret): Promise<ExchangedItem>;
  /** `/item/get`. */
  itemGet(accessToken: Secret): Promise<PlaidItem>;
  /** `/item/remove`. */
  itemRemove(accessToken: Secret): Promise<{ requestId: string }>;
  /** `/item/webhook/update`: `webhook` is where Plaid sends the item's webhooks from now on. Repeats harmlessly. */
  itemWebhookUpdate(accessToken: Secret, webhook: string): Promise<{ requestId: string }>;
  /** `/webhook_verification_key/get`. An unknown id is INVALID_WEBHOOK_VERIFICATION_KEY_ID. */
  webhookVerificationKeyGet(keyId: string): Promise<WebhookVerificationKey>;
  /** Closes the connections, after what is under way has ended. */
  close(): Promise<void>;
}
