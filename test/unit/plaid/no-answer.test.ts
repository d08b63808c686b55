import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { Pool } from 'undici';
import type { PlaidLimits } from '../../../src/plaid/client';
import { PlaidNoAnswerError } from '../../../src/plaid/errors';
import type { PlaidClient } from '../../../src/plaid/plaid';
import { post } from '../../../src/plaid/post';
import { Secret } from '../../../src/secrets/secret';
import {
  answerJson,
  clientOf,
  httpServer,
  listen,
  type Loopback,
  rejection,
  tcpServer,
} from '../../../testing/loopback';
import { SELF_SIGNED } from '../../../testing/self-signed';

const PUBLIC_TOKEN = new Secret('public-sandbox-7c1a2f4e-0000-4000-8000-000000000002');
const EXCHANGED = { access_token: 'access-x', item_id: 'item-1', request_id: 'Hk3jUq9s' };

const toClose: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const closable of toClose.splice(0).reverse()) await closable.close();
});

function opened<T extends { close(): Promise<void> }>(closable: T): T {
  toClose.push(closable);
  return closable;
}

function client(server: Loopback, limits?: Partial<PlaidLimits>): PlaidClient {
  return opened(clientOf(server.url, limits));
}

async function failedExchange(plaid: PlaidClient): Promise<PlaidNoAnswerError> {
  const error = await rejection(plaid.itemPublicTokenExchange(PUBLIC_TOKEN));
  expect(error).toBeInstanceOf(PlaidNoAnswerError);
  return error as PlaidNoAnswerError;
}

