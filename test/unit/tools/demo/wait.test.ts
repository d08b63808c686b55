import { WaitTimeoutError, until, withTimeout } from '../../../../tools/demo/wait';

const never = new Promise<never>(() => {});
const { signal } = new AbortController();
const short = { timeoutMs: 10, signal };
const aborted = { timeoutMs: 60_000, signal: AbortSignal.abort(new Error('Ctrl-C')) };

it('waits for a condition, also an asynchronous one', async () => {
  let checks = 0;
  await until('the third check', async () => ++checks === 3, { timeoutMs: 5_000, signal });
  expect(checks).toBe(3);
});

it('gives what a promise gives', async () => {
  expect(await withTimeout('an answer', Promise.resolve(42), short)).toBe(42);
});

it.each([
  ['a condition', () => until('the second coming', () => false, { ...short, timeoutMs: 1_000 })],
  ['a promise', () => withTimeout('the second coming', never, { ...short, timeoutMs: 1_000 })],
])('names the event that %s did not bring in time, and the time limit', async (_what, wait) => {
  const error = await wait().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(WaitTimeoutError);
  expect(error).toMatchObject({ message: 'the second coming did not happen within 1 s' });
});

it.each([
  ['a condition', () => until('anything', () => false, aborted)],
  ['a promise', () => withTimeout('anything', never, aborted)],
])('ends the wait for %s at an abort', async (_what, wait) => {
  await expect(wait()).rejects.toThrow('Ctrl-C');
});
