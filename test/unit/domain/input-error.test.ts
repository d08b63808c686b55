import { z } from 'zod';
import { formatPath, InputError, inputErrorFrom } from '../../../src/domain/input-error';

function errorOf(schema: z.ZodType, value: unknown, prefix?: string): InputError {
  const parsed = schema.safeParse(value);
  if (parsed.success) throw new Error('expected a refusal');
  return inputErrorFrom(parsed.error, prefix);
}

test('an input error names the field, what is wrong and what to do', () => {
  const error = new InputError('PLAID_ENV', 'unknown environment; give sandbox, development or production');
  expect(error).toMatchObject({
    name: 'InputError',
    code: 'INVALID_INPUT',
    field: 'PLAID_ENV',
    message: 'PLAID_ENV: unknown environment; give sandbox, development or production',
  });
});

test.each([
  [[], ''],
  [['user'], 'user'],
  [['user', 'names', 0, 'first'], 'user.names[0].first'],
  [[2, 'a'], '[2].a'],
])('the path %j is written as people write it', (path, text) => {
  expect(formatPath(path)).toBe(text);
});

const schema = z.object({ list: z.array(z.string()), count: z.number().max(3).optional() });

test.each([
  ['missing', {}, 'list: missing; give an array'],
  ['of another kind', { list: 'hunter2' }, 'list: expected array, received string; correct it'],
  ['wrong inside', { list: ['x', 7] }, 'list[1]: expected string, received number; correct it'],
  ['out of bounds', { list: [], count: 42 }, 'count: expected number to be <=3; correct it'],
])('a value that is %s is described by its path and kind', (_case, value, message) => {
  expect(errorOf(schema, value).message).toBe(message);
});

test('the prefix stands before the path, and alone for the value itself', () => {
  expect(errorOf(schema, {}, 'request').field).toBe('request.list');
  expect(errorOf(z.array(z.string()), [1], 'keys').field).toBe('keys[0]');
  expect(errorOf(schema, null, 'request').field).toBe('request');
  expect(errorOf(schema, null).field).toBe('input');
});

test("a schema's own message with a remedy is kept", () => {
  const own = z.string().min(5, 'too short; give at least five characters');
  expect(errorOf(own, 'hi', 'NAME').message).toBe('NAME: too short; give at least five characters');
});

test('unknown keys of a strict object are named', () => {
  expect(errorOf(z.strictObject({}), { tpyo: 'hunter2' }, 'options').message).toBe(
    'options: Unrecognized key: "tpyo"; leave out what is not known',
  );
});
