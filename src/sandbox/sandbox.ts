import type { PlaidEnvironment } from '../domain/link-token';
import type { Fault, SandboxEndpoint } from './fault';
import type { ItemHandle, SessionHandle } from './handles';
import type { SandboxLedger } from './ledger';
import type { PlanOptions } from './plan';
import type { SandboxSwitches } from './switches';
import type { Webhook, WebhookFault } from './webhook-fault';
import type { WebhookDelivery } from './webhook-sender';

/** What the sandbox accepts as Plaid's client id and secret when nothing is said. Published here, so they protect nothing. */
export const DEFAULT_CLIENT_ID = 'sandbox_client_id';
export const DEFAULT_SECRET = 'sandbox_secret';

export interface SandboxOptions extends Partial<SandboxSwitches> {
  /** TCP port on 127.0.0.1; 0 (the default) takes a free one. */
  port?: number;
  /** Default {@link DEFAULT_CLIENT_ID}. */
  clientId?: string;
  /** Default {@link DEFAULT_SECRET}. */
  secret?: string;
  /** In the tokens' prefix. Default `sandbox`. */
  environment?: PlaidEnvironment;
  /** The sandbox's clock, in milliseconds since 1970. Default `Date.now`. */
  now?: () => number;
  /** True: sessions drive themselves. Default false. */
  auto?: boolean;
  /** How long a link token lives when its request does not say, in milliseconds. Default: what Plaid documents, mostly 4 h. */
  linkTokenLifetimeMs?: number;
  /** Makes what `auto` does repeatable. Default 1. */
  seed?: number;
}

/** A link token made without HTTP. Lifetime in milliseconds, default as for a request; one item by default. */
export interface LinkTokenOptions extends Partial<Pick<SandboxSwitches, 'tokenShape' | 'linkSessionShape'>> {
  lifetimeMs?: number;
  /** How many items the session makes when no person chooses; with more than one the page lets the person add banks. */
  items?: number;
  /** Where its session's webhooks go, as the field `webhook` of a request says; on this machine only. */
  webhook?: string;
}

/** A running offline Plaid. */
export interface Sandbox {
  /** Such as `http://127.0.0.1:40123`: Plaid's base URL, and the origin of the hosted pages. */
  readonly url: string;
  /** Stops it. Open connections are closed, held answers never come. */
  close(): Promise<void>;
  ledger(): SandboxLedger;
  issueLinkToken(options?: LinkTokenOptions): string;
  /** @throws RangeError when `/link_delivery/create` or a hosted `/link/token/create` has not yet made the session */
  session(idOrLinkToken: string): SessionHandle;
  /** @throws RangeError when no item has this id */
  item(itemId: string): ItemHandle;
  /**
   * Plans a fault for the next requests to an endpoint; what it is to match is the request's parsed body, which holds tokens. The
   * function that it gives removes it.
   * @throws RangeError when a number of the fault or `times` is out of bounds
   */
  fault(endpoint: SandboxEndpoint, fault: Fault, options?: PlanOptions<Record<string, unknown>>): () => void;
  /** As {@link Sandbox.fault} for every endpoint (default: HTTP 503 with a page) and, unless told otherwise, until it is removed. */
  outage(fault?: Fault, options?: PlanOptions<Record<string, unknown>>): () => void;
  readonly switches: Readonly<SandboxSwitches>;
  /** Changes some of the switches. */
  set(switches: Partial<SandboxSwitches>): void;
  readonly clock: {
    /** In milliseconds since 1970. */
    now(): number;
    /**
     * Puts the clock forward by `ms`: sessions expire, webhooks come again.
     * @throws RangeError when `ms` is negative or not finite
     */
    advance(ms: number): void;
  };
  readonly webhooks: SandboxWebhooks;
}

/** The sandbox's webhooks and the keys that sign them. */
export interface SandboxWebhooks {
  /** What was sent, oldest first. Bodies hold session ids and public tokens: do not print them. */
  deliveries(): readonly WebhookDelivery[];
  /** Signs and sends a webhook of any content, with faults and retries. Only URLs of this machine are sent to. */
  send(url: string, webhook: Webhook): void;
  /**
   * Plans a fault for the next webhooks. The function that it gives removes it.
   * @throws RangeError when a number of the fault or `times` is out of bounds
   */
  fault(fault: WebhookFault, options?: PlanOptions<Webhook>): () => void;
  /** A token that makes a webhook of any body, by the sandbox's clock. */
  sign(body: string): string;
  /** Signs with a new key from now on, and gives its id. The one before stays good until it is expired. */
  rotateKey(): string;
  /** Withdraws a key; by default the one that signs, and goes on signing. */
  expireKey(keyId?: string): void;
}
