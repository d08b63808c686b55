import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { startCodecServer } from '../../../src/ops/codec-server/codec-server';
import { generateKeyRingText, parseKeyRing } from '../../../src/secrets/key-ring';
import { FORWARD_TIMEOUT_MS } from '../../../src/webhook/forwarder';
import { httpServer } from '../../../testing/loopback';
import { expectTrickleCutOff } from '../../../testing/rough-clients';
import { type Bench, callback, itemWebhook, startBench } from '../../../testing/webhook-bench';

const SECOND_MS = 1_000;

/*
 * What takes the time limits of real connections: up to ten seconds each, of waiting alone. So they run at once, each on servers of
 * its own.
 */

/** Runs a test with a receiver. */
async function withReceiver(
  test: (bench: Bench) => Promise<void>,
  options: Parameters<typeof startBench>[0] = {},
): Promise<void> {
  const bench = await startBench(options);
  try {
    await test(bench);
  } finally {
    await bench.close();
  }
}

/** Sends half of a webhook; resolves with how long it took until the receiver closed the connection, in milliseconds. */
async function sendHalf(bench: Bench): Promise<number> {
  const { hostname, port, pathname } = new URL(bench.receiver.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  const began = Date.now();
  socket.write(
    `POST ${pathname} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{"half`,
  );
  socket.resume();
  await once(socket, 'close');
  return Date.now() - began;
}

test.concurrent('the receiver cuts off headers and bodies that trickle, which delay no other request', () =>
  withReceiver((bench) =>
    expectTrickleCutOff({
      url: bench.receiver.url,
      limit: 256 * 1024,
      good: async () => (await bench.post(callback('ON_SUCCESS'))).status,
    }),
  ),
);

test.concurrent(
  'the codec server cuts off headers and bodies that trickle, which delay no other request',
  async () => {
    const server = await startCodecServer({
      ring: parseKeyRing(generateKeyRingText('test'), 'TEST_KEYS'),
      origins: ['http://localhost:8233'],
      address: { host: '127.0.0.1', port: 0 },
      audit: () => undefined,
    });
    try {
      const decode = { method: 'POST', headers: { 'content-type': 'application/json' } };
      await expectTrickleCutOff({
        url: `${server.url}/decode`,
        limit: 4 * 1024 * 1024,
        good: async () =>
          (await fetch(`${server.url}/decode`, { ...decode, body: '{"payloads":[]}' })).status,
      });
    } finally {
      await server.close();
    }
  },
);

test.concurrent('the receiver cuts off a request that stops half-way, which delays no other', () =>
  withReceiver(async (bench) => {
    const halves = Array.from({ length: 50 }, () => sendHalf(bench));
    expect((await bench.post(callback('ON_SUCCESS'))).status).toBe(200);
    for (const tookMs of await Promise.all(halves)) expect(tookMs).toBeLessThan(25 * SECOND_MS);
  }),
);

test.concurrent('a request that stops half-way does not keep the receiver from its end', () =>
  withReceiver(async (bench) => {
    const half = sendHalf(bench);
    expect((await bench.post(callback('ON_SUCCESS'))).status).toBe(200);
    await bench.receiver.close();
    await half;
  }),
);

test.concurrent('a vault that does not answer is given up well inside the 10 s that Plaid waits', () =>
  withReceiver(
    async (bench) => {
      const began = Date.now();
      expect((await bench.post(callback('ON_SUCCESS'))).status).toBe(503);
      expect(Date.now() - began).toBeLessThan(9 * SECOND_MS);
    },
    { sessions: { findByPlaidSession: () => new Promise(() => undefined) } },
  ),
);

test.concurrent.each([
  ['never answers', () => undefined],
  ['never ends its answer', (response: ServerResponse) => void response.writeHead(500).write('x')],
])('an application that %s costs a webhook its time and no more', async (_name, answer) => {
  const application = await httpServer(answer);
  try {
    await withReceiver(
      async (bench) => {
        const began = Date.now();
        expect((await bench.post(itemWebhook())).status).toBe(503);
        expect(Date.now() - began).toBeLessThan(FORWARD_TIMEOUT_MS + 4 * SECOND_MS);
      },
      { itemWebhookUrl: `${application.url}/plaid?tenant=7` },
    );
  } finally {
    await application.close();
  }
});
