import { Writable } from 'node:stream';
import { createLogger } from '../../../src/telemetry/logger';
import { startRetentionLoop } from '../../../src/worker/retention';
import type { RetentionStore } from '../../../src/vault';
import { until } from '../../../testing/until';

const HOUR_MS = 3_600_000;

/** What a worker does with a store that answers as told; the rule itself is tested in test/vault/retention.test.ts. */
function setUp(strip: () => Promise<{ sessions: number; results: number; items: number }>) {
  const lines: { level: string; msg: string }[] = [];
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)) as { level: string; msg: string });
      done();
    },
  });
  const asked: number[] = [];
  const store = {
    purgeExpired: (days: number) => {
      asked.push(days);
      return strip();
    },
  } as RetentionStore;
  const kept = startRetentionLoop(store, 90, createLogger({ level: 'info', destination }));
  return { asked, lines, kept };
}

beforeEach(() => jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'setTimeout', 'Date'] }));
afterEach(() => jest.useRealTimers());

test('a worker looks at its start and every hour, and logs only what it purged', async () => {
  let sessions = 0;
  const { asked, lines, kept } = setUp(async () => ({ sessions, results: sessions, items: 0 }));
  await until('it has looked', () => asked.length === 1);
  sessions = 3;
  jest.advanceTimersByTime(HOUR_MS);
  await until('it has told', () => lines.length === 1);
  expect(asked).toEqual([90, 90]);
  expect(lines).toMatchObject([{ level: 'info', sessions: 3, results: 3, items: 0, days: 90 }]);
  await kept.stop();
  jest.advanceTimersByTime(5 * HOUR_MS);
  expect(asked).toHaveLength(2);
});

test('a look that fails is told, and the next one comes all the same', async () => {
  const { asked, lines, kept } = setUp(() => Promise.reject(new Error('the database is away')));
  await until('it has told', () => lines.length === 1);
  expect(lines).toMatchObject([{ level: 'warn', msg: expect.stringContaining('retrying in 1 h') }]);
  jest.advanceTimersByTime(HOUR_MS);
  await until('it has looked again', () => asked.length === 2);
  await kept.stop();
});

test('a worker that stops waits for the look under way', async () => {
  let finish!: () => void;
  const looking = new Promise<void>((resolve) => (finish = resolve));
  const { kept } = setUp(async () => {
    await looking;
    return { sessions: 0, results: 0, items: 0 };
  });
  let stopped = false;
  const stopping = kept.stop().then(() => (stopped = true));
  await new Promise((resolve) => setImmediate(resolve));
  expect(stopped).toBe(false);
  finish();
  await stopping;
});
