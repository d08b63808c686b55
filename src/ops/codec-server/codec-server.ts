import type { FastifyRequest } from 'fastify';
import { createSecureContext } from 'node:tls';
import type { Payload } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { z } from 'zod';
import type { ListenAddress } from '../../http/listen-address';
import { createServer, listen, type Server } from '../../http/server';
import { InputError, inputErrorFrom, issueMessage } from '../../domain/input-error';
import type { KeyRing } from '../../secrets/key-ring';
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
  /** Where to listen. */
  address: ListenAddress;
  /** Called for each call of `/decode`, when it has been answered. */
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

/**
 * Starts the server that lets Temporal Web UI and the Temporal CLI show decrypted payloads: `POST /decode` takes and gives
 * Payloads in proto3 JSON. It cannot encrypt, answers only pages of the given origins and callers that `checkAccess` lets in, and
 * masks what is secret or personal. On loopback without `checkAccess` it also checks the Host header, so that no other name can be
 * pointed at it. Unencrypted payloads pass through as they are: who sees them here sees them without it.
 *
 * In the place of a payload that cannot be decrypted stands a text that says so and names the key id.
 * @throws InputError naming `--origin`, `--address` or HOSTED_LINK_CODEC_TLS_CERT_FILE when it cannot be used; `--address` also when it
 * is not loopback without `checkAccess`
 */
export async function startCodecServer(options: CodecServerOptions): Promise<CodecServer> {
  const { address, checkAccess, tls } = options;
  const origins = new Set(options.origins.map(checkOrigin));
  if (!checkAccess && !isLoopback(address.host))
    throw new InputError(
      '--address',
      'not loopback, so that whoever reaches it could decode',
      'say who may by HOSTED_LINK_CODEC_TOKENS or HOSTED_LINK_CODEC_JWKS_URL',
    );
  if (tls) checkCertificate(tls);
  const app = createServer({ answers: 'POST /decode', bodyLimit: BODY_LIMIT_BYTES, tls });
  // Without it, a page could post text/plain with no preflight.
  app.removeContentTypeParser('text/plain');
  if (!checkAccess) refuseForeignHosts(app);
  allowOrigins(app, origins);
  answerDecode(app, options);
  const { origin: url, close } = await listen(app, address, '--address');
  return { url, close };
}

/** OpenSSL's own messages name no setting. */
function checkCertificate(tls: { cert: string; key: string }): void {
  try {
    createSecureContext(tls);
  } catch {
    throw new InputError(
      'HOSTED_LINK_CODEC_TLS_CERT_FILE',
      'not a certificate in PEM, or HOSTED_LINK_CODEC_TLS_KEY_FILE is not its key',
      'give both as they were issued',
    );
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** DNS rebinding: a page whose own name resolves to loopback is same-origin to its browser, but still sends its name. */
function refuseForeignHosts(app: Server): void {
  app.addHook('onRequest', async (request, reply) => {
    const name = (request.headers.host ?? '').replace(/:\d+$/, '');
    if (!LOOPBACK_NAMES.has(name) && !isLoopback(name))
      return reply.code(403).send('host is not a loopback name; use the address that the server printed\n');
  });
}

function allowOrigins(app: Server, origins: ReadonlySet<string>): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('vary', 'Origin');
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
  app: Server,
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
    onRequest: async (request, reply) => {
      if (!checkAccess) return;
      const { authorization } = request.headers;
      const account = accountOf(request);
      try {
        account.who = await checkAccess({ authorization, namespace: namespaceOf(request) });
      } catch (error) {
        if (error instanceof AccessDenied) {
          account.who = error.who;
          if (error.statusCode === 401) reply.header('www-authenticate', 'Bearer');
        }
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
    '--origin',
    'not an origin',
    'write scheme, host and port only, such as http://localhost:8233',
  );
}
