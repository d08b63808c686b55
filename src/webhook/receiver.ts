import type { KeyObject } from 'node:crypto';
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { HostedLinkError } from '../client-error';
import { plaidSessionHash } from '../digest';
import { listenError } from '../listen-error';
import type { Logger } from '../logger';
import { HintGate } from './hint-gate';
import { WebhookKeyError } from './key-cache';
import { readWebhook } from './payload';
import { verifyWebhook, type VerifiedWebhook, WebhookRefused } from './verify';

/** Where Plaid is to send webhooks. */
const WEBHOOK_PATH = '/webhooks/plaid';

/** The largest body, in bytes: 256 KiB. Plaid's webhooks for a session are a few kB, with many events some tens. */
const BODY_LIMIT_BYTES = 256 * 1024;

/** How long a request may take to arrive, in milliseconds: as long as Plaid waits for an answer. */
const REQUEST_TIMEOUT_MS = 10_000;

/** How long finding and hinting a session may take, in milliseconds. With the wait for a key it stays inside Plaid's 10 s. */
const ROUTE_TIMEOUT_MS = 3_000;

/** Refusals are logged at most this often for each reason, in milliseconds: strangers must not fill the log. */
const REFUSAL_LOG_SPACING_MS = 60_000;

/** A session as the receiver needs it. */
export interface RoutedSession {
  key: string;
  /** Undefined while it runs. */
  endedAt: Date | undefined;
}

export interface WebhookReceiverOptions {
  /** The key with this id, such as `WebhookKeyCache.get`. */
  keyOf: (keyId: string) => Promise<KeyObject>;
  /** The session behind the hash of Plaid's session id, such as the vault's `sessions.findByPlaidSession`. */
  findSession: (plaidSessionHash: string) => Promise<RoutedSession | undefined>;
  /** Lets a session get at once, such as `HostedLinkClient.checkNow`. */
  checkNow: (key: string) => Promise<void>;
  logger: Logger;
  /** 0 to 65535; 0 takes a free port. */
  port: number;
  /** The address to listen on. Default 127.0.0.1. */
  host?: string | undefined;
  /** In milliseconds since 1970. Default `Date.now`. */
  now?: (() => number) | undefined;
}

/** How the requests of this process came out. Each one counts once. */
export interface WebhookCounts {
  /** Verified, and its session was hinted, or a hint to it will gather this one. */
  hinted: number;
  /** Verified, with nothing to do: ON_EVENT, a sent message, webhooks of other products, whatever Plaid adds. */
  ignored: number;
  /** Verified, and the same bytes came before within their life. */
  duplicate: number;
  /** Verified, of a session that the vault does not know. */
  unknownSession: number;
  /** Verified, of a session that has ended. */
  endedSession: number;
  /** Answered 401: not Plaid's. */
  refused: number;
  /** Answered 503: no key, no vault or no Temporal. Plaid tries again. */
  unavailable: number;
}

/** A running receiver. */
export interface WebhookReceiver {
  /** The URL for Plaid, as seen from this machine. */
  url: string;
  counts(): WebhookCounts;
  /** Stops listening, after requests under way have been answered, and sends the hints that wait. */
  close(): Promise<void>;
}

/**
 * Starts the receiver of Plaid's webhooks: `POST /webhooks/plaid`. A webhook is a hint and nothing more: a verified one lets its
 * session get at once, and what the session becomes is read from Plaid. Nothing of a body is stored or logged.
 *
 * Answers 200 to all that Plaid signed, known or not; 401 to what it did not; 503 when that cannot be told or the hint cannot be
 * passed on, so that Plaid tries again; 404, 413 (over 256 KiB) and 415 (not JSON).
 * @throws InputError on a port or host that cannot be listened on
 */
