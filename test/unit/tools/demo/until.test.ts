import { NotInTime, until, within } from '../../../../tools/demo/until';

const never = new Promise<never>(() => {});
const { signal } = new AbortController();
const short = { timeoutMs: 10, signal };
const aborted = { timeoutMs: 60_000, signal: AbortSignal.abort(new Error('Ctrl-C')) };

it('waits for a condition, also one that takes time to tell', async () => {
  let looks = 0;
  await until('the third look', async () => ++looks === 3, { timeoutMs: 5_000, signal });
  expect(looks).toBe(3);
});

it('gives what a promise gives', async () => {
  expect(await within('an answer', Promise.resolve(42), short)).toBe(42);
});

it.each([
  ['a condition', () => until('the second coming', () => false, { ...short, timeoutMs: 1_000 })],
  ['a promise', () => within('the second coming', never, { ...short, timeoutMs: 1_000 })],
])('says which event %s was waited for in vain, and how long', async (_what, wait) => {
  const error = await wait().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(NotInTime);
  expect(error).toMatchObject({ message: 'the second coming did not happen within 1 s' });
});

it.each([
  ['a condition', () => until('anything', () => false, aborted)],
  ['a promise', () => within('anything', never, aborted)],
])('ends the wait for %s at an abort', async (_what, wait) => {
  await expect(wait()).rejects.toThrow('Ctrl-C');
});
