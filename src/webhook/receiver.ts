import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ListenAddress } from '../http/listen-address';
import { createServer, listen } from '../http/server';
import type { PlaidClient } from '../plaid/plaid';
import { ThrottledLogger } from '../telemetry/log-throttle';
import { WEBHOOK_OUTCOMES, type WebhookOutcome } from '../domain/webhook-outcome';
import { ForwardError } from './forwarder';
import { WebhookKeyCache, WebhookKeyError } from './key-cache';
import { WebhookRouter, type WebhookRouterOptions } from './router';
import { verifyWebhook, type VerifiedWebhook, WebhookRefused } from './verify';

/** The path that Plaid sends webhooks to. */
export const WEBHOOK_PATH = '/webhooks/plaid';

/** The largest body, in bytes: 256 KiB. Plaid's webhooks for a session are a few kB, with many events some tens. */
const BODY_LIMIT_BYTES = 256 * 1024;

export interface WebhookReceiverOptions extends Omit<WebhookRouterOptions, 'now'> {
  /** Has the keys that webhooks are signed with. */
  plaid: Pick<PlaidClient, 'webhookVerificationKeyGet'>;
  /** Where to listen. */
  address: ListenAddress;
  /** The setting or option that has the address, which an error names. Default `address`. */
  addressField?: string | undefined;
  /** Called with the outcome of each request. */
  onOutcome?: ((outcome: WebhookOutcome) => void) | undefined;
  /** In milliseconds since 1970. Default `Date.now`. */
  now?: (() => number) | undefined;
}

/** How the requests of this process came out. Each one counts once. */
export type WebhookCounts = Record<WebhookOutcome, number>;

/** A running receiver. */
export interface WebhookReceiver {
  /** The URL for Plaid, as seen from this machine. */
  url: string;
  counts(): WebhookCounts;
  /** Stops listening, after requests under way have been answered, and sends the signals that wait. */
  close(): Promise<void>;
}

/**
 * Starts the receiver of Plaid's webhooks: `POST /webhooks/plaid`. A webhook is a hint and nothing more: a verified one lets its
 * session get at once, and what the session becomes is read from Plaid. Nothing of a body is stored or logged.
 *
 * Answers 200 to all that Plaid signed, known or not; 401 to what it did not; 503 when it cannot check that or the webhook cannot be
 * passed on, so that Plaid tries again; 404, 413 (over 256 KiB) and 415 (not JSON).
 * @throws InputError naming `addressField` when the address cannot be listened on
 */
export async function startWebhookReceiver(options: WebhookReceiverOptions): Promise<WebhookReceiver> {
  const { plaid, logger, address, addressField = 'address', onOutcome, now = Date.now } = options;
  const counts = Object.fromEntries(WEBHOOK_OUTCOMES.map((outcome) => [outcome, 0])) as WebhookCounts;
  const count = (outcome: WebhookOutcome) => {
    counts[outcome] += 1;
    onOutcome?.(outcome);
  };
  const log = new ThrottledLogger(logger, now);
  const keys = new WebhookKeyCache({ fetchKey: (keyId) => plaid.webhookVerificationKeyGet(keyId), now });
  const router = new WebhookRouter({ ...options, now });

  async function receive(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    let verified: VerifiedWebhook;
    try {
      verified = await verifyWebhook({
        token: request.headers['plaid-verification'],
        body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
        keyOf: (keyId) => keys.get(keyId),
        now: now(),
      });
    } catch (error) {
      if (error instanceof WebhookRefused) {
        count('refused');
        log.warn(error.reason, 'webhook refused');
        return reply.code(401).send(`${error.message}\n`);
      }
      if (!(error instanceof WebhookKeyError)) throw error;
      count('unavailable');
      log.warn('key_unavailable', 'a webhook could not be verified', error.cause);
      return reply.code(503).send('the key cannot be had now; try again\n');
    }
    try {
      const outcome = await router.route(verified);
      count(outcome);
      if (outcome === 'otherEnvironment') log.warn(outcome, 'webhook of another Plaid environment');
    } catch (error) {
      count('unavailable');
      const reason = error instanceof ForwardError ? 'not_forwarded' : 'not_signalled';
      log.warn(reason, 'a webhook could not be passed on', error);
      return reply.code(503).send('the webhook cannot be passed on now; try again\n');
    }
    return reply.send();
  }

  const app = createServer({
    answers: `POST ${WEBHOOK_PATH}`,
    bodyLimit: BODY_LIMIT_BYTES,
    onUnexpectedError: (error) => logger.error({ err: error }, 'a webhook failed'),
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
  app.post(WEBHOOK_PATH, receive);
  try {
    const { origin, close } = await listen(app, address, addressField);
    return {
      url: origin + WEBHOOK_PATH,
      counts: () => ({ ...counts }),
      async close() {
        await close();
        await router.close();
        logger.info(counts, 'webhooks are no longer received');
      },
    };
  } catch (error) {
    await router.close();
    throw error;
  }
}
