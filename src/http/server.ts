import fastify from 'fastify';
import { InputError } from '../domain/input-error';
import { formatListenAddress, type ListenAddress } from './listen-address';

/** How long a request may take to arrive, in milliseconds: as long as Plaid waits for an answer. */
const REQUEST_TIMEOUT_MS = 10_000;

/**
 * Frees the connection of a request that trickles. Node takes the longer of `headersTimeout` (60 s by default) and
 * `requestTimeout` for the whole request, and by default looks every 30 s only.
 */
const TRICKLE_LIMITS = { headersTimeout: REQUEST_TIMEOUT_MS, connectionsCheckingInterval: 1_000 };

/**
 * How long requests under way are waited for when a server is closed, in milliseconds: those that have arrived are answered by
 * then, and the others are sent again.
 */
const CLOSE_GRACE_MS = 8_000;

/** An error of a handler that is answered by its own status, and whose message is for the caller. */
export class AnsweredError extends Error {
  constructor(
    readonly statusCode: number,
    message: string,
  ) {
    super(message);
    this.name = 'AnsweredError';
  }
}

export interface ServerOptions {
  /** What the server answers, for whoever asks for something else: `GET /livez and GET /readyz`. */
  answers: string;
  /** The largest body, in bytes. Default 1 MiB. */
  bodyLimit?: number | undefined;
  /** Serves HTTPS: a certificate (its chain after it) and its key, both PEM. */
  tls?: { cert: string; key: string } | undefined;
  /** Called with an error that is answered by 500 and whose message nobody gets. */
  onUnexpectedError?: ((error: Error) => void) | undefined;
}

/** The servers that are being closed. */
const closing = new WeakSet<object>();

/** A server before it listens: Fastify, to add routes and hooks to. */
export type Server = ReturnType<typeof createServer>;

/** A server that listens. */
export interface RunningServer {
  /** Scheme, host and port, without a trailing slash. */
  origin: string;
  /** Stops listening, and waits at most 8 s for requests under way. */
  close(): Promise<void>;
}

/**
 * Makes a server that strangers may reach: a request has 10 s to arrive, a body has a limit, nothing is logged, and nobody caches an
 * answer. An {@link InputError} of a handler is answered by 400, an {@link AnsweredError} by its own status, each with its message;
 * what Fastify refuses (too large, not JSON) by a status below 500; and any other error by `500 internal error`.
 */
export function createServer({ answers, bodyLimit, tls, onUnexpectedError }: ServerOptions) {
  const app = fastify({
    ...(tls ? { https: { ...tls, ...TRICKLE_LIMITS } } : { https: null, http: TRICKLE_LIMITS }),
    ...(bodyLimit !== undefined && { bodyLimit }),
    logger: false,
    requestTimeout: REQUEST_TIMEOUT_MS,
  });
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store');
  });
  app.addHook('onSend', async (_request, reply) => {
    // Else a kept connection would hold up the end.
    if (closing.has(app)) reply.header('connection', 'close');
  });
  app.setNotFoundHandler((_request, reply) =>
    reply.code(404).type(PLAIN_TEXT).send(`not found; this server answers ${answers} only\n`),
  );
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    const status = error instanceof InputError ? 400 : (error.statusCode ?? 500);
    // Fastify's own refusals name no content; any other message may contain anything.
    const isForCaller = status < 500 || error instanceof AnsweredError;
    if (!isForCaller) onUnexpectedError?.(error);
    const text = isForCaller ? error.message : 'internal error';
    return reply.code(status).type(PLAIN_TEXT).send(`${text}\n`);
  });
  return app;
}

const PLAIN_TEXT = 'text/plain; charset=utf-8';

/**
 * Lets a server listen. One that cannot is closed.
 *
 * @param field the setting or option that has the address
 * @throws InputError naming `field` when the address cannot be listened on
 */
export async function listen(server: Server, address: ListenAddress, field: string): Promise<RunningServer> {
  try {
    const origin = await server.listen(address);
    return { origin, close: () => closeInTime(server) };
  } catch (error) {
    await server.close();
    throw listenError(error, address, field);
  }
}

async function closeInTime(server: Server): Promise<void> {
  closing.add(server);
  // Node stops looking for requests that take too long once its server is closing.
  const cut = setTimeout(() => server.server.closeAllConnections(), CLOSE_GRACE_MS);
  await server.close();
  clearTimeout(cut);
}

function listenError(error: unknown, address: ListenAddress, field: string): unknown {
  const where = formatListenAddress(address);
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return new InputError(field, `${where} is in use`, 'stop the other program or take another port');
    case 'EACCES':
      return new InputError(field, `${where} may not be listened on`, 'take a port above 1023');
    case 'EADDRNOTAVAIL':
      return new InputError(field, `${where} is not an address of this machine`, 'take 127.0.0.1');
    default:
      return error;
  }
}
