import { plaidSessionHash } from '../src/secrets/digest';
import { createLogger } from '../src/telemetry/logger';
import { createPlaidClient } from '../src/plaid/client';
import { type Sandbox, startSandbox } from '../src/sandbox';
import { Secret } from '../src/secrets/secret';
import {
  startWebhookReceiver,
  type WebhookReceiver,
  type WebhookReceiverOptions,
} from '../src/webhook/receiver';
import type { RoutedSession } from '../src/webhook/router';

const ACCOUNT = { clientId: 'webhook-client', secret: 'webhook-plaid-secret-91c2' };

/** What a session's id is in the webhooks of these tests. */
export const SESSION_ID = '3f0c1d7e-0000-4000-8000-00000000a001';

/** A receiver whose keys come from a sandbox over HTTP, under one clock; the vault and Temporal are played. */
export interface Bench {
  sandbox: Sandbox;
  receiver: WebhookReceiver;
  /** In milliseconds since 1970: the receiver's clock and the sandbox's. */
  clock: { now: number };
  /** Sessions by the hash of Plaid's session id. At first {@link SESSION_ID} is `shop-1`, running. */
  sessions: Map<string, RoutedSession>;
  /** The keys that were hinted, in order. */
  hints: string[];
  /** Session key and method of each delivery failure that was told, in order. */
  deliveryFailures: [key: string, method: string][];
  /** The ids of the keys that Plaid was asked for, in order. */
  askedKeys: string[];
  /** All that was logged. */
  log(): string;
  /** Posts a body with its right token, or with `token`, or with none when it is null. */
  post(body: string | Buffer, options?: PostOptions): Promise<Response>;
  close(): Promise<void>;
}

export interface PostOptions {
  token?: string | null;
  contentType?: string;
}

export async function startBench(options: Partial<WebhookReceiverOptions> = {}): Promise<Bench> {
  const clock = { now: Date.parse('2030-05-01T12:00:00Z') };
  const now = () => clock.now;
  const sandbox = await startSandbox({ ...ACCOUNT, now });
  const plaid = createPlaidClient({
    clientId: ACCOUNT.clientId,
    secret: new Secret(ACCOUNT.secret),
    environment: 'sandbox',
    baseUrl: sandbox.url,
  });
  const running: RoutedSession = { key: 'shop-1', endedAt: undefined };
  const sessions = new Map([[plaidSessionHash(SESSION_ID), running]]);
  const hints: string[] = [];
  const deliveryFailures: [string, string][] = [];
  const askedKeys: string[] = [];
  const lines: string[] = [];
  const receiver = await startWebhookReceiver({
    plaid: {
      webhookVerificationKeyGet: (keyId) => {
        askedKeys.push(keyId);
        return plaid.webhookVerificationKeyGet(keyId);
      },
    },
    sessions: { findByPlaidSession: (hash) => Promise.resolve(sessions.get(hash)) },
    client: {
      checkNow: async (key) => void hints.push(key),
      deliveryFailed: async (key, method) => void deliveryFailures.push([key, method]),
    },
    environment: 'sandbox',
    logger: createLogger({ level: 'trace', destination: { write: (line) => void lines.push(line) } }),
    address: { host: '127.0.0.1', port: 0 },
    now,
    ...options,
  });
  return {
    sandbox,
    receiver,
    clock,
    sessions,
    hints,
    deliveryFailures,
    askedKeys,
    log: () => lines.join(''),
    post: (body, { token = sandbox.webhooks.sign(String(body)), contentType = 'application/json' } = {}) =>
      fetch(receiver.url, {
        method: 'POST',
        headers: { 'content-type': contentType, ...(token !== null && { 'plaid-verification': token }) },
        body,
      }),
    close: async () => {
      await receiver.close();
      await plaid.close();
      await sandbox.close();
    },
  };
}

let count = 0;

/** A LINK_CALLBACK as Plaid writes it, no two alike. */
export function callback(callbackType: string, sessionId = SESSION_ID): string {
  return pretty({
    link_callback_metadata: {
      accounts: [{ name: 'Plaid Saving', mask: '1111' }],
      callback_type: callbackType,
      event_name: 'HANDOFF',
      request_id: `request-${(count += 1)}`,
    },
    link_delivery_session_id: sessionId,
    timestamp: '2030-05-01T12:00:00Z',
    webhook_code: 'LINK_CALLBACK',
    webhook_type: 'LINK_DELIVERY',
  });
}

/** A DELIVERY_STATUS as Plaid writes it. */
export function deliveryStatus(status: string, method?: string): string {
  return pretty({
    link_delivery_metadata: { communication_method: method, delivery_status: status },
    link_delivery_session_id: SESSION_ID,
    timestamp: '2030-05-01T12:00:00Z',
    webhook_code: 'DELIVERY_STATUS',
    webhook_type: 'LINK_DELIVERY',
  });
}

/** A webhook of the type LINK as Plaid writes it. */
export function linkWebhook(code: string, fields: Record<string, unknown> = {}): string {
  return pretty({
    environment: 'sandbox',
    link_session_id: '356dbb28-7f98-44d1-8e6d-0cec580f3171',
    link_token: `link-sandbox-${SESSION_ID}`,
    ...fields,
    webhook_code: code,
    webhook_type: 'LINK',
  });
}

/** A webhook of an item, as Plaid writes it: the same bytes for each news of the item. */
export function itemWebhook(itemId = 'item-1'): string {
  return pretty({
    environment: 'sandbox',
    historical_update_complete: true,
    initial_update_complete: true,
    item_id: itemId,
    webhook_code: 'SYNC_UPDATES_AVAILABLE',
    webhook_type: 'TRANSACTIONS',
  });
}

/** JSON as Plaid sends it, indented by two spaces. */
export function pretty(value: unknown): string {
  return JSON.stringify(value, undefined, 2);
}
