import { connect } from 'node:net';
import { once } from 'node:events';
import { HostedLinkError } from '../../../src/client/client-error';
import { plaidSessionHash } from '../../../src/secrets/digest';
import { InputError } from '../../../src/domain/input-error';
import { createLogger } from '../../../src/telemetry/logger';
import { startWebhookReceiver, type WebhookReceiverOptions } from '../../../src/webhook/receiver';
import { until } from '../../../testing/until';
import {
  type Bench,
  callback,
  deliveryStatus,
  itemWebhook,
  linkWebhook,
  pretty,
  SESSION_ID,
  startBench,
} from '../../../testing/webhook-bench';

const PUBLIC_TOKEN = 'public-sandbox-b0e2c4ee-a763-4df5-bfe9-46a46bce993d';

/** A client that reaches nobody. */
const NO_CLIENT: WebhookReceiverOptions['client'] = {
  checkNow: () => Promise.reject(new Error('14 UNAVAILABLE: connection refused')),
  deliveryFailed: () => Promise.reject(new Error('14 UNAVAILABLE: connection refused')),
};

let bench: Bench;
afterEach(() => bench.close());

describe('a verified webhook', () => {
  beforeEach(async () => {
    bench = await startBench();
  });

  test.each(['ON_SUCCESS', 'ON_EXIT'])('%s hints its session', async (type) => {
    expect((await bench.post(callback(type))).status).toBe(200);
    expect(bench.hints).toEqual(['shop-1']);
    expect(bench.receiver.counts().hinted).toBe(1);
  });

  test.each(['SESSION_FINISHED', 'ITEM_ADD_RESULT'])(
    'LINK/%s hints the session that its link token stands for',
    async (code) => {
      const tokens = { public_token: PUBLIC_TOKEN, public_tokens: [PUBLIC_TOKEN] };
      expect((await bench.post(linkWebhook(code, tokens))).status).toBe(200);
      expect(bench.hints).toEqual(['shop-1']);
      expect(bench.log()).not.toContain(PUBLIC_TOKEN);
    },
  );

  test('that tells of a message which could not be sent tells its session, and is logged under its key', async () => {
    expect((await bench.post(deliveryStatus('FAILURE', 'SMS'))).status).toBe(200);
    expect(bench.deliveryFailures).toEqual([['shop-1', 'SMS']]);
    expect(bench.hints).toEqual([]);
    expect(bench.receiver.counts().deliveryFailed).toBe(1);
    expect(bench.log()).toContain('"key":"shop-1","method":"SMS","msg":"Plaid could not deliver the link"');
  });

  test.each([
    ['each step of the person', callback('ON_EVENT')],
    ['a message that was sent', deliveryStatus('SUCCESS')],
    ['no JSON', 'not json'],
    ['nothing', ''],
  ])('is answered with 200 and ignored: %s', async (_name, body) => {
    expect((await bench.post(body)).status).toBe(200);
    expect([bench.hints, bench.deliveryFailures]).toEqual([[], []]);
    expect(bench.receiver.counts()).toMatchObject({ ignored: 1, unavailable: 0 });
  });

  test('of another product is counted and dropped where there is no application to forward it to', async () => {
    expect((await bench.post(itemWebhook())).status).toBe(200);
    expect(bench.receiver.counts()).toMatchObject({ dropped: 1, forwarded: 0 });
  });

  test('of another Plaid environment is counted and dropped, and the log says so', async () => {
    const body = linkWebhook('SESSION_FINISHED', { environment: 'production' });
    expect((await bench.post(body)).status).toBe(200);
    expect(bench.hints).toEqual([]);
    expect(bench.receiver.counts().otherEnvironment).toBe(1);
    expect(bench.log()).toContain('webhook of another Plaid environment');
  });

  test('of a session that nobody knows is counted and dropped', async () => {
    expect((await bench.post(callback('ON_SUCCESS', 'somebody-else'))).status).toBe(200);
    expect(bench.receiver.counts()).toMatchObject({ unknownSession: 1, hinted: 0 });
  });

  test('of a session that has ended is counted and dropped', async () => {
    bench.sessions.set(plaidSessionHash(SESSION_ID), { key: 'shop-1', endedAt: new Date() });
    expect((await bench.post(callback('ON_SUCCESS'))).status).toBe(200);
    expect(bench.hints).toEqual([]);
    expect(bench.receiver.counts().endedSession).toBe(1);
  });

  test('that comes again with the same bytes is answered, and hints nothing, also under a new token', async () => {
    const body = callback('ON_SUCCESS');
    const token = bench.sandbox.webhooks.sign(body);
    const first = await Promise.all([bench.post(body, { token }), bench.post(body, { token })]);
    bench.clock.now += 150_000;
    const again = [...first, await bench.post(body, { token }), await bench.post(body)];
    expect(again.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(bench.hints).toEqual(['shop-1']);
    expect(bench.receiver.counts()).toMatchObject({ hinted: 1, duplicate: 3 });
  });

  test('leaves nothing in the log of what it says', async () => {
    await bench.post(callback('ON_SUCCESS'));
    await bench.post(callback('ON_SUCCESS', 'somebody-else'));
    await bench.post(deliveryStatus('FAILURE', 'SMS'));
    await bench.post(linkWebhook('ITEM_ADD_RESULT', { public_token: PUBLIC_TOKEN }));
    await bench.post(callback('ON_SUCCESS'), { token: 'e30.e30.e30' });
    expect(bench.log()).not.toBe('');
    for (const said of [SESSION_ID, 'somebody-else', 'Plaid Saving', '1111', PUBLIC_TOKEN, 'e30.e30'])
      expect(bench.log()).not.toContain(said);
  });
});

describe('hints', () => {
  beforeEach(async () => {
    bench = await startBench();
  });

  test('are one a second for each session, however many webhooks ask for them', async () => {
    const first = Array.from({ length: 20 }, () => bench.post(callback('ON_EXIT')));
    for (const answer of await Promise.all(first)) expect(answer.status).toBe(200);
    expect(bench.hints).toEqual(['shop-1']);
    expect(bench.receiver.counts().hinted).toBe(20);
    await until('the gathered hint was sent', () => bench.hints.length > 1);
    expect(bench.hints).toHaveLength(2);
  });

  test('that wait when the receiver is closed are sent on the way', async () => {
    await bench.post(callback('ON_EXIT'));
    await bench.post(callback('ON_SUCCESS'));
    await bench.receiver.close();
    expect(bench.hints).toEqual(['shop-1', 'shop-1']);
  });
});

describe('what cannot be passed on', () => {
  test('is answered with 503, so that Plaid sends it again, and then it is passed on', async () => {
    let down = true;
    const hints: string[] = [];
    bench = await startBench({
      client: {
        ...NO_CLIENT,
        checkNow: async (key) => {
          if (down) throw new Error('14 UNAVAILABLE: connection refused');
          hints.push(key);
        },
      },
    });
    const body = callback('ON_SUCCESS');
    expect((await bench.post(body)).status).toBe(503);
    down = false;
    expect((await bench.post(body)).status).toBe(200);
    await until('it was passed on', () => hints.length === 1);
    expect(bench.receiver.counts()).toMatchObject({ unavailable: 1, hinted: 1, duplicate: 0 });
  });

  test('a delivery failure is told before its webhook is answered, since no get would tell it later', async () => {
    bench = await startBench({ client: NO_CLIENT });
    expect((await bench.post(deliveryStatus('FAILURE', 'SMS'))).status).toBe(503);
    expect(bench.receiver.counts()).toMatchObject({ unavailable: 1, deliveryFailed: 0 });
  });

  test.each(['SESSION_ENDED', 'SESSION_UNKNOWN'] as const)(
    'because of %s is no reason for Plaid to send it again',
    async (code) => {
      const checkNow = () => Promise.reject(new HostedLinkError(code, 'it is over'));
      bench = await startBench({ client: { ...NO_CLIENT, checkNow } });
      expect((await bench.post(callback('ON_SUCCESS'))).status).toBe(200);
      expect(bench.receiver.counts().endedSession).toBe(1);
    },
  );
});

describe('a request that is no webhook', () => {
  beforeEach(async () => {
    bench = await startBench();
  });

  test('to another path or by another method is answered with 404', async () => {
    const { origin } = new URL(bench.receiver.url);
    const answers = await Promise.all([
      fetch(origin),
      fetch(bench.receiver.url),
      fetch(bench.receiver.url, { method: 'HEAD' }),
      fetch(`${origin}/webhooks`, {
        method: 'POST',
        body: '{}',
        headers: { 'content-type': 'application/json' },
      }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
  });

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/octet-stream'])(
    'of type %s is answered with 415',
    async (contentType) => {
      expect((await bench.post(callback('ON_SUCCESS'), { contentType })).status).toBe(415);
    },
  );

  test('with a charset in its type is a webhook all the same', async () => {
    const contentType = 'application/json; charset=utf-8';
    expect((await bench.post(callback('ON_SUCCESS'), { contentType })).status).toBe(200);
  });

  test('over 256 KiB is answered with 413, whether or not it says so before', async () => {
    const body = pretty({ padding: 'x'.repeat(256 * 1024) });
    expect((await bench.post(body)).status).toBe(413);
    const { hostname, port, pathname } = new URL(bench.receiver.url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    socket.write(
      `POST ${pathname} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n` +
        `${(300_000).toString(16)}\r\n${'x'.repeat(300_000)}\r\n`,
    );
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 413 /);
    socket.destroy();
  });

  test('a port that is taken is refused by name', async () => {
    const start = startWebhookReceiver({
      plaid: { webhookVerificationKeyGet: () => Promise.reject(new Error('never asked')) },
      sessions: { findByPlaidSession: () => Promise.resolve(undefined) },
      client: NO_CLIENT,
      environment: 'sandbox',
      logger: createLogger({ level: 'silent' }),
      address: { host: '127.0.0.1', port: Number(new URL(bench.receiver.url).port) },
    });
    await expect(start).rejects.toThrow(InputError);
    await expect(start).rejects.toThrow(/^address: 127\.0\.0\.1:\d+ is in use/);
  });
});
