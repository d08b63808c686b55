import { generateKeyPairSync } from 'node:crypto';
import { PlaidApiError, PlaidNoAnswerError } from '../../../src/plaid/errors';
import type { WebhookVerificationKey } from '../../../src/plaid/plaid';
import {
  BUDGET_REFILL_MS,
  FAILURE_PAUSE_MS,
  KEY_LIFE_MS,
  UNKNOWN_KEY_BUDGET,
  UNKNOWN_LIFE_MS,
  WebhookKeyCache,
} from '../../../src/webhook/key-cache';
import { type Bench, callback, startBench } from '../../../testing/webhook-bench';

const ENDPOINT = '/webhook_verification_key/get';

describe('the key cache', () => {
  const { x, y } = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }) as {
    x: string;
    y: string;
  };
  const good = (keyId: string): WebhookVerificationKey => ({ keyId, x, y, expired: false, requestId: 'r' });
  const notKnown = () =>
    new PlaidApiError(ENDPOINT, 'INVALID_INPUT', 'INVALID_WEBHOOK_VERIFICATION_KEY_ID', 400, 'r');
  const noAnswer = () => new PlaidNoAnswerError(ENDPOINT, false, 'ECONNREFUSED');

  let clock: number;
  let asked: string[];
  let answer: (keyId: string) => Promise<WebhookVerificationKey>;
  let cache: WebhookKeyCache;

  beforeEach(() => {
    clock = 1_000_000;
    asked = [];
    answer = (keyId) =>
      keyId.startsWith('plaid') ? Promise.resolve(good(keyId)) : Promise.reject(notKnown());
    cache = new WebhookKeyCache({
      fetchKey: (keyId) => {
        asked.push(keyId);
        return answer(keyId);
      },
      now: () => clock,
      waitMs: 100,
    });
  });

  const codeOf = (keyId: string): Promise<string> =>
    cache.get(keyId).then(
      () => 'GOOD',
      (error: { code: string }) => error.code,
    );

  test('asks once for a key that many webhooks wait for, and not again while it is fresh', async () => {
    expect(await Promise.all(Array.from({ length: 50 }, () => codeOf('plaid-1')))).toEqual(
      Array.from({ length: 50 }, () => 'GOOD'),
    );
    clock += KEY_LIFE_MS - 1;
    expect(await codeOf('plaid-1')).toBe('GOOD');
    expect(asked).toEqual(['plaid-1']);
  });

  test('asks again after a day, and so notices that a key has expired', async () => {
    await cache.get('plaid-1');
    answer = (keyId) => Promise.resolve({ ...good(keyId), expired: true });
    clock += KEY_LIFE_MS;
    expect(await codeOf('plaid-1')).toBe('EXPIRED');
    expect(await codeOf('plaid-1')).toBe('EXPIRED');
    expect(asked).toEqual(['plaid-1', 'plaid-1']);
  });

  test('keeps several keys at once', async () => {
    await cache.get('plaid-1');
    await cache.get('plaid-2');
    await cache.get('plaid-1');
    expect(asked).toEqual(['plaid-1', 'plaid-2']);
  });

  test('believes for a minute that a key does not exist, and then asks again', async () => {
    expect(await codeOf('junk')).toBe('UNKNOWN');
    clock += UNKNOWN_LIFE_MS - 1;
    expect(await codeOf('junk')).toBe('UNKNOWN');
    expect(asked).toEqual(['junk']);
    clock += 1;
    expect(await codeOf('junk')).toBe('UNKNOWN');
    expect(asked).toEqual(['junk', 'junk']);
  });

  test('pauses after a fetch that failed, and then asks again', async () => {
    answer = () => Promise.reject(noAnswer());
    expect([await codeOf('plaid-1'), await codeOf('plaid-1')]).toEqual(['UNAVAILABLE', 'UNAVAILABLE']);
    expect(asked).toEqual(['plaid-1']);
    answer = (keyId) => Promise.resolve(good(keyId));
    clock += FAILURE_PAUSE_MS;
    expect(await codeOf('plaid-1')).toBe('GOOD');
  });

  test.each([
    ['another key than the one asked for', { keyId: 'plaid-2' }],
    ['a point that is not on the curve', { x: y, y: x }],
  ])('takes %s for no answer', async (_name, change) => {
    answer = (keyId) => Promise.resolve({ ...good(keyId), ...change });
    expect(await codeOf('plaid-1')).toBe('UNAVAILABLE');
  });

  test('lets a webhook wait only so long, and has the key for the next one', async () => {
    let give = (): void => undefined;
    answer = (keyId) => new Promise((resolve) => (give = () => resolve(good(keyId))));
    expect(await codeOf('plaid-1')).toBe('UNAVAILABLE');
    const next = codeOf('plaid-1');
    give();
    expect(await next).toBe('GOOD');
    expect(asked).toEqual(['plaid-1']);
  });

  test('a flood of ids that do not exist uses up a budget, which known keys do not need', async () => {
    await cache.get('plaid-1');
    asked.length = 0;
    for (let index = 0; index < 200; index++) await codeOf(`junk-${index}`);
    expect(asked).toHaveLength(UNKNOWN_KEY_BUDGET - 1);
    expect(await codeOf('plaid-1')).toBe('GOOD');
    clock += KEY_LIFE_MS;
    await Promise.all(Array.from({ length: 200 }, (_, index) => codeOf(`more-junk-${index}`)));
    expect(await codeOf('plaid-1')).toBe('GOOD');
    expect(asked.filter((keyId) => keyId === 'plaid-1')).toHaveLength(1);
  });

  test('the budget grows again, one by one and no further than it began', async () => {
    for (let index = 0; index < 20; index++) await codeOf(`junk-${index}`);
    expect(await codeOf('plaid-1')).toBe('UNAVAILABLE');
    clock += BUDGET_REFILL_MS;
    expect([await codeOf('plaid-1'), await codeOf('plaid-2')]).toEqual(['GOOD', 'UNAVAILABLE']);
    clock += 1_000 * BUDGET_REFILL_MS;
    asked.length = 0;
    for (let index = 0; index < 50; index++) await codeOf(`later-junk-${index}`);
    expect(asked).toHaveLength(UNKNOWN_KEY_BUDGET);
  });
});

