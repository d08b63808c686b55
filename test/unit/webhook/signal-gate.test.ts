import { GATHER_HINTS_MS } from '../../../src/domain/schedule';
import { SignalGate } from '../../../src/webhook/signal-gate';

let sent: string[];
let failures: string[];
let fails: boolean;
let gate: SignalGate<string>;

beforeEach(() => {
  jest.useFakeTimers();
  sent = [];
  failures = [];
  fails = false;
  gate = new SignalGate(
    async (key, content) => {
      if (fails) throw new Error('no server');
      sent.push(`${key} ${content}`);
    },
    (key) => failures.push(key),
  );
});
afterEach(async () => {
  await gate.close();
  jest.useRealTimers();
});

test('the first signal goes at once, of those of the next two seconds the newest when they are over', async () => {
  for (const content of ['one', 'two', 'three']) await gate.signal('shop-1', content);
  expect(sent).toEqual(['shop-1 one']);
  await jest.advanceTimersByTimeAsync(GATHER_HINTS_MS - 1);
  expect(sent).toEqual(['shop-1 one']);
  await jest.advanceTimersByTimeAsync(1);
  expect(sent).toEqual(['shop-1 one', 'shop-1 three']);
});

test('a gathered signal begins two seconds of its own', async () => {
  await gate.signal('shop-1', 'one');
  await gate.signal('shop-1', 'two');
  await jest.advanceTimersByTimeAsync(GATHER_HINTS_MS);
  await gate.signal('shop-1', 'three');
  expect(sent).toHaveLength(2);
  await jest.advanceTimersByTimeAsync(GATHER_HINTS_MS);
  expect(sent).toEqual(['shop-1 one', 'shop-1 two', 'shop-1 three']);
});

test('after two quiet seconds the next signal goes at once', async () => {
  await gate.signal('shop-1', 'one');
  await jest.advanceTimersByTimeAsync(GATHER_HINTS_MS);
  expect(sent).toHaveLength(1);
  await gate.signal('shop-1', 'two');
  expect(sent).toHaveLength(2);
});

test('sessions do not wait for each other', async () => {
  await Promise.all(['shop-1', 'shop-2', 'shop-3'].map((key) => gate.signal(key, 'one')));
  expect(sent).toEqual(['shop-1 one', 'shop-2 one', 'shop-3 one']);
});

test('a first signal that fails is told to its sender, a gathered one to the listener', async () => {
  fails = true;
  await expect(gate.signal('shop-1', 'one')).rejects.toThrow('no server');
  await gate.signal('shop-1', 'two');
  await jest.advanceTimersByTimeAsync(GATHER_HINTS_MS);
  expect(failures).toEqual(['shop-1']);
});

test('closing sends what waits, and nothing later', async () => {
  await gate.signal('shop-1', 'one');
  await gate.signal('shop-1', 'two');
  await gate.signal('shop-2', 'one');
  await gate.close();
  expect(sent).toEqual(['shop-1 one', 'shop-2 one', 'shop-1 two']);
  await jest.advanceTimersByTimeAsync(10 * GATHER_HINTS_MS);
  expect(sent).toHaveLength(3);
});
