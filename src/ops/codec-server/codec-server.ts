import fastify, { type FastifyRequest } from 'fastify';
import type { Payload } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { z } from 'zod';
import { closeInTime, REQUEST_TIMEOUT_MS, TRICKLE_LIMITS } from '../../http/limits';
import { InputError, inputErrorFrom, issueMessage } from '../../domain/input-error';
import type { KeyRing } from '../../secrets/key-ring';
import { listenError } from '../../http/listen-error';
import { AccessDenied, type CheckAccess } from './access';
import type { CodecAuditEntry } from './audit';
import { maskPayload, textPayload } from './mask';
import { decryptOr } from '../../codec/payload-codec';

const PayloadMessage = temporal.api.common.v1.Payload;

/** The largest request, in bytes: 4 MiB, which is also the largest message that Temporal's server takes. */
const BODY_LIMIT_BYTES = 4 * 1024 * 1024;
/** The most payloads in a request. Web UI sends those of one event, or of one page of events. */
const MAX_PAYLOADS = 10_000;
const LOOPBACK_NAMES = new Set(['localhost', '127.0.0.1', '[::1]']);
const NAMESPACE = /^[\w.-]{1,255}$/;
const MAX_REASONS = 5;

export interface CodecServerOptions {
  /** The codec's key ring: decrypts, never encrypts. */
  ring: KeyRing;
  /** Origins whose pages may decode, such as `http://localhost:8233`. Programs that send no Origin header may as well. */
  origins: readonly string[];
  /** Who may decode. Without it whoever reaches the server may, so it listens on loopback only. */
  checkAccess?: CheckAccess | undefined;
  /** Shows phone numbers, e-mail addresses, URLs, tokens and the like, which are masked by default (see `maskPayload`). */
  unmasked?: boolean | undefined;
  /** Serves HTTPS, with a certificate (its chain after it) and its key, both PEM. */
  tls?: { cert: string; key: string } | undefined;
  /** 0 to 65535; 0 takes a free port. */
  port: number;
  /** The address to listen on. Default 127.0.0.1. */
  host?: string | undefined;
  /** Is told of each call of `/decode`, when it has been answered. */
  audit: (entry: CodecAuditEntry) => void;
}

/** A running codec server. */
export interface CodecServer {
  /** Without a trailing slash: the endpoint for Temporal Web UI and the Temporal CLI. */
  url: string;
  /** Stops listening, after requests under way have been answered, or 8 s. */
  close(): Promise<void>;
}

const base64 = z.string().regex(/^[A-Za-z0-9+/_-]*={0,2}$/, issueMessage('not base64', 'encode it'));

/** Payloads in proto3 JSON, which leaves out an empty list: the Temporal CLI sends `{}` for a signal without arguments. */
const payloadsSchema = z.object({
  payloads: z
    .array(
      z.looseObject({
        metadata: z.record(z.string(), base64).nullish(),
        data: base64.nullish(),
      }),
    )
    .max(MAX_PAYLOADS, issueMessage(`more than ${MAX_PAYLOADS}`, 'ask for fewer at once'))
    .default([]),
});

type App = ReturnType<typeof createApp>;

/**
 * Starts the server that lets Temporal Web UI and the Temporal CLI show decrypted payloads: `POST /decode` takes and gives
 * Payloads in proto3 JSON. It cannot encrypt, answers only pages of the given origins and callers that `checkAccess` lets in, and
 * masks what is secret or personal. On loopback without `checkAccess` it also checks the Host header, so that no other name can be
 * pointed at it. Unencrypted payloads pass through as they are: who sees them here sees them without it.
 *
 * In the place of a payload that cannot be decrypted stands a text that says so and names the key id.
 * @throws InputError on a malformed origin, a host that is not loopback without `checkAccess`, or a port, host, certificate or key
 * that cannot be used
 */
export async function startCodecServer(options: CodecServerOptions): Promise<CodecServer> {
  const { host = '127.0.0.1', port, checkAccess } = options;
  const origins = new Set(options.origins.map(checkOrigin));
  if (!checkAccess && !isLoopback(host))
    throw new InputError(
      'host',
      'not loopback, so that whoever reaches it could decode',
      'say who may by HOSTED_LINK_CODEC_TOKENS or HOSTED_LINK_CODEC_JWKS_URL',
    );
  const app = createApp(options.tls);
  // Without it, a page could post text/plain with no preflight.
  app.removeContentTypeParser('text/plain');
  if (!checkAccess) refuseForeignHosts(app);
  allowOrigins(app, origins);
  answerDecode(app, options);

  try {
    const url = await app.listen({ port, host });
    return { url, close: () => closeInTime(app) };
  } catch (error) {
    await app.close();
    throw listenError(error, host, port);
  }
}

