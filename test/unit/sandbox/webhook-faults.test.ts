import { until } from '../../../testing/until';
import { startWebhookBench, type WebhookBench } from '../../../testing/sandbox-webhooks';

const MINUTE = 60_000;

let bench: WebhookBench;
beforeEach(async () => {
  bench = await startWebhookBench();
});
afterEach(() => bench.close());

/** Sends webhooks that are numbered by their code. */
const send = (...codes: string[]): void => {
  for (const code of codes) {
    bench.sandbox.webhooks.send(bench.url, { webhook_type: 'TEST', webhook_code: code });
  }
};
const outcomes = (): string[] => bench.sandbox.webhooks.deliveries().map(({ outcome }) => outcome);

test('without a fault webhooks arrive in the order in which they were sent', async () => {
  const codes = Array.from({ length: 20 }, (_, index) => String(index));
  send(...codes);
  await bench.taken(20);
  expect(bench.codes()).toEqual(codes);
});

test('a lost webhook is never sent', async () => {
  bench.sandbox.webhooks.fault({ kind: 'lose' });
  send('first', 'second');
  await bench.taken(1);
  bench.sandbox.clock.advance(24 * 60 * MINUTE);
  expect(bench.codes()).toEqual(['second']);
  expect(outcomes()).toEqual(['LOST', 'DELIVERED']);
});

test('a duplicate is the same to the byte, signed anew, though the first was taken', async () => {
  bench.sandbox.webhooks.fault({ kind: 'duplicate', copies: 2, afterMs: MINUTE });
  send('first');
  await bench.taken(1);
  for (const count of [2, 3]) {
    bench.sandbox.clock.advance(MINUTE);
    await bench.taken(count);
  }
  const { requests } = bench;
  expect(new Set(requests.map(({ body }) => body)).size).toBe(1);
  expect(new Set(requests.map(({ headers }) => headers['plaid-verification'])).size).toBe(3);
});

test('a duplicate without a delay comes by itself', async () => {
  bench.sandbox.webhooks.fault({ kind: 'duplicate' });
  send('first');
  await bench.taken(2);
  expect(bench.codes()).toEqual(['first', 'first']);
});

test('a delayed webhook comes when its time has come', async () => {
  bench.sandbox.webhooks.fault({ kind: 'delay', byMs: 5 * MINUTE });
  send('late', 'early');
  await bench.taken(1);
  bench.sandbox.clock.advance(5 * MINUTE);
  await bench.taken(2);
  expect(bench.codes()).toEqual(['early', 'late']);
});

test('a reordered webhook comes after the next one', async () => {
  bench.sandbox.webhooks.fault({ kind: 'reorder' });
  send('1', '2', '3');
  await bench.taken(3);
  expect(bench.codes()).toEqual(['2', '1', '3']);
});

test('when every webhook is reordered they swap in pairs, and the last one comes after a minute', async () => {
  bench.sandbox.webhooks.fault({ kind: 'reorder' }, { times: Infinity });
  send('1', '2', '3', '4', '5');
  await bench.taken(4);
  bench.sandbox.clock.advance(MINUTE);
  await bench.taken(5);
  expect(bench.codes()).toEqual(['2', '1', '4', '3', '5']);
});

test('a fault meets only the webhooks that it is meant for, until it is removed', async () => {
  const remove = bench.sandbox.webhooks.fault(
    { kind: 'lose' },
    { times: Infinity, matching: ({ webhook_code }) => webhook_code === 'bad' },
  );
  send('bad', 'good', 'bad');
  remove();
  send('bad');
  await bench.taken(2);
  expect(bench.codes()).toEqual(['good', 'bad']);
});

test('without retries a webhook that is refused is given up', async () => {
  bench.sandbox.set({ webhookRetries: false });
  bench.answer((response) => response.writeHead(500).end());
  send('first');
  await until('it is given up', () => outcomes()[0] === 'GIVEN_UP');
  bench.sandbox.clock.advance(24 * 60 * MINUTE);
  expect(bench.requests).toHaveLength(1);
});

test.each([
  [{ kind: 'delay', byMs: -1 }, 'wait for -1 ms'],
  [{ kind: 'duplicate', copies: 0 }, 'copies must be'],
  [{ kind: 'duplicate', afterMs: NaN }, 'wait for NaN ms'],
] as const)('%p is refused', (fault, message) => {
  expect(() => bench.sandbox.webhooks.fault(fault)).toThrow(message);
});

test('a clock goes forward only', () => {
  const { clock } = bench.sandbox;
  const before = clock.now();
  for (const ms of [-1, NaN, Infinity]) expect(() => clock.advance(ms)).toThrow(RangeError);
  clock.advance(1_500);
  expect(clock.now()).toBe(before + 1_500);
});

test('the ledger knows each webhook and how its attempts went', async () => {
  bench.answer((response) => response.writeHead(503).end());
  send('first');
  await until('it was refused', () => bench.sandbox.webhooks.deliveries()[0]!.attempts.length === 1);
  bench.answer((response) => response.destroy());
  bench.sandbox.clock.advance(30_000);
  await until('it was cut off', () => bench.sandbox.webhooks.deliveries()[0]!.attempts.length === 2);
  expect(bench.sandbox.ledger().toJSON().webhooks).toEqual([
    {
      url: bench.url,
      webhookType: 'TEST',
      webhookCode: 'first',
      outcome: 'PENDING',
      attempts: [
        { at: '2030-05-01T12:00:00.000Z', status: 503 },
        { at: '2030-05-01T12:00:30.000Z', status: null },
      ],
    },
  ]);
});