/** What a raw server answers with: an exchange's whole answer on a connection that stays open. */
function rawAnswer(): string {
  const body = JSON.stringify(EXCHANGED);
  return `HTTP/1.1 200 OK\r\nconnection: keep-alive\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

/** Writes `pieces`, the last of them byte by byte and for as long as the connection lasts. */
function drip(socket: Socket, ...pieces: string[]): void {
  const drops = pieces.pop()!;
  socket.once('data', () => {
    pieces.forEach((piece) => socket.write(piece));
    let sent = 0;
    const timer = setInterval(() => socket.write(drops[sent++ % drops.length]!), 10);
    socket.on('close', () => clearInterval(timer));
  });
}

describe('the request surely did not leave', () => {
  test('when nobody listens', async () => {
    const server = await tcpServer(() => undefined);
    await server.close();
    const error = await failedExchange(client(server));
    expect(error).toMatchObject({ mayHaveReachedPlaid: false, reason: 'ECONNREFUSED' });
    expect(error.message).toBe(
      '/item/public_token/exchange: no answer from Plaid (ECONNREFUSED; the request has not reached it)',
    );
  });

  test('when the name has no address', async () => {
    const error = await failedExchange(opened(clientOf('https://plaid.invalid', { connectMs: 2_000 })));
    expect(error.mayHaveReachedPlaid).toBe(false);
    expect(['ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT']).toContain(error.reason);
  });

  test('when the server accepts but never begins TLS', async () => {
    const server = opened(await tcpServer(() => undefined, 'https'));
    const error = await failedExchange(client(server, { connectMs: 100 }));
    expect(error).toMatchObject({ mayHaveReachedPlaid: false, reason: 'UND_ERR_CONNECT_TIMEOUT' });
  });

  test('when the server resets during TLS', async () => {
    const server = opened(
      await tcpServer((socket) => socket.once('data', () => socket.resetAndDestroy()), 'https'),
    );
    const error = await failedExchange(client(server));
    expect(error).toMatchObject({ mayHaveReachedPlaid: false, reason: 'ECONNRESET' });
  });

  test('when the server speaks no TLS', async () => {
    const server = opened(
      await tcpServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'), 'https'),
    );
    const error = await failedExchange(client(server));
    expect(error.mayHaveReachedPlaid).toBe(false);
    expect(error.reason).toMatch(/^(ERR_SSL|EPROTO)/);
  });

  test('when nobody vouches for the server', async () => {
    let decrypted = 0;
    const tls = createTlsServer(SELF_SIGNED, (socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => (decrypted += chunk.length));
    });
    tls.on('tlsClientError', () => undefined);
    const server = opened(await listen(tls, 'https'));
    const error = await failedExchange(client(server));
    expect(error).toMatchObject({ mayHaveReachedPlaid: false, reason: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    expect(decrypted).toBe(0);
  });

  test('when its time is over before there is a connection', async () => {
    const server = opened(await tcpServer(() => undefined, 'https'));
    const error = await failedExchange(client(server, { connectMs: 400, totalMs: 100 }));
    expect(error).toMatchObject({ mayHaveReachedPlaid: false, reason: 'TIME_LIMIT_EXCEEDED' });
  });

  test('when the client has been closed', async () => {
    const server = opened(await httpServer((response) => answerJson(response, 200, EXCHANGED)));
    const plaid = clientOf(server.url);
    await plaid.close();
    const error = await failedExchange(plaid);
    expect(error).toMatchObject({ mayHaveReachedPlaid: false, reason: 'UND_ERR_DESTROYED' });
    expect(server.requests).toHaveLength(0);
  });

  test('and is not sent later, when its time was over while it waited for a connection', async () => {
    const waiting: ServerResponse[] = [];
    let came: () => void = () => undefined;
    const server = opened(
      await httpServer((response) => {
        waiting.push(response);
        came();
      }),
    );
    const pool = opened(new Pool(server.url, { connections: 1 }));
    const send = (endpoint: string, totalMs: number) =>
      post(pool, { endpoint, headers: {}, body: Buffer.from('{}'), totalMs });
    const arrival = () => new Promise<void>((resolve) => (came = resolve));

    let arrived = arrival();
    const first = send('/first', 20_000);
    await arrived;
    const given = await rejection(send('/given-up', 50));
    expect(given).toMatchObject({ code: 'NO_ANSWER', mayHaveReachedPlaid: false });

    arrived = arrival();
    const last = send('/last', 20_000);
    waiting[0]!.end();
    await first;
    await arrived;
    waiting[1]!.end();
    await last;
    expect(server.requests.map(({ path }) => path)).toEqual(['/first', '/last']);
  });
});

describe('the request may have reached Plaid', () => {
  test('when the server drops the connection as soon as it is there', async () => {
    const server = opened(await tcpServer((socket) => socket.destroy()));
    const error = await failedExchange(client(server));
    expect(error.mayHaveReachedPlaid).toBe(true);
    expect(error.message).toMatch(/; the request may have reached it\)$/);
  });

  test('when the server resets on the first bytes', async () => {
    const server = opened(await tcpServer((socket) => socket.once('data', () => socket.resetAndDestroy())));
    expect(await failedExchange(client(server))).toMatchObject({ mayHaveReachedPlaid: true });
  });

  test('when the server drops the connection after the whole request', async () => {
    const server = opened(await httpServer((response) => response.destroy()));
    const error = await failedExchange(client(server));
    expect(error).toMatchObject({ mayHaveReachedPlaid: true, reason: 'UND_ERR_SOCKET' });
    expect(server.requests).toHaveLength(1);
  });

  test('when no answer begins in time', async () => {
    const server = opened(await httpServer(() => undefined));
    const error = await failedExchange(client(server, { headersMs: 100 }));
    expect(error).toMatchObject({ mayHaveReachedPlaid: true, reason: 'UND_ERR_HEADERS_TIMEOUT' });
    expect(server.requests).toHaveLength(1);
  });

  test('when the headers of the answer come drop by drop', async () => {
    const server = opened(
      await tcpServer((socket) => drip(socket, `HTTP/1.1 200 OK\r\n${'x-drop: 1\r\n'.repeat(500)}`)),
    );
    const error = await failedExchange(client(server, { totalMs: 300 }));
    expect(error).toMatchObject({ mayHaveReachedPlaid: true, reason: 'TIME_LIMIT_EXCEEDED' });
  });

  test('when the body of the answer stops in the middle', async () => {
    const server = opened(
      await httpServer(
        (response) => void response.writeHead(200, { 'content-length': 100 }).write('{"access'),
      ),
    );
    const error = await failedExchange(client(server, { bodyMs: 100 }));
    expect(error).toMatchObject({ mayHaveReachedPlaid: true, reason: 'UND_ERR_BODY_TIMEOUT' });
  });

  test('when the body of the answer comes drop by drop', async () => {
    const server = opened(
      await tcpServer((socket) =>
        drip(socket, `HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n`, 'x'.repeat(1000)),
      ),
    );
    const error = await failedExchange(client(server, { totalMs: 300 }));
    expect(error).toMatchObject({ mayHaveReachedPlaid: true, reason: 'TIME_LIMIT_EXCEEDED' });
  });

  test.each([
    ['of known length', 'content-length: 100\r\n\r\n{"access'],
    ['in chunks', 'transfer-encoding: chunked\r\n\r\n8\r\n{"access\r\n'],
  ])('when the body of the answer, %s, is cut off', async (_case, rest) => {
    const server = opened(
      await tcpServer((socket) => socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\n${rest}`))),
    );
    expect(await failedExchange(client(server))).toMatchObject({ mayHaveReachedPlaid: true });
  });

  test('when what comes is not HTTP', async () => {
    const server = opened(
      await tcpServer((socket) =>
        socket.once('data', (request) => socket.end(`SSH-2.0\r\n${request.toString()}`)),
      ),
    );
    const error = await failedExchange(client(server));
    expect(error).toMatchObject({ mayHaveReachedPlaid: true, reason: 'NOT_HTTP' });
  });

  test('and is not repeated, when a kept connection is dropped on it', async () => {
    const requests: string[] = [];
    const server = opened(
      await tcpServer((socket) => {
        let onThisConnection = 0;
        socket.on('data', (request) => {
          requests.push(request.toString());
          if (++onThisConnection === 1) socket.write(rawAnswer());
          else socket.resetAndDestroy();
        });
      }),
    );
    // One connection, so that the second request is surely on the first one's.
    const pool = opened(new Pool(server.url, { connections: 1 }));
    const send = () => post(pool, { endpoint: '/x', headers: {}, body: Buffer.from('{}'), totalMs: 20_000 });
    await expect(send()).resolves.toMatchObject({ httpStatus: 200 });
    await expect(send()).rejects.toMatchObject({ code: 'NO_ANSWER', mayHaveReachedPlaid: true });
    expect(requests).toHaveLength(2);
  });
});

