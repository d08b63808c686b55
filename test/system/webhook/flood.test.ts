import { generateKeyPairSync, randomUUID, sign as signBytes } from 'node:crypto';
import { UNKNOWN_KEY_BUDGET } from '../../../src/webhook/key-cache';
import { type Bench, callback, startBench } from '../../../testing/webhook-bench';

/** Plaid waits 10 s; the receiver promises 8. */
const ANSWERED_WITHIN_MS = 8_000;

const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });

let bench: Bench;
beforeEach(async () => {
  bench = await startBench();
});
afterEach(() => bench.close());

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token that a stranger has signed, right but for its key. */
function forged(kid: string): string {
  const signed = `${part({ alg: 'ES256', kid, typ: 'JWT' })}.${part({ iat: Math.floor(bench.clock.now / 1_000) })}`;
  const signature = signBytes('sha256', Buffer.from(signed), {
    key: stranger.privateKey,
    dsaEncoding: 'ieee-p1363',
  });
  return `${signed}.${signature.toString('base64url')}`;
}

/** The id of the key that the sandbox signs with. */
function plaidKeyId(): string {
  const [header] = bench.sandbox.webhooks.sign('').split('.');
  return (JSON.parse(Buffer.from(header!, 'base64url').toString()) as { kid: string }).kid;
}

const statusOf = async (body: string, token?: string): Promise<number> => {
  const answer = await bench.post(body, token === undefined ? {} : { token });
  await answer.text();
  return answer.status;
};

describe('a flood of forged webhooks', () => {
  const LARGE = `{"padding":"${'x'.repeat(200_000)}"}`;

  test.each([
    ['under ids of keys that do not exist', () => forged(randomUUID()), '{}'],
    ['under the id of Plaid’s key', () => forged(plaidKeyId()), '{}'],
    ['with large bodies', () => forged(plaidKeyId()), LARGE],
    ['with tokens that are none', () => 'e30.e30.e30', '{}'],
  ])(
    '%s delays no genuine one, and costs Plaid no more calls than the budget',
    async (_name, token, forgedBody) => {
      expect(await statusOf(callback('ON_EXIT'))).toBe(200);
      let isOver = false;
      const statuses: number[] = [];
      const attackers = Array.from({ length: 30 }, async () => {
        while (!isOver) statuses.push(await statusOf(forgedBody, token()));
      });
      const slowest = { ms: 0 };
      for (let count = 0; count < 20; count++) {
        const began = Date.now();
        expect(await statusOf(callback('ON_SUCCESS'))).toBe(200);
        slowest.ms = Math.max(slowest.ms, Date.now() - began);
      }
      isOver = true;
      await Promise.all(attackers);
      expect(statuses.length).toBeGreaterThan(30);
      expect(statuses.filter((status) => status !== 401 && status !== 503)).toEqual([]);
      expect(slowest.ms).toBeLessThan(ANSWERED_WITHIN_MS);
      expect(bench.askedKeys.length).toBeLessThanOrEqual(UNKNOWN_KEY_BUDGET);
      expect(bench.receiver.counts().hinted).toBe(21);
    },
  );

  test('while the key of Plaid is fetched again after its day keeps no genuine one from it', async () => {
    expect(await statusOf(callback('ON_EXIT'))).toBe(200);
    bench.clock.now += 25 * 3_600_000;
    const flood = Promise.all(Array.from({ length: 100 }, () => statusOf('{}', forged(randomUUID()))));
    expect(await statusOf(callback('ON_SUCCESS'))).toBe(200);
    await flood;
    expect(bench.askedKeys.filter((keyId) => keyId === plaidKeyId())).toHaveLength(2);
  });

  test('is logged in a few lines', async () => {
    await Promise.all(Array.from({ length: 200 }, () => statusOf('{}', forged(randomUUID()))));
    expect(bench.log().split('\n').length).toBeLessThan(10);
  });
});

test('replays of a genuine webhook cost no call, no hint and no line of the log', async () => {
  const body = callback('ON_SUCCESS');
  const token = bench.sandbox.webhooks.sign(body);
  await statusOf(body, token);
  const linesBefore = bench.log().length;
  const replays = await Promise.all(Array.from({ length: 300 }, () => statusOf(body, token)));
  expect(new Set(replays)).toEqual(new Set([200]));
  expect(bench.log()).toHaveLength(linesBefore);
  expect(bench.askedKeys).toHaveLength(1);
  await bench.receiver.close();
  expect(bench.hints).toEqual(['shop-1']);
});