function createApp(tls: CodecServerOptions['tls']) {
  try {
    return fastify({
      ...(tls ? { https: { ...tls, ...TRICKLE_LIMITS } } : { https: null, http: TRICKLE_LIMITS }),
      logger: false,
      bodyLimit: BODY_LIMIT_BYTES,
      requestTimeout: REQUEST_TIMEOUT_MS,
    });
  } catch {
    // OpenSSL's own messages name no setting.
    throw new InputError(
      'HOSTED_LINK_CODEC_TLS_CERT',
      'not a certificate in PEM, or HOSTED_LINK_CODEC_TLS_KEY is not its key',
      'give both as they were issued',
    );
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** DNS rebinding: a page whose own name resolves to loopback is same-origin to its browser, but still sends its name. */
function refuseForeignHosts(app: App): void {
  app.addHook('onRequest', async (request, reply) => {
    const name = (request.headers.host ?? '').replace(/:\d+$/, '');
    if (!LOOPBACK_NAMES.has(name) && !isLoopback(name))
      return reply.code(403).send('host is not a loopback name; use the address that the server printed\n');
  });
}

function allowOrigins(app: App, origins: ReadonlySet<string>): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('vary', 'Origin').header('cache-control', 'no-store');
    const origin = request.headers.origin;
    if (origin === undefined) return;
    if (!origins.has(origin))
      return reply.code(403).send('origin is not allowed; start the codec server with --origin for it\n');
    reply.header('access-control-allow-origin', origin);
  });
  // The last one holds the user's ID token, which newer versions of Web UI send along; it is not read.
  app.options('/decode', async (_request, reply) =>
    reply
      .code(204)
      .header('access-control-allow-methods', 'POST')
      .header(
        'access-control-allow-headers',
        'content-type, x-namespace, authorization, authorization-extras',
      )
      .header('access-control-max-age', '600')
      .send(),
  );
}

/** What the audit has to know of a request that is under way. */
type Account = Pick<CodecAuditEntry, 'who' | 'payloads' | 'undecodable' | 'reasons'>;

function answerDecode(
  app: App,
  { ring, checkAccess, unmasked = false, origins, audit }: CodecServerOptions,
): void {
  const accounts = new WeakMap<FastifyRequest['raw'], Account>();
  const accountOf = ({ raw }: { raw: FastifyRequest['raw'] }): Account => {
    const account = accounts.get(raw) ?? { who: null, payloads: 0, undecodable: 0, reasons: [] };
    accounts.set(raw, account);
    return account;
  };

  function decode(payload: Payload, account: Account): Payload {
    const decrypted = decryptOr(payload, ring, ({ message }) => {
      account.undecodable += 1;
      if (account.reasons.length < MAX_REASONS && !account.reasons.includes(message))
        account.reasons.push(message);
      return textPayload(`[undecodable: ${message}]`);
    });
    return unmasked || decrypted === payload ? decrypted : maskPayload(decrypted);
  }

  app.post('/decode', {
    // Before the body is read: a stranger's is not.
    onRequest: async (request) => {
      if (!checkAccess) return;
      const { authorization } = request.headers;
      const account = accountOf(request);
      try {
        account.who = await checkAccess({ authorization, namespace: namespaceOf(request) });
      } catch (error) {
        if (error instanceof AccessDenied) account.who = error.who;
        throw error;
      }
    },
    onResponse: async (request, { statusCode: status }) => {
      const { origin } = request.headers;
      audit({
        ...accountOf(request),
        namespace: namespaceOf(request) ?? null,
        origin: origin !== undefined && origins.includes(origin) ? origin : null,
        masked: !unmasked,
        outcome: status === 200 ? 'DECODED' : 'REFUSED',
        status,
      });
    },
    handler: async (request) => {
      const body = payloadsSchema.safeParse(request.body);
      if (!body.success) throw inputErrorFrom(body.error);
      const account = accountOf(request);
      account.payloads = body.data.payloads.length;
      return {
        payloads: body.data.payloads.map(fromJson).map((payload) => toJson(decode(payload, account))),
      };
    },
  });
  app.setNotFoundHandler((_request, reply) =>
    reply.code(404).send('not found; this server answers POST /decode only\n'),
  );
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    reply.type('text/plain; charset=utf-8');
    if (error instanceof AccessDenied) {
      if (error.status === 401) reply.header('www-authenticate', 'Bearer');
      return reply.code(error.status).send(`${error.message}\n`);
    }
    if (error instanceof InputError) return reply.code(400).send(`${error.message}\n`);
    const status = error.statusCode ?? 500;
    // Fastify's own refusals (too large, not JSON) name no content; anything else is ours to hide.
    return reply.code(status).send(status < 500 ? `${error.message}\n` : 'internal error\n');
  });
}

/** Undefined also for what can be no namespace. */
function namespaceOf({ headers }: FastifyRequest): string | undefined {
  const namespace = headers['x-namespace'];
  return typeof namespace === 'string' && NAMESPACE.test(namespace) ? namespace : undefined;
}

function fromJson(json: Record<string, unknown>, index: number): Payload {
  try {
    return PayloadMessage.fromObject(json);
  } catch {
    throw new InputError(`payloads[${index}]`, 'not a Payload in proto3 JSON', 'send it as Temporal gave it');
  }
}

function toJson(payload: Payload): object {
  return PayloadMessage.toObject(PayloadMessage.fromObject(payload), { bytes: String, longs: String });
}

function checkOrigin(origin: string): string {
  if (URL.canParse(origin) && new URL(origin).origin === origin) return origin;
  throw new InputError(
    'origin',
    'not an origin',
    'write scheme, host and port only, such as http://localhost:8233',
  );
}
