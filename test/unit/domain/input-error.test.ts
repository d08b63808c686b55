import { z } from 'zod';
import {
  combineInputErrors,
  formatPath,
  InputError,
  inputErrorFrom,
  issueMessage,
  separateInputErrors,
} from '../../../src/domain/input-error';

function errorOf(schema: z.ZodType, value: unknown, prefix?: string): InputError {
  const parsed = schema.safeParse(value);
  if (parsed.success) throw new Error('expected a refusal');
  return inputErrorFrom(parsed.error, prefix);
}

test('keeps the field, the problem and the remedy apart, and joins them in the message', () => {
  expect(new InputError('PLAID_ENV', 'unknown; misspelt', 'give sandbox')).toMatchObject({
    name: 'InputError',
    code: 'INVALID_INPUT',
    field: 'PLAID_ENV',
    problem: 'unknown; misspelt',
    remedy: 'give sandbox',
    message: 'PLAID_ENV: unknown; misspelt; give sandbox',
  });
});

test('combines several errors into one, a line each, and separates them again', () => {
  const [one, two, three] = ['A', 'B', 'C'].map((field) => new InputError(field, 'missing', 'set it'));
  const combined = combineInputErrors([one!, combineInputErrors([two!, three!])]);
  expect(combined).toMatchObject({ field: 'A', problem: 'missing', remedy: 'set it' });
  expect(combined.message).toBe('A: missing; set it\nB: missing; set it\nC: missing; set it');
  expect(separateInputErrors(combined)).toEqual([one, two, three]);
  expect(separateInputErrors(combined).map(({ message }) => message)).toHaveLength(3);
});

test.each([
  [[], ''],
  [['user'], 'user'],
  [['user', 'names', 0, 'first'], 'user.names[0].first'],
  [[2, 'a'], '[2].a'],
])('writes the path %j as people do', (path, text) => {
  expect(formatPath(path)).toBe(text);
});

const schema = z.object({ list: z.array(z.string()), count: z.number().max(3).optional() });

test.each([
  ['missing', {}, 'list: missing; give an array'],
  ['of another kind', { list: 'hunter2' }, 'list: expected array, received string; correct it'],
  ['wrong inside', { list: ['x', 7] }, 'list[1]: expected string, received number; correct it'],
  ['out of bounds', { list: [], count: 42 }, 'count: expected number to be <=3; correct it'],
])('describes a value that is %s by its path and kind', (_case, value, message) => {
  expect(errorOf(schema, value).message).toBe(message);
});

test('puts the prefix before the path, and uses it alone for the value itself', () => {
  expect(errorOf(schema, {}, 'request').field).toBe('request.list');
  expect(errorOf(z.array(z.string()), [1], 'keys').field).toBe('keys[0]');
  expect(errorOf(schema, null, 'request').field).toBe('request');
  expect(errorOf(schema, null).field).toBe('input');
});

test("keeps a schema's own problem and remedy", () => {
  const own = z.string().min(5, issueMessage('too short; really', 'give at least five characters'));
  expect(errorOf(own, 'hi', 'NAME')).toMatchObject({
    field: 'NAME',
    problem: 'too short; really',
    remedy: 'give at least five characters',
    message: 'NAME: too short; really; give at least five characters',
  });
});

test("gives a remedy to a schema's own message that has none, whatever is in it", () => {
  expect(errorOf(z.string().min(5, 'too short; really'), 'hi', 'NAME')).toMatchObject({
    problem: 'too short; really',
    remedy: 'correct it',
  });
});

test('names the unknown keys of a strict object', () => {
  expect(errorOf(z.strictObject({}), { tpyo: 'hunter2' }, 'options').message).toBe(
    'options: Unrecognized key: "tpyo"; leave out what is not known',
  );
});
