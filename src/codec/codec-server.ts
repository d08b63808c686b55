import fastify, { type FastifyInstance } from 'fastify';
import type { Payload } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { z } from 'zod';
import { InputError, inputErrorFrom } from '../input-error';
import type { KeyRing } from '../key-ring';
import { listenError } from '../listen-error';
import { CodecError, createPayloadCodec } from './payload-codec';

const PayloadMessage = temporal.api.common.v1.Payload;

/** The largest request, in bytes: 4 MiB, which is also the largest message that Temporal's server takes. */
const BODY_LIMIT_BYTES = 4 * 1024 * 1024;
const REQUEST_TIMEOUT_MS = 10_000;
const LOOPBACK_NAMES = new Set(['localhost', '127.0.0.1', '[::1]']);

export interface CodecServerOptions {
  /** The codec's key ring: decrypts, never encrypts. */
  ring: KeyRing;
  /** Origins whose pages may decode, such as `http://localhost:8233`. Programs that send no Origin header may as well. */
  origins: readonly string[];
  /** 0 to 65535; 0 takes a free port. */
  port: number;
  /** The address to listen on. Default 127.0.0.1; any other lets whoever reaches it decode. */
  host?: string | undefined;
}

/** A running codec server. */
export interface CodecServer {
  /** Without a trailing slash: the endpoint for Temporal Web UI and the Temporal CLI. */
  url: string;
  /** Stops listening, after requests under way have been answered. */
  close(): Promise<void>;
}

const base64 = z.string().regex(/^[A-Za-z0-9+/_-]*={0,2}$/, 'not base64; encode it');

/** Payloads in proto3 JSON. */
const payloadsSchema = z.object({
  payloads: z.array(
    z.looseObject({
      metadata: z.record(z.string(), base64).nullish(),
      data: base64.nullish(),
    }),
  ),
});

/**
 * Starts the server that lets Temporal Web UI and the Temporal CLI show decrypted payloads: `POST /decode` takes and gives
 * Payloads in proto3 JSON, unencrypted payloads pass through. It cannot encrypt, keeps no log, and answers only pages of the
 * given origins; on loopback it also checks the Host header, so that no other name can be pointed at it.
 *
 * One payload that cannot be decrypted fails its whole request with 400 and a plain text that names the key id: whoever
 * got the rest would take it for all. Web UI then shows the payloads of that request encrypted, and says so.
 * @throws InputError on a malformed origin, or a port or host that cannot be listened on
 */
export async function startCodecServer(options: CodecServerOptions): Promise<CodecServer> {
  const host = options.host ?? '127.0.0.1';
  const origins = new Set(options.origins.map(checkOrigin));
  const app = fastify({
    logger: false,
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
  });
  // Without it, a page could post text/plain with no preflight.
  app.removeContentTypeParser('text/plain');
  if (isLoopback(host)) refuseForeignHosts(app);
  allowOrigins(app, origins);
  answerDecode(app, options.ring);

  try {
    const url = await app.listen({ port: options.port, host });
    return { url, close: () => app.close() };
  } catch (error) {
    await app.close();
    throw listenError(error, host, options.port);
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** DNS rebinding: a page whose own name resolves to loopback is same-origin to its browser, but still sends its name. */
function refuseForeignHosts(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    const name = (request.headers.host ?? '').replace(/:\d+$/, '');
    if (!LOOPBACK_NAMES.has(name) && !isLoopback(name))
      return reply.code(403).send('host is not a loopback name; use the address that the server printed\n');
  });
}

function allowOrigins(app: FastifyInstance, origins: ReadonlySet<string>): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('vary', 'Origin').header('cache-control', 'no-store');
    const origin = request.headers.origin;
    if (origin === undefined) return;
    if (!origins.has(origin))
      return reply.code(403).send('origin is not allowed; start the codec server with --origin for it\n');
    reply.header('access-control-allow-origin', origin);
  });
  app.options('/decode', async (_request, reply) =>
    reply
      .code(204)
      .header('access-control-allow-methods', 'POST')
      .header('access-control-allow-headers', 'content-type, x-namespace, authorization')
      .header('access-control-max-age', '600')
      .send(),
  );
}

function answerDecode(app: FastifyInstance, ring: KeyRing): void {
  const codec = createPayloadCodec(ring);
  app.post('/decode', async (request) => {
    const body = payloadsSchema.safeParse(request.body);
    if (!body.success) throw inputErrorFrom(body.error);
    const decoded = await codec.decode(body.data.payloads.map(toPayload));
    return {
      payloads: decoded.map((payload) =>
        PayloadMessage.toObject(PayloadMessage.fromObject(payload), { bytes: String, longs: String }),
      ),
    };
  });
  app.setNotFoundHandler((_request, reply) =>
    reply.code(404).send('not found; this server answers POST /decode only\n'),
  );
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    reply.type('text/plain; charset=utf-8');
    if (error instanceof CodecError || error instanceof InputError)
      return reply.code(400).send(`${error.message}\n`);
    const status = error.statusCode ?? 500;
    // Fastify's own refusals (too large, not JSON) name no content; anything else is ours to hide.
    return reply.code(status).send(status < 500 ? `${error.message}\n` : 'internal error\n');
  });
}

function toPayload(json: Record<string, unknown>, index: number): Payload {
  try {
    return PayloadMessage.fromObject(json);
  } catch {
    throw new InputError(`payloads[${index}]`, 'not a Payload in proto3 JSON; send it as Temporal gave it');
  }
}

function checkOrigin(origin: string): string {
  if (URL.canParse(origin) && new URL(origin).origin === origin) return origin;
  throw new InputError(
    'origin',
    'not an origin; write scheme, host and port only, such as http://localhost:8233',
  );
}