test('a kept connection that the server has closed since is replaced without an error', async () => {
  let connections = 0;
  let closed: Promise<unknown> = Promise.resolve();
  const server = opened(
    await tcpServer((socket, connection) => {
      connections = connection;
      closed = once(socket, 'close');
      socket.on('data', () => socket.write(rawAnswer()));
      if (connection === 1) socket.once('data', () => socket.end());
    }),
  );
  const plaid = client(server);
  await plaid.itemPublicTokenExchange(PUBLIC_TOKEN);
  await closed;
  await expect(plaid.itemPublicTokenExchange(PUBLIC_TOKEN)).resolves.toMatchObject({ itemId: 'item-1' });
  expect(connections).toBe(2);
});

test('closing the client waits for the answer under way', async () => {
  let asked: (response: ServerResponse) => void;
  const response = new Promise<ServerResponse>((resolve) => (asked = resolve));
  const server = opened(await httpServer((answer) => asked(answer)));
  const plaid = clientOf(server.url);
  const exchange = plaid.itemPublicTokenExchange(PUBLIC_TOKEN);
  const pending = await response;
  const closed = plaid.close();
  answerJson(pending, 200, EXCHANGED);
  await expect(exchange).resolves.toMatchObject({ itemId: 'item-1' });
  await closed;
});