export async function startWebhookReceiver(options: WebhookReceiverOptions): Promise<WebhookReceiver> {
  const { logger, now = Date.now, host = '127.0.0.1', port } = options;
  const counts: WebhookCounts = {
    hinted: 0,
    ignored: 0,
    duplicate: 0,
    unknownSession: 0,
    endedSession: 0,
    refused: 0,
    unavailable: 0,
  };
  const seen = new SeenBodies(now);
  const refusals = new RefusalLog(logger, now);
  const gate = new HintGate(options.checkNow, (key, error) => {
    if (!isOver(error)) logger.warn({ key, err: error }, 'a session could not be hinted');
  });

  async function route(body: Buffer): Promise<keyof WebhookCounts> {
    const meaning = readWebhook(body);
    if (meaning.kind === 'ignored') return 'ignored';
    const session = await options.findSession(plaidSessionHash(meaning.plaidSessionId));
    if (!session) return 'unknownSession';
    const { key, endedAt } = session;
    if (meaning.kind === 'delivery_failure') logger.warn({ key }, 'Plaid could not deliver the link');
    if (endedAt !== undefined) return 'endedSession';
    try {
      await gate.hint(key);
    } catch (error) {
      if (isOver(error)) return 'endedSession';
      throw error;
    }
    return 'hinted';
  }

  async function receive(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    let verified: VerifiedWebhook;
    try {
      verified = await verifyWebhook({
        token: request.headers['plaid-verification'],
        body,
        keyOf: options.keyOf,
        now: now(),
      });
    } catch (error) {
      if (error instanceof WebhookRefused) {
        counts.refused += 1;
        refusals.log(error.reason);
        return reply.code(401).send(`${error.message}\n`);
      }
      if (!(error instanceof WebhookKeyError)) throw error;
      counts.unavailable += 1;
      refusals.log('key_unavailable', error.cause);
      return reply.code(503).send('the key cannot be had now; try again\n');
    }
    if (!seen.add(verified)) {
      counts.duplicate += 1;
      return reply.send();
    }
    let outcome: keyof WebhookCounts;
    try {
      outcome = await within(ROUTE_TIMEOUT_MS, route(body));
    } catch (error) {
      seen.remove(verified);
      counts.unavailable += 1;
      logger.warn({ err: error }, 'a webhook could not be passed on');
      return reply.code(503).send('the webhook cannot be passed on now; try again\n');
    }
    counts[outcome] += 1;
    return reply.send();
  }

  const app = fastify({
    logger: false,
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    exposeHeadRoutes: false,
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
  app.addHook('onRequest', async (_request, reply) => {
    reply.type('text/plain; charset=utf-8').header('cache-control', 'no-store');
  });
  app.post(WEBHOOK_PATH, receive);
  app.setNotFoundHandler((_request, reply) =>
    reply.code(404).send(`not found; this server answers POST ${WEBHOOK_PATH} only\n`),
  );
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) logger.error({ err: error }, 'a webhook failed');
    // Fastify's own refusals (too large, no JSON) name no content; anything else is ours to hide.
    return reply.code(status).send(status < 500 ? `${error.message}\n` : 'internal error\n');
  });

  try {
    const origin = await app.listen({ port, host });
    return {
      url: origin + WEBHOOK_PATH,
      counts: () => ({ ...counts }),
      close: async () => {
        await app.close();
        await gate.close();
      },
    };
  } catch (error) {
    await app.close();
    throw listenError(error, host, port);
  }
}

/** True when there is no session to hint any more. */
function isOver(error: unknown): boolean {
  return (
    error instanceof HostedLinkError && (error.code === 'SESSION_ENDED' || error.code === 'SESSION_UNKNOWN')
  );
}

/** Rejects when `work` takes longer than `ms` milliseconds; the work itself goes on. */
async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no result within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, tooLong]);
  } finally {
    clearTimeout(timer);
  }
}

/** Hashes of verified bodies, for as long as their tokens live. Strangers cannot fill it: only Plaid's bodies get here. */
class SeenBodies {
  readonly #validUntil = new Map<string, number>();

  constructor(private readonly now: () => number) {}

  /** False when the body is there already. */
  add({ bodyHash, validUntil }: VerifiedWebhook): boolean {
    for (const [hash, until] of this.#validUntil) {
      if (until < this.now()) this.#validUntil.delete(hash);
    }
    if (this.#validUntil.has(bodyHash)) return false;
    this.#validUntil.set(bodyHash, validUntil);
    return true;
  }

  remove({ bodyHash }: VerifiedWebhook): void {
    this.#validUntil.delete(bodyHash);
  }
}

/** Logs refusals by reason, the first at once, the others as a number. */
class RefusalLog {
  readonly #reasons = new Map<string, { loggedAt: number; since: number }>();

  constructor(
    private readonly logger: Logger,
    private readonly now: () => number,
  ) {}

  log(reason: string, cause?: unknown): void {
    const last = this.#reasons.get(reason);
    if (last && this.now() - last.loggedAt < REFUSAL_LOG_SPACING_MS) {
      last.since += 1;
      return;
    }
    this.#reasons.set(reason, { loggedAt: this.now(), since: 0 });
    this.logger.warn({ reason, notLoggedBefore: last?.since ?? 0, err: cause }, 'webhook refused');
  }
}