describe('keys over HTTP', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await startBench();
  });
  afterEach(() => bench.close());

  const post = async (): Promise<number> => (await bench.post(callback('ON_SUCCESS'))).status;

  test('a key that cannot be had is a 503, and the webhook is taken when it comes again', async () => {
    const mend = bench.sandbox.outage();
    const body = callback('ON_SUCCESS');
    expect((await bench.post(body)).status).toBe(503);
    expect(bench.receiver.counts()).toMatchObject({ unavailable: 1, refused: 0 });
    mend();
    bench.clock.now += 30_000;
    expect((await bench.post(body)).status).toBe(200);
    expect(bench.hints).toEqual(['shop-1']);
  });

  test('wrong Plaid keys are an operator’s matter, not the sender’s: 503', async () => {
    bench.sandbox.fault(ENDPOINT, {
      kind: 'plaid_error',
      status: 400,
      errorType: 'INVALID_INPUT',
      errorCode: 'INVALID_API_KEYS',
    });
    expect(await post()).toBe(503);
    expect(bench.log()).toContain('INVALID_INPUT/INVALID_API_KEYS');
  });

  test('a flood of unknown keys is refused and does not stop webhooks of a known one', async () => {
    expect(await post()).toBe(200);
    const header = (kid: string) => Buffer.from(JSON.stringify({ alg: 'ES256', kid })).toString('base64url');
    const flood = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        bench.post('{}', { token: `${header(`junk-${index}`)}.e30.AA` }),
      ),
    );
    const statuses = flood.map(({ status }) => status);
    expect(statuses.filter((status) => status === 401)).toHaveLength(UNKNOWN_KEY_BUDGET - 1);
    expect(new Set(statuses)).toEqual(new Set([401, 503]));
    expect(await post()).toBe(200);
  });

  test('after a rotation the new key is good at once and the old one until it is expired', async () => {
    expect(await post()).toBe(200);
    const late = callback('ON_EXIT');
    const token = bench.sandbox.webhooks.sign(late);
    bench.sandbox.webhooks.rotateKey();
    expect(await post()).toBe(200);
    expect((await bench.post(late, { token })).status).toBe(200);
  });

  test('an expired key is noticed after a day at the latest', async () => {
    expect(await post()).toBe(200);
    bench.sandbox.webhooks.expireKey();
    bench.clock.now += KEY_LIFE_MS;
    expect(await post()).toBe(401);
  });
});
