import { Writable } from 'node:stream';
import { KeyUse, MAX_ENCRYPTIONS, WARN_ENCRYPTIONS } from '../../../src/codec/key-use';
import { createPayloadCodec } from '../../../src/codec/payload-codec';
import { generateKeyRingText, parseKeyRing } from '../../../src/secrets/key-ring';
import { createLogger } from '../../../src/telemetry/logger';
import { until } from '../../../testing/until';

/** A count that several processes could share, and what was logged about it. */
function sharedCount(total = 0) {
  const lines: Record<string, unknown>[] = [];
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)) as Record<string, unknown>);
      done();
    },
  });
  const logger = createLogger({ level: 'info', destination });
  const count = { total, bookings: 0, away: false, lines };
  const book = async (encryptions: number) => {
    count.bookings++;
    if (count.away) throw new Error('the database is away');
    return (count.total += encryptions);
  };
  return { count, newUse: () => new KeyUse({ keyId: 'codec-1', book, logger }) };
}

/** Lets bookings under way end. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

test('what the codec encrypts is counted, and what it decrypts is not', async () => {
  const counted: number[] = [];
  const codec = createPayloadCodec(parseKeyRing(generateKeyRingText('c'), 'ring'), (n) => counted.push(n));
  const payloads = await codec.encode([{ data: Buffer.from('a') }, { data: Buffer.from('b') }]);
  await codec.decode(payloads);
  await codec.encode([{ data: Buffer.from('c') }]);
  expect(counted).toEqual([2, 1]);
});

test('a process that dies at any moment has booked at least what it used, and at most a block more', async () => {
  const { count, newUse } = sharedCount();
  const use = newUse();
  use.add(1);
  await settle();
  for (let used = 1; used < 500_000; used += 1_000) {
    expect(count.total).toBeGreaterThanOrEqual(used);
    expect(count.total - used).toBeLessThanOrEqual(1.5 * 65_536);
    use.add(1_000);
    await settle();
  }
  expect(count.bookings).toBeLessThan(12);
  expect(count.lines).toEqual([]);
});

test('encryptions that come while a booking is under way start no other', async () => {
  const { count, newUse } = sharedCount();
  const use = newUse();
  for (let index = 0; index < 100; index++) use.add(1);
  await settle();
  expect(count.bookings).toBe(1);
});

test('what cannot be booked is counted on, and booked whole later', async () => {
  const { count, newUse } = sharedCount();
  count.away = true;
  const use = newUse();
  use.add(200_000);
  await settle();
  expect(count.total).toBe(0);
  count.away = false;
  await until('it is booked', () => {
    use.add(1);
    return count.total >= 200_000;
  });
});

test('processes that share a key are warned from half of the limit on, and told when it is passed', async () => {
  const { count, newUse } = sharedCount(WARN_ENCRYPTIONS - 100_000);
  newUse().add(1);
  await settle();
  expect(count.lines).toEqual([]);
  newUse().add(1);
  await settle();
  expect(count.lines).toEqual([
    expect.objectContaining({
      level: 'warn',
      keyId: 'codec-1',
      encryptions: count.total,
      limit: MAX_ENCRYPTIONS,
      msg: expect.stringContaining('add a new one'),
    }),
  ]);
  count.total = MAX_ENCRYPTIONS;
  newUse().add(1);
  await settle();
  expect(count.lines[1]).toMatchObject({ level: 'error', keyId: 'codec-1' });
});
