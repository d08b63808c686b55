import { testRoughClients } from '../../../testing/rough-clients';
import { type Bench, callback, startBench } from '../../../testing/webhook-bench';

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.close());

describe('the receiver of webhooks', () => {
  testRoughClients(() => ({
    url: bench.receiver.url,
    limit: 256 * 1024,
    good: async () => (await bench.post(callback('ON_SUCCESS'))).status,
  }));

  const DEEP = 120_000;

  test.each([
    ['deep lists', `${'['.repeat(DEEP)}${']'.repeat(DEEP)}`],
    ['deep objects', `{"events":${'{"a":'.repeat(DEEP / 4)}1${'}'.repeat(DEEP / 4)}}`],
    ['a deep event', `{"webhook_type":"LINK","webhook_code":"EVENTS","events":${'['.repeat(DEEP)}`],
    ['a prototype', '{"__proto__":{"webhook_type":"LINK"},"constructor":{"prototype":{"polluted":1}}}'],
    ['names of every object', '{"webhook_type":"constructor","webhook_code":"__proto__","toString":1}'],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d])],
    ['a number that is none', '{"webhook_type":1e999,"environment":-0}'],
  ])('answers 200 to %s that Plaid has signed, and takes them for nothing', async (_what, body) => {
    const { hinted } = bench.receiver.counts();
    const token = bench.sandbox.webhooks.sign(body as string);
    expect((await bench.post(body, { token })).status).toBe(200);
    expect(bench.receiver.counts().hinted).toBe(hinted);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});
