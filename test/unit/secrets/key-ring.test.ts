import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { InputError } from '../../../src/domain/input-error';
import { generateKeyRingText, parseKeyRing } from '../../../src/secrets/key-ring';

const SETTING = 'HOSTED_LINK_VAULT_KEYS';
const material = () => randomBytes(32).toString('base64');

function refusal(text: string): string {
  try {
    parseKeyRing(text, SETTING);
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    expect((error as InputError).field).toBe(SETTING);
    for (const pair of text.split(',')) {
      const key = pair.slice(pair.indexOf(':') + 1);
      if (key.length > 8) expect(inspect(error)).not.toContain(key);
    }
    return (error as InputError).message;
  }
  throw new Error('was not refused');
}

test('the first key is the primary, and each key is found by its id', () => {
  const [a, b] = [material(), material()];
  const ring = parseKeyRing(` new:${a} ,\n old-1.x_:${b}\n`, SETTING);
  expect(ring.primary.id).toBe('new');
  expect(ring.primary.key.export().toString('base64')).toBe(a);
  expect(ring.ids()).toEqual(['new', 'old-1.x_']);
  expect(ring.get('old-1.x_')!.export().toString('base64')).toBe(b);
  expect(ring.get('other')).toBeUndefined();
});

test('a generated ring reads back, and two are never the same', () => {
  const [one, two] = [generateKeyRingText('vault'), generateKeyRingText('vault')];
  const ring = parseKeyRing(one, SETTING);
  expect(ring.ids()).toEqual([expect.stringMatching(/^vault-[0-9a-f]{8}$/)]);
  expect(ring.primary.key.equals(parseKeyRing(two, SETTING).primary.key)).toBe(false);
});

test('neither inspection nor JSON of a ring shows a key', () => {
  const key = material();
  const ring = parseKeyRing(`k:${key}`, SETTING);
  const hex = Buffer.from(key, 'base64').toString('hex');
  const shown = inspect(ring, { depth: 9, showHidden: true, getters: true }) + JSON.stringify(ring);
  expect(shown).not.toContain(key);
  expect(shown.replaceAll(' ', '')).not.toContain(hex);
});

test.each([
  ['an empty text', '', 'key 1 of 1 is empty'],
  ['an empty pair', `a:${material()},`, 'key 2 of 2 is empty'],
  ['a key without an id', material(), 'key 1 of 1 has no colon after its id'],
  ['an empty id', `:${material()}`, 'key 1 of 1 has a malformed id'],
  ['an id of foreign characters', `a b:${material()}`, 'key 1 of 1 has a malformed id'],
  ['an id of 65 characters', `${'a'.repeat(65)}:${material()}`, 'key 1 of 1 has a malformed id'],
  ['a key that is not base64', `a:${'?'.repeat(44)}`, 'key 1 of 1 (a) is not base64'],
  ['a key without its padding', `a:${material().slice(0, -1)}`, 'key 1 of 1 (a) is not base64'],
  ['a short key', `a:${randomBytes(16).toString('base64')}`, 'key 1 of 1 (a) has 16 bytes, not 32'],
  ['a long key', `a:${randomBytes(33).toString('base64')}`, 'key 1 of 1 (a) has 33 bytes, not 32'],
  [
    'a placeholder of zeros',
    `a:${Buffer.alloc(32).toString('base64')}`,
    'key 1 of 1 (a) is one byte repeated',
  ],
  ['an id that is there twice', `a:${material()},a:${material()}`, 'has the key id a twice'],
])('%s is refused by the name of the setting, without the text', (_, text, problem) => {
  expect(refusal(text)).toContain(`${SETTING}: ${problem}`);
});

test('the same key under two ids is refused', () => {
  const key = material();
  expect(refusal(`a:${key},b:${key}`)).toContain('has the same key under a and b');
});
