import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createPlaidClient, PLAID_LIMITS, type PlaidLimits } from '../src/plaid/client';
import type { PlaidClient } from '../src/plaid/plaid';
import { Secret } from '../src/secrets/secret';

/** A request as the server got it. */
export interface SeenRequest {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface Loopback {
  url: string;
  close(): Promise<void>;
}

/** An HTTP server on loopback that reads each request to its end, keeps it, and leaves the answer to `answer`. */
export async function httpServer(
  answer: (response: ServerResponse, request: SeenRequest) => void,
): Promise<Loopback & { requests: SeenRequest[] }> {
  const requests: SeenRequest[] = [];
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const { method = '', url: path = '', headers } = incoming;
      const request = { method, path, headers, body: Buffer.concat(chunks).toString() };
      requests.push(request);
      answer(response, request);
    });
  });
  return { requests, ...(await listen(server, 'http')) };
}

/** A TCP server on loopback that leaves each connection to `serve`, the first being number 1. */
export async function tcpServer(
  serve: (socket: Socket, connection: number) => void,
  scheme: 'http' | 'https' = 'http',
): Promise<Loopback> {
  let connections = 0;
  const server = createTcpServer((socket) => {
    // A reset by the client is part of the tests.
    socket.on('error', () => undefined);
    serve(socket, ++connections);
  });
  return listen(server, scheme);
}

/** Makes `server` listen on a free port of loopback. Closing it ends its connections too. */
export async function listen(server: Server, scheme: 'http' | 'https'): Promise<Loopback> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      sockets.forEach((socket) => socket.destroy());
      server.close();
      await once(server, 'close');
    },
  };
}

/** The headers of a JSON answer. */
export function answerJson(response: ServerResponse, httpStatus: number, body: unknown): void {
  response.writeHead(httpStatus, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

export const CLIENT_ID = '5f00000000000000000000c1';
export const PLAID_SECRET = 'b7c1d5e9f0a2b4c6d8e0f1a3b5c7d9';

/** A client of a loopback server, with limits that a test can wait for. */
export function clientOf(baseUrl: string, limits: Partial<PlaidLimits> = {}): PlaidClient {
  return createPlaidClient(
    { clientId: CLIENT_ID, secret: new Secret(PLAID_SECRET), environment: 'sandbox', baseUrl },
    { ...PLAID_LIMITS, ...limits },
  );
}

/** What `promise` was rejected with; fails when it was not. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('expected a rejection');
}
