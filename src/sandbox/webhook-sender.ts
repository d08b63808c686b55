import { Agent, request } from 'undici';
import { HOUR, SECOND } from '../domain/time';
import type { SandboxClock } from './clock';
import { Plan } from './plan';
import type { Webhook, WebhookFault } from './webhook-fault';
import type { WebhookKeys } from './webhook-keys';

/** How Plaid repeats a webhook that was not answered with 200 in time, in milliseconds (plaid.com/docs/api/webhooks, 2026-03). */
const ANSWER_TIMEOUT_MS = 10 * SECOND;
const FIRST_WAIT_MS = 30 * SECOND;
const WAIT_FACTOR = 4;
const GIVE_UP_AFTER_MS = 24 * HOUR;

/** How long a reordered webhook waits for the one that is to overtake it, in milliseconds. */
const OVERTAKING_TIME_MS = 60 * SECOND;

/** An offline Plaid sends nothing to other machines. */
const LOOPBACK_NAMES: readonly string[] = ['127.0.0.1', 'localhost', '[::1]'];

/** One webhook and how its attempts went. */
export interface WebhookDelivery {
  readonly url: string;
  readonly webhookType: string;
  readonly webhookCode: string;
  /** As it is sent, to the byte. */
  readonly body: string;
  /** One entry for each attempt that has ended. `status` is undefined when no answer came. */
  readonly attempts: { at: number; status: number | undefined }[];
  /** SKIPPED: the URL is not on this machine. LOST: a fault lost it. */
  outcome: 'PENDING' | 'DELIVERED' | 'GIVEN_UP' | 'SKIPPED' | 'LOST';
}

interface SenderOptions {
  keys: WebhookKeys;
  clock: SandboxClock;
  /** False: whatever is not taken at once is given up, as Plaid does with a receiver that has refused nearly all for a day. */
  retries: () => boolean;
  /** How long an answer may take, in milliseconds of real time. Default: Plaid's 10 s. */
  answerTimeoutMs?: number;
}

/** Signs webhooks and posts them, again and again as Plaid does, by the sandbox's clock. */
export class WebhookSender {
  readonly deliveries: WebhookDelivery[] = [];
  readonly faults = new Plan<WebhookFault, Webhook>();
  readonly #agent = new Agent();
  /** By URL: the first attempt of the newest webhook. Without a fault, first attempts keep the order of sending. */
  readonly #firstAttempts = new Map<string, Promise<void>>();
  /** By URL: the webhook that waits to be overtaken. */
  readonly #overtaken = new Map<string, WebhookDelivery>();

  constructor(private readonly options: SenderOptions) {}

  /** Sends a webhook now, and again later if need be. Its JSON is indented by two spaces, as Plaid's is. */
  send(url: string, webhook: Webhook): void {
    const delivery = this.#newDelivery(url, webhook);
    if (delivery.outcome === 'SKIPPED') return;
    const { clock } = this.options;
    const fault = this.faults.take(webhook);
    switch (fault?.kind) {
      case 'lose':
        delivery.outcome = 'LOST';
        return;
      case 'delay':
        return clock.plan(clock.now() + fault.byMs, () => this.#begin(delivery));
      case 'reorder':
        if (this.#overtaken.has(url)) return this.#begin(delivery);
        this.#overtaken.set(url, delivery);
        return clock.plan(clock.now() + OVERTAKING_TIME_MS, () => this.#letGo(url, delivery));
      case 'duplicate':
        this.#begin(delivery);
        for (let copy = 1; copy <= (fault.copies ?? 1); copy += 1) {
          const again = this.#newDelivery(url, webhook);
          clock.plan(clock.now() + copy * (fault.afterMs ?? 0), () => this.#begin(again));
        }
        return;
      case undefined:
        return this.#begin(delivery);
    }
  }

  /** Sends nothing any more. Attempts under way are cut off. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  #newDelivery(url: string, webhook: Webhook): WebhookDelivery {
    const delivery: WebhookDelivery = {
      url,
      webhookType: webhook.webhook_type,
      webhookCode: webhook.webhook_code,
      body: JSON.stringify(webhook, undefined, 2),
      attempts: [],
      outcome: LOOPBACK_NAMES.includes(new URL(url).hostname) ? 'PENDING' : 'SKIPPED',
    };
    this.deliveries.push(delivery);
    return delivery;
  }

  /** Makes the first attempt, after those that are under way, and then lets the one go that this one overtook. */
  #begin(delivery: WebhookDelivery): void {
    const { url } = delivery;
    const before = this.#firstAttempts.get(url) ?? Promise.resolve();
    this.#firstAttempts.set(
      url,
      before.then(() => this.#attempt(delivery, FIRST_WAIT_MS)),
    );
    const overtaken = this.#overtaken.get(url);
    if (overtaken) this.#letGo(url, overtaken);
  }

  #letGo(url: string, overtaken: WebhookDelivery): void {
    if (this.#overtaken.get(url) !== overtaken) return;
    this.#overtaken.delete(url);
    this.#begin(overtaken);
  }

  async #attempt(delivery: WebhookDelivery, waitMs: number): Promise<void> {
    const { clock, retries } = this.options;
    const at = clock.now();
    const status = await this.#post(delivery);
    delivery.attempts.push({ at, status });
    const dueAt = at + waitMs;
    if (status === 200) delivery.outcome = 'DELIVERED';
    else if (!retries() || dueAt - delivery.attempts[0]!.at > GIVE_UP_AFTER_MS) delivery.outcome = 'GIVEN_UP';
    else if (!this.#agent.destroyed) {
      clock.plan(dueAt, () => void this.#attempt(delivery, waitMs * WAIT_FACTOR));
    }
  }

  async #post({ url, body }: WebhookDelivery): Promise<number | undefined> {
    const { keys, answerTimeoutMs = ANSWER_TIMEOUT_MS } = this.options;
    try {
      const answer = await request(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'plaid-verification': keys.sign(body) },
        body,
        dispatcher: this.#agent,
        signal: AbortSignal.timeout(answerTimeoutMs),
      });
      await answer.body.dump();
      return answer.statusCode;
    } catch {
      return undefined;
    }
  }
}
