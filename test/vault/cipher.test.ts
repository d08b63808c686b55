import { inspect } from 'node:util';
import fc from 'fast-check';
import { newKey, newRing } from './databases';
import { parseKeyRing } from '../../src/key-ring';
import { Secret } from '../../src/secret';
import { PLAID_ENVIRONMENTS } from '../../src/session';
import { createCipher, type SealContext, type Sealed } from '../../src/vault/cipher';
import { VaultError } from '../../src/vault';

const ring = newRing('key-1');
const cipher = createCipher(ring, 'sandbox');

const purposes = fc.constantFrom<SealContext['purpose']>(
  'session.request_digest',
  'result.token',
  'item.access_token',
);
const ids = fc.string({ maxLength: 20, unit: 'grapheme' });
const contexts = fc.record<SealContext>({ purpose: purposes, rowId: ids, itemId: ids });
const values = fc.string({ maxLength: 200, unit: 'grapheme' });

/** Expects that the sealed value does not open, and that the error does not tell the value. */
function expectClosed(sealed: Sealed, context: SealContext, code = 'DECRYPT_FAILED', by = cipher): void {
  try {
    by.open(sealed, context);
  } catch (error) {
    expect(error).toBeInstanceOf(VaultError);
    expect((error as VaultError).code).toBe(code);
    return;
  }
  throw new Error('it opened');
}

test('what is sealed opens in its place', () => {
  fc.assert(
    fc.property(values, contexts, (value, context) => {
      expect(cipher.open(cipher.seal(new Secret(value), context), context).reveal()).toBe(value);
    }),
  );
});

test('sealing twice gives different bytes in every column', () => {
  const context: SealContext = { purpose: 'result.token', rowId: 'row', itemId: '' };
  const [one, two] = [0, 1].map(() => cipher.seal(new Secret('same'), context)) as [Sealed, Sealed];
  expect(one.wrappedKey.equals(two.wrappedKey)).toBe(false);
  expect(one.ciphertext.equals(two.ciphertext)).toBe(false);
});

test('a changed byte anywhere closes it', () => {
  fc.assert(
    fc.property(
      values,
      contexts,
      fc.constantFrom('wrappedKey' as const, 'ciphertext' as const),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (value, context, column, position, change) => {
        const sealed = cipher.seal(new Secret(value), context);
        const bytes = Buffer.from(sealed[column]);
        const index = position % bytes.length;
        bytes[index] = bytes[index]! ^ change;
        expectClosed({ ...sealed, [column]: bytes }, context);
      },
    ),
  );
});

test('cut or extended bytes close it', () => {
  fc.assert(
    fc.property(
      values,
      contexts,
      fc.constantFrom('wrappedKey' as const, 'ciphertext' as const),
      fc.nat(),
      fc.uint8Array({ minLength: 1, maxLength: 40 }),
      (value, context, column, position, more) => {
        const sealed = cipher.seal(new Secret(value), context);
        const bytes = sealed[column];
        expectClosed({ ...sealed, [column]: bytes.subarray(0, position % bytes.length) }, context);
        expectClosed({ ...sealed, [column]: bytes.subarray(1 + (position % bytes.length)) }, context);
        expectClosed({ ...sealed, [column]: Buffer.concat([bytes, more]) }, context);
      },
    ),
  );
});

test('another purpose, row or item closes it', () => {
  fc.assert(
    fc.property(values, contexts, contexts, (value, context, moved) => {
      const sealed = cipher.seal(new Secret(value), context);
      for (const field of ['purpose', 'rowId', 'itemId'] as const) {
        if (moved[field] !== context[field]) expectClosed(sealed, { ...context, [field]: moved[field] });
      }
    }),
  );
});

test('a character that moves from one id to the next closes it', () => {
  fc.assert(
    fc.property(values, ids, fc.string({ minLength: 1, maxLength: 5 }), ids, (value, start, middle, end) => {
      const purpose = 'result.token';
      const sealed = cipher.seal(new Secret(value), { purpose, rowId: start + middle, itemId: end });
      expectClosed(sealed, { purpose, rowId: start, itemId: middle + end });
    }),
  );
});

test('another environment closes it', () => {
  fc.assert(
    fc.property(values, contexts, (value, context) => {
      for (const environment of PLAID_ENVIRONMENTS) {
        if (environment === 'sandbox') continue;
        const sealed = cipher.seal(new Secret(value), context);
        expectClosed(sealed, context, 'DECRYPT_FAILED', createCipher(ring, environment));
      }
    }),
  );
});

test('the columns of two values cannot be mixed', () => {
  fc.assert(
    fc.property(values, contexts, (value, context) => {
      const [one, two] = [0, 1].map(() => cipher.seal(new Secret(value), context)) as [Sealed, Sealed];
      expectClosed({ ...one, wrappedKey: two.wrappedKey }, context);
    }),
  );
});

test('a value sealed under an older key opens, and new ones go under the primary', () => {
  const [older, newer] = [newKey('older'), newKey('newer')];
  const context: SealContext = { purpose: 'item.access_token', rowId: 'item', itemId: 'item' };
  const before = createCipher(parseKeyRing(older, 'KEYS'), 'sandbox').seal(new Secret('token'), context);
  const both = createCipher(parseKeyRing(`${newer},${older}`, 'KEYS'), 'sandbox');
  expect(both.open(before, context).reveal()).toBe('token');
  expect(both.seal(new Secret('token'), context).keyId).toBe('newer');
});

test('the key is chosen by its id alone', () => {
  const [a, b] = [newKey('a'), newKey('b')];
  const context: SealContext = { purpose: 'item.access_token', rowId: 'item', itemId: 'item' };
  const both = createCipher(parseKeyRing(`${a},${b}`, 'KEYS'), 'sandbox');
  const sealed = both.seal(new Secret('token'), context);
  expectClosed({ ...sealed, keyId: 'b' }, context, 'DECRYPT_FAILED', both);
  expectClosed({ ...sealed, keyId: 'c' }, context, 'KEY_UNKNOWN', both);
});

test('a key under another id opens nothing: the wrap is bound to the id', () => {
  const key = newKey('a').slice(2);
  const context: SealContext = { purpose: 'item.access_token', rowId: 'item', itemId: 'item' };
  const sealed = createCipher(parseKeyRing(`a:${key}`, 'KEYS'), 'sandbox').seal(new Secret('token'), context);
  const renamed = createCipher(parseKeyRing(`b:${key}`, 'KEYS'), 'sandbox');
  expectClosed({ ...sealed, keyId: 'b' }, context, 'DECRYPT_FAILED', renamed);
});

test('neither a sealed value nor the error of a failed opening shows the value', () => {
  const context: SealContext = { purpose: 'item.access_token', rowId: 'item', itemId: 'item' };
  const sealed = cipher.seal(new Secret('access-sandbox-value'), context);
  expect(Buffer.concat([sealed.wrappedKey, sealed.ciphertext]).includes('access-sandbox-value')).toBe(false);
  try {
    cipher.open(sealed, { ...context, rowId: 'other' });
    throw new Error('it opened');
  } catch (error) {
    expect((error as VaultError).code).toBe('DECRYPT_FAILED');
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('access-sandbox-value');
  }
});
