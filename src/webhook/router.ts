import { type Link, SpanKind, trace } from '@opentelemetry/api';
import type { HostedLinkClient } from '../client';
import { HostedLinkError } from '../client/client-error';
import { plaidSessionHash } from '../secrets/digest';
import type { Logger } from '../telemetry/logger';
import type { PlaidEnvironment } from '../domain/link-token';
import type { DeliveryFailure } from '../domain/views';
import { contextOf, inSpan } from '../telemetry/span';
import type { WebhookOutcome } from '../domain/webhook-outcome';
import { WebhookForwarder } from './forwarder';
import { readWebhook, type WebhookMeaning } from './payload';
import { SeenWebhooks } from './seen-webhooks';
import { SignalGate } from './signal-gate';
import type { VerifiedWebhook } from './verify';
import { withTimeout } from './with-timeout';

/** How long finding and signalling a session may take, in milliseconds. With the wait for a key it stays inside Plaid's 10 s. */
const SIGNAL_TIMEOUT_MS = 3_000;

/** What a webhook about a session means. */
type SessionWebhook = Extract<WebhookMeaning, { plaidSessionId: string }>;

/** What came of a verified webhook. */
export type Outcome = Exclude<WebhookOutcome, 'refused' | 'unavailable'>;

/** A session as the receiver needs it. */
export interface RoutedSession {
  key: string;
  /** Undefined while it runs. */
  endedAt: Date | undefined;
  /** The span that its trace begins with. */
  traceparent?: string | undefined;
}

export interface WebhookRouterOptions {
  /** The `sessions` table, which has each session before its URL is given out. */
  sessions: { findByPlaidSession(plaidSessionHash: string): Promise<RoutedSession | undefined> };
  client: Pick<HostedLinkClient, 'checkNow' | 'deliveryFailed'>;
  /** The Plaid environment of this deployment. */
  environment: PlaidEnvironment;
  /** Where webhooks of other products are forwarded, by the rules of `checkWebhookUrl`. Undefined drops them. */
  itemWebhookUrl?: string | undefined;
  logger: Logger;
  /** In milliseconds since 1970. */
  now: () => number;
}

/** Brings verified webhooks to their sessions as signals, and those of other products to the application. */
export class WebhookRouter {
  readonly #options: WebhookRouterOptions;
  readonly #seen: SeenWebhooks;
  readonly #hints: SignalGate<void>;
  readonly #deliveryFailures: SignalGate<DeliveryFailure['method']>;
  readonly #forwarder: WebhookForwarder | undefined;

  constructor(options: WebhookRouterOptions) {
    const { client, logger, itemWebhookUrl } = options;
    this.#options = options;
    this.#seen = new SeenWebhooks(options.now);
    const onLateFailure = (key: string, error: unknown) => {
      if (!isOver(error)) logger.warn({ key, err: error }, 'a session could not be signalled');
    };
    this.#hints = new SignalGate((key) => client.checkNow(key), onLateFailure);
    this.#deliveryFailures = new SignalGate(
      (key, method) => client.deliveryFailed(key, method),
      onLateFailure,
    );
    this.#forwarder = itemWebhookUrl === undefined ? undefined : new WebhookForwarder(itemWebhookUrl);
  }

  /**
   * Resolves when all is done that a webhook asks for, or is sure to be.
   * @throws ForwardError, or what the vault or Temporal failed with: Plaid is to send it again
   */
  async route(webhook: VerifiedWebhook): Promise<Outcome> {
    const meaning = readWebhook(webhook.body, this.#options.environment);
    switch (meaning.kind) {
      case 'nothing':
        return 'ignored';
      case 'other_environment':
        return 'otherEnvironment';
      case 'other_product':
        return await this.#forward(webhook);
      case 'hint':
      case 'delivery_failure':
        return await this.#once(webhook.bodyHash, webhook.validUntil, () =>
          withTimeout(SIGNAL_TIMEOUT_MS, this.#signal(meaning), () => new Error('no result in time')),
        );
    }
  }

  /** Sends the signals that wait, and cuts off what is being forwarded. */
  async close(): Promise<void> {
    await Promise.all([this.#hints.close(), this.#deliveryFailures.close(), this.#forwarder?.close()]);
  }

  /**
   * Two events of an item may have the same bytes (SYNC_UPDATES_AVAILABLE names no time), but not the same token. The token counts
   * without its signature, of which there can be two.
   */
  async #forward(webhook: VerifiedWebhook): Promise<Outcome> {
    const forwarder = this.#forwarder;
    if (!forwarder) return 'dropped';
    return await this.#once(webhook.signedHash, webhook.validUntil, async () => {
      await forwarder.forward(webhook);
      return 'forwarded';
    });
  }

  async #once(name: string, validUntil: number, act: () => Promise<Outcome>): Promise<Outcome> {
    if (!this.#seen.add(name, validUntil)) return 'duplicate';
    try {
      return await act();
    } catch (error) {
      this.#seen.remove(name);
      throw error;
    }
  }

  /** Only what Plaid signed, of a session that is known, comes as far as a span. */
  async #signal(meaning: SessionWebhook): Promise<Outcome> {
    const { sessions } = this.#options;
    const session = await sessions.findByPlaidSession(plaidSessionHash(meaning.plaidSessionId));
    if (!session) return 'unknownSession';
    return await inSpan(
      'ReceiveWebhook',
      {
        kind: SpanKind.SERVER,
        within: contextOf(session.traceparent),
        links: linksToActive(),
        attributes: { 'hosted_link.session_key': session.key, 'hosted_link.webhook.kind': meaning.kind },
      },
      async (span) => {
        const outcome = await this.#signalSession(session, meaning);
        span.setAttribute('hosted_link.webhook.outcome', outcome);
        return outcome;
      },
    );
  }

  async #signalSession({ key, endedAt }: RoutedSession, meaning: SessionWebhook): Promise<Outcome> {
    const { logger } = this.#options;
    if (meaning.kind === 'delivery_failure')
      logger.warn({ key, method: meaning.method }, 'Plaid could not deliver the link');
    if (endedAt !== undefined) return 'endedSession';
    try {
      if (meaning.kind === 'hint') await this.#hints.signal(key);
      else await this.#deliveryFailures.signal(key, meaning.method);
    } catch (error) {
      if (isOver(error)) return 'endedSession';
      throw error;
    }
    return meaning.kind === 'hint' ? 'hinted' : 'deliveryFailed';
  }
}

/** The span of the request, where the application's SDK makes one. */
function linksToActive(): Link[] {
  const active = trace.getActiveSpan();
  return active ? [{ context: active.spanContext() }] : [];
}

/** True when there is no session to signal any more. */
function isOver(error: unknown): boolean {
  return (
    error instanceof HostedLinkError && (error.code === 'SESSION_ENDED' || error.code === 'SESSION_UNKNOWN')
  );
}
