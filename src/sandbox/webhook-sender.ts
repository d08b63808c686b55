import { Agent, request } from 'undici';
import type { WebhookKeys } from './webhook-keys';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

/** How Plaid repeats a webhook that was not answered with 200 in time, in milliseconds (plaid.com/docs/api/webhooks, 2026-03). */
const ANSWER_TIMEOUT_MS = 10 * SECOND;
const FIRST_WAIT_MS = 30 * SECOND;
const WAIT_FACTOR = 4;
const GIVE_UP_AFTER_MS = 24 * HOUR;

/** How often the clock is looked at while an attempt is due later, in milliseconds. */
const TICK_MS = 250;

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
  /** SKIPPED: the URL is not on this machine. */
  outcome: 'PENDING' | 'DELIVERED' | 'GIVEN_UP' | 'SKIPPED';
}

/** The body of a webhook. */
export interface Webhook extends Record<string, unknown> {
  webhook_type: string;
  webhook_code: string;
}

/** Signs webhooks and posts them, again and again as Plaid does, by the sandbox's clock. */
export class WebhookSender {
  readonly deliveries: WebhookDelivery[] = [];
  readonly #agent = new Agent();
  readonly #waiting = new Map<WebhookDelivery, { dueAt: number; waitMs: number }>();
  #ticker: NodeJS.Timeout | undefined;

  constructor(
    private readonly keys: WebhookKeys,
    private readonly now: () => number,
  ) {}

  /** Sends a webhook now, and again later if need be. Its JSON is indented by two spaces, as Plaid's is. */
  send(url: string, webhook: Webhook): void {
    const delivery: WebhookDelivery = {
      url,
      webhookType: webhook.webhook_type,
      webhookCode: webhook.webhook_code,
      body: JSON.stringify(webhook, undefined, 2),
      attempts: [],
      outcome: LOOPBACK_NAMES.includes(new URL(url).hostname) ? 'PENDING' : 'SKIPPED',
    };
    this.deliveries.push(delivery);
    if (delivery.outcome === 'PENDING') void this.#attempt(delivery, FIRST_WAIT_MS);
  }

  /** Sends nothing any more. Attempts under way are cut off. */
  async close(): Promise<void> {
    clearInterval(this.#ticker);
    this.#waiting.clear();
    await this.#agent.destroy();
  }

  async #attempt(delivery: WebhookDelivery, waitMs: number): Promise<void> {
    const at = this.now();
    const status = await this.#post(delivery);
    delivery.attempts.push({ at, status });
    const dueAt = at + waitMs;
    if (status === 200) delivery.outcome = 'DELIVERED';
    else if (dueAt - delivery.attempts[0]!.at > GIVE_UP_AFTER_MS) delivery.outcome = 'GIVEN_UP';
    else if (!this.#agent.destroyed) this.#wait(delivery, dueAt, waitMs * WAIT_FACTOR);
  }

  async #post({ url, body }: WebhookDelivery): Promise<number | undefined> {
    try {
      const answer = await request(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'plaid-verification': this.keys.sign(body) },
        body,
        dispatcher: this.#agent,
        signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      });
      await answer.body.dump();
      return answer.statusCode;
    } catch {
      return undefined;
    }
  }

  #wait(delivery: WebhookDelivery, dueAt: number, waitMs: number): void {
    this.#waiting.set(delivery, { dueAt, waitMs });
    this.#ticker ??= setInterval(() => this.#sendDue(), TICK_MS).unref();
  }

  #sendDue(): void {
    for (const [delivery, { dueAt, waitMs }] of this.#waiting) {
      if (dueAt > this.now()) continue;
      this.#waiting.delete(delivery);
      void this.#attempt(delivery, waitMs);
    }
    if (this.#waiting.size > 0) return;
    clearInterval(this.#ticker);
    this.#ticker = undefined;
  }
}
