import { HINT_SPACING_MS, HintGate } from '../../src/webhook/hint-gate';

let sent: string[];
let failures: string[];
let fails: boolean;
let gate: HintGate;

beforeEach(() => {
  jest.useFakeTimers();
  sent = [];
  failures = [];
  fails = false;
  gate = new HintGate(
    async (key) => {
      if (fails) throw new Error('no server');
      sent.push(key);
    },
    (key) => failures.push(key),
  );
});
afterEach(async () => {
  await gate.close();
  jest.useRealTimers();
});

test('the first hint goes at once, those of the next second as one when it is over', async () => {
  for (let count = 0; count < 5; count++) await gate.hint('shop-1');
  expect(sent).toEqual(['shop-1']);
  await jest.advanceTimersByTimeAsync(HINT_SPACING_MS - 1);
  expect(sent).toEqual(['shop-1']);
  await jest.advanceTimersByTimeAsync(1);
  expect(sent).toEqual(['shop-1', 'shop-1']);
});

test('a gathered hint begins a second of its own', async () => {
  await gate.hint('shop-1');
  await gate.hint('shop-1');
  await jest.advanceTimersByTimeAsync(HINT_SPACING_MS);
  await gate.hint('shop-1');
  expect(sent).toHaveLength(2);
  await jest.advanceTimersByTimeAsync(HINT_SPACING_MS);
  expect(sent).toHaveLength(3);
});

test('after a quiet second the next hint goes at once', async () => {
  await gate.hint('shop-1');
  await jest.advanceTimersByTimeAsync(HINT_SPACING_MS);
  expect(sent).toHaveLength(1);
  await gate.hint('shop-1');
  expect(sent).toHaveLength(2);
});

test('sessions do not wait for each other', async () => {
  await Promise.all(['shop-1', 'shop-2', 'shop-3'].map((key) => gate.hint(key)));
  expect(sent).toEqual(['shop-1', 'shop-2', 'shop-3']);
});

test('a first hint that fails is told to its sender, a gathered one to the listener', async () => {
  fails = true;
  await expect(gate.hint('shop-1')).rejects.toThrow('no server');
  await gate.hint('shop-1');
  await jest.advanceTimersByTimeAsync(HINT_SPACING_MS);
  expect(failures).toEqual(['shop-1']);
});

test('closing sends what waits, and nothing later', async () => {
  await gate.hint('shop-1');
  await gate.hint('shop-1');
  await gate.hint('shop-2');
  await gate.close();
  expect(sent).toEqual(['shop-1', 'shop-2', 'shop-1']);
  await jest.advanceTimersByTimeAsync(10 * HINT_SPACING_MS);
  expect(sent).toHaveLength(3);
});
