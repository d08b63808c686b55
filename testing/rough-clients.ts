import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from './until';

/** A request may take 10 s to arrive; a busy machine gets some more. */
const CUT_OFF_WITHIN_MS = 25_000;

/** How soon a good request is to be answered beside any number of bad ones. Plaid waits 10 s. */
const ANSWERED_WITHIN_MS = 8_000;

/** A server as its clients find it. */
export interface RoughlyUsed {
  /** What it answers POST requests at. */
  url: string;
  /** The largest body, in bytes. */
  limit: number;
  /** Sends a good request, and gives the status of the answer. */
  good(): Promise<number>;
}

/** A connection on which anything can be sent. */
class RawConnection {
  readonly socket: Socket;
  readonly closed: Promise<unknown>;
  received = '';

  constructor(private readonly url: URL) {
    this.socket = connect(Number(url.port), url.hostname);
    this.socket.on('error', () => undefined);
    this.socket.setEncoding('latin1').on('data', (text: string) => (this.received += text));
    this.closed = once(this.socket, 'close');
  }

  /** The beginning of a POST of JSON. `rest` is what comes after its first headers, with the empty line that ends them. */
  post(rest: string): void {
    this.socket.write(
      `POST ${this.url.pathname} HTTP/1.1\r\nhost: ${this.url.host}\r\ncontent-type: application/json\r\n${rest}`,
    );
  }

  /** The statuses of the answers so far. */
  statuses(): number[] {
    return [...this.received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
  }

  /** Waits until the server has answered or closed the connection; gives the first status, if there is one. */
  async answer(): Promise<number | undefined> {
    await until('it answers or hangs up', () => this.statuses().length > 0 || this.socket.destroyed);
    this.socket.destroy();
    return this.statuses()[0];
  }
}

async function expectGoodAnswer({ good }: RoughlyUsed): Promise<void> {
  const began = Date.now();
  expect(await good()).toBe(200);
  expect(Date.now() - began).toBeLessThan(ANSWERED_WITHIN_MS);
}

/** Expects that a server cuts off headers and bodies that trickle, and answers good requests until then. Takes at least 10 s. */
export async function expectTrickleCutOff(server: RoughlyUsed): Promise<void> {
  const open = () => new RawConnection(new URL(server.url));
  const began = Date.now();
  const connections = Array.from({ length: 60 }, (_, index) => {
    const connection = open();
    connection.post(index % 2 === 0 ? 'x-slow: y' : 'content-length: 100000\r\n\r\n{');
    const trickle = setInterval(() => connection.socket.write(' '), 500);
    void connection.closed.then(() => clearInterval(trickle));
    return connection;
  });
  const silent = Array.from({ length: 20 }, open);
  while (connections.some(({ socket }) => !socket.destroyed)) {
    await expectGoodAnswer(server);
    expect(Date.now() - began).toBeLessThan(CUT_OFF_WITHIN_MS);
    await delay(500);
  }
  for (const { socket } of silent) socket.destroy();
  for (const connection of connections) expect([undefined, 408]).toContain(connection.statuses()[0]);
}

/** Tests of what no good client does, over real connections. */
export function testRoughClients(server: () => RoughlyUsed): void {
  const open = () => new RawConnection(new URL(server().url));

  afterEach(() => expectGoodAnswer(server()));

  test.each([
    ['ten thousand headers', () => Array.from({ length: 10_000 }, (_, n) => `x-${n}: y\r\n`).join('')],
    ['a header of a megabyte', () => `x-long: ${'y'.repeat(1_000_000)}\r\n`],
    ['a header without an end', () => `x-${'y'.repeat(1_000_000)}`],
  ])('%s are refused', async (_what, headers) => {
    const connection = open();
    connection.post(`${headers()}\r\n`);
    expect(await connection.answer()).toBe(431);
  });

  test.each([
    ['no HTTP', 'hello\r\n\r\n'],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['two lengths', 'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}'],
    [
      'a length beside chunks, by which two servers could read two requests',
      'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['a line end in a header', 'POST / HTTP/1.1\r\nhost: localhost\r\nx: a\nb\r\n\r\n'],
    ['no host', 'POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}'],
  ])('%s is refused', async (_what, bytes) => {
    const connection = open();
    connection.socket.write(bytes, 'latin1');
    expect(await connection.answer()).toBe(400);
  });

  test('a body that says to be too large is refused before any of it was sent', async () => {
    const connection = open();
    connection.post(`content-length: 10000000000\r\n\r\n`);
    expect(await connection.answer()).toBe(413);
  });

  test('a body without an end is refused at its bound, and no more of it is read', async () => {
    const connection = open();
    connection.post('transfer-encoding: chunked\r\n\r\n');
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    let sent = 0;
    while (connection.statuses().length === 0 && !connection.socket.destroyed) {
      if (!connection.socket.write(chunk))
        await Promise.race([once(connection.socket, 'drain'), connection.closed]);
      sent += chunk.length;
      await delay(0);
      // What the system holds on its way, it holds for both ends.
      expect(sent).toBeLessThan(server().limit + 32 * 1024 * 1024);
    }
    expect(await connection.answer()).toBe(413);
  });

  test('connections that are dropped at any point leave the others alone', async () => {
    const request = 'content-length: 1000\r\n\r\n{"payloads":[';
    await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const connection = open();
        connection.post(request.slice(0, index % request.length));
        if (index % 3 === 0) await once(connection.socket, 'connect');
        connection.socket.resetAndDestroy();
        await connection.closed;
      }),
    );
  });

  test('requests that come at once on one connection are answered one by one', async () => {
    const connection = open();
    for (let count = 0; count < 50; count++) connection.post('content-length: 2\r\n\r\n{}');
    await until('all are answered', () => connection.statuses().length >= 50);
    expect(new Set(connection.statuses()).size).toBe(1);
    connection.socket.destroy();
  });
}
