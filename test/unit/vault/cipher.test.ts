import { inspect } from 'node:util';
import fc from 'fast-check';
import { keysOf, newKey, newKeys } from '../../../testing/databases';
import { Secret } from '../../../src/secrets/secret';
import { PLAID_ENVIRONMENTS } from '../../../src/domain/link-token';
import { createCipher, type SealContext, type Sealed } from '../../../src/vault/crypto/cipher';
import { joinKeyProviders, type KeyProvider, VaultError } from '../../../src/vault';

const keys = newKeys('key-1');
const cipher = createCipher(keys, 'sandbox');

const purposes = fc.constantFrom<SealContext['purpose']>(
  'session.request_digest',
  'result.token',
  'result.accounts',
  'item.access_token',
  'item.accounts',
);
const ids = fc.string({ maxLength: 20, unit: 'grapheme' });
const contexts = fc.record<SealContext>({ purpose: purposes, rowId: ids, itemId: ids });
const values = fc.string({ maxLength: 200, unit: 'grapheme' });

/** Expects that the sealed value does not open, and that the error does not tell the value. */
async function expectClosed(
  sealed: Sealed,
  context: SealContext,
  code = 'DECRYPT_FAILED',
  by = cipher,
): Promise<void> {
  try {
    await by.open(sealed, context);
  } catch (error) {
    expect(error).toBeInstanceOf(VaultError);
    expect((error as VaultError).code).toBe(code);
    return;
  }
  throw new Error('it opened');
}

function sealTwice(value: string, context: SealContext): Promise<[Sealed, Sealed]> {
  return Promise.all([cipher.seal(new Secret(value), context), cipher.seal(new Secret(value), context)]);
}

test('what is sealed opens in its place', async () => {
  await fc.assert(
    fc.asyncProperty(values, contexts, async (value, context) => {
      const opened = await cipher.open(await cipher.seal(new Secret(value), context), context);
      expect(opened.reveal()).toBe(value);
    }),
  );
});

test('sealing twice gives different bytes in every column', async () => {
  const context: SealContext = { purpose: 'result.token', rowId: 'row', itemId: '' };
  const [one, two] = await sealTwice('same', context);
  expect(one.wrappedKey.equals(two.wrappedKey)).toBe(false);
  expect(one.ciphertext.equals(two.ciphertext)).toBe(false);
});

test('a changed byte anywhere closes it', async () => {
  await fc.assert(
    fc.asyncProperty(
      values,
      contexts,
      fc.constantFrom('wrappedKey' as const, 'ciphertext' as const),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      async (value, context, column, position, change) => {
        const sealed = await cipher.seal(new Secret(value), context);
        const bytes = Buffer.from(sealed[column]);
        const index = position % bytes.length;
        bytes[index] = bytes[index]! ^ change;
        await expectClosed({ ...sealed, [column]: bytes }, context);
      },
    ),
  );
});

test('cut or extended bytes close it', async () => {
  await fc.assert(
    fc.asyncProperty(
      values,
      contexts,
      fc.constantFrom('wrappedKey' as const, 'ciphertext' as const),
      fc.nat(),
      fc.uint8Array({ minLength: 1, maxLength: 40 }),
      async (value, context, column, position, more) => {
        const sealed = await cipher.seal(new Secret(value), context);
        const bytes = sealed[column];
        await expectClosed({ ...sealed, [column]: bytes.subarray(0, position % bytes.length) }, context);
        await expectClosed({ ...sealed, [column]: bytes.subarray(1 + (position % bytes.length)) }, context);
        await expectClosed({ ...sealed, [column]: Buffer.concat([bytes, more]) }, context);
      },
    ),
  );
});

test('another purpose, row or item closes it', async () => {
  await fc.assert(
    fc.asyncProperty(values, contexts, contexts, async (value, context, moved) => {
      const sealed = await cipher.seal(new Secret(value), context);
      for (const field of ['purpose', 'rowId', 'itemId'] as const) {
        if (moved[field] !== context[field])
          await expectClosed(sealed, { ...context, [field]: moved[field] });
      }
    }),
  );
});

test('a character that moves from one id to the next closes it', async () => {
  await fc.assert(
    fc.asyncProperty(
      values,
      ids,
      fc.string({ minLength: 1, maxLength: 5 }),
      ids,
      async (value, start, middle, end) => {
        const purpose = 'result.token';
        const sealed = await cipher.seal(new Secret(value), { purpose, rowId: start + middle, itemId: end });
        await expectClosed(sealed, { purpose, rowId: start, itemId: middle + end });
      },
    ),
  );
});

test('another environment closes it', async () => {
  await fc.assert(
    fc.asyncProperty(values, contexts, async (value, context) => {
      for (const environment of PLAID_ENVIRONMENTS) {
        if (environment === 'sandbox') continue;
        const sealed = await cipher.seal(new Secret(value), context);
        await expectClosed(sealed, context, 'DECRYPT_FAILED', createCipher(keys, environment));
      }
    }),
  );
});

test('the columns of two values cannot be mixed', async () => {
  await fc.assert(
    fc.asyncProperty(values, contexts, async (value, context) => {
      const [one, two] = await sealTwice(value, context);
      await expectClosed({ ...one, wrappedKey: two.wrappedKey }, context);
    }),
  );
});

test('a value sealed under an older key opens, and new ones go under the primary', async () => {
  const [older, newer] = [newKey('older'), newKey('newer')];
  const context: SealContext = { purpose: 'item.access_token', rowId: 'item', itemId: 'item' };
  const before = await createCipher(keysOf(older), 'sandbox').seal(new Secret('token'), context);
  const both = createCipher(keysOf(newer, older), 'sandbox');
  expect((await both.open(before, context)).reveal()).toBe('token');
  expect((await both.seal(new Secret('token'), context)).keyId).toBe('newer');
});

test('the key is chosen by its id alone', async () => {
  const [a, b] = [newKey('a'), newKey('b')];
  const context: SealContext = { purpose: 'item.access_token', rowId: 'item', itemId: 'item' };
  const both = createCipher(keysOf(a, b), 'sandbox');
  const sealed = await both.seal(new Secret('token'), context);
  await expectClosed({ ...sealed, keyId: 'b' }, context, 'DECRYPT_FAILED', both);
  await expectClosed({ ...sealed, keyId: 'c' }, context, 'KEY_UNKNOWN', both);
});

test('a key under another id opens nothing: the wrap is bound to the id', async () => {
  const key = newKey('a').slice(2);
  const context: SealContext = { purpose: 'item.access_token', rowId: 'item', itemId: 'item' };
  const sealed = await createCipher(keysOf(`a:${key}`), 'sandbox').seal(new Secret('token'), context);
  const renamed = createCipher(keysOf(`b:${key}`), 'sandbox');
  await expectClosed({ ...sealed, keyId: 'b' }, context, 'DECRYPT_FAILED', renamed);
});

test('neither a sealed value nor the error of a failed opening shows the value', async () => {
  const context: SealContext = { purpose: 'item.access_token', rowId: 'item', itemId: 'item' };
  const sealed = await cipher.seal(new Secret('access-sandbox-value'), context);
  expect(Buffer.concat([sealed.wrappedKey, sealed.ciphertext]).includes('access-sandbox-value')).toBe(false);
  try {
    await cipher.open(sealed, { ...context, rowId: 'other' });
    throw new Error('it opened');
  } catch (error) {
    expect((error as VaultError).code).toBe('DECRYPT_FAILED');
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('access-sandbox-value');
  }
});

describe('re-wrapping', () => {
  const context: SealContext = { purpose: 'item.access_token', rowId: 'item', itemId: 'item' };
  const [older, newer] = [newKey('older'), newKey('newer')];
  const before = createCipher(keysOf(older), 'sandbox');
  const both = createCipher(keysOf(newer, older), 'sandbox');
  const after = createCipher(keysOf(newer), 'sandbox');

  test('moves a value to the primary key, and leaves its bytes alone', async () => {
    const sealed = await before.seal(new Secret('token'), context);
    const rewrapped = { ...sealed, ...(await both.rewrap(sealed, context)) };
    expect(rewrapped).toMatchObject({ keyId: 'newer', ciphertext: sealed.ciphertext });
    expect((await after.open(rewrapped, context)).reveal()).toBe('token');
    await expectClosed(rewrapped, context, 'KEY_UNKNOWN', before);
  });

  test('of a value in another place, or under a key that is not there, is refused by the key id', async () => {
    const sealed = await before.seal(new Secret('token'), context);
    await expect(both.rewrap(sealed, { ...context, itemId: 'other' })).rejects.toMatchObject({
      code: 'DECRYPT_FAILED',
      message: expect.stringContaining('the key older'),
    });
    await expect(after.rewrap(sealed, context)).rejects.toMatchObject({
      code: 'KEY_UNKNOWN',
      message:
        'item.access_token of item is encrypted under the key older, which HOSTED_LINK_VAULT_KEYS lacks; add it',
    });
  });
});

describe('a key provider', () => {
  const context: SealContext = { purpose: 'item.access_token', rowId: 'item', itemId: 'item' };

  test('that rejects is told apart from a value that does not decrypt, without what it said', async () => {
    const sealed = await cipher.seal(new Secret('token'), context);
    const failure = Object.assign(new TypeError('key material 4711'), { code: 'ECONNREFUSED' });
    const away: KeyProvider = { ...keys, source: 'the key service', unwrap: () => Promise.reject(failure) };
    await expect(createCipher(away, 'sandbox').open(sealed, context)).rejects.toMatchObject({
      code: 'KEY_PROVIDER_FAILED',
      message: 'the key service failed to use the key key-1 (TypeError ECONNREFUSED)',
    });
  });

  test('that is joined to another wraps, and both unwrap', async () => {
    const [first, other] = [newKeys('service-1'), newKeys('ring-1')];
    const joined = createCipher(joinKeyProviders(first, other), 'sandbox');
    const old = await createCipher(other, 'sandbox').seal(new Secret('old'), context);
    const fresh = await joined.seal(new Secret('fresh'), context);
    expect(fresh.keyId).toBe('service-1');
    expect((await joined.open(old, context)).reveal()).toBe('old');
    expect((await joined.open(fresh, context)).reveal()).toBe('fresh');
    expect(() => joinKeyProviders(first, newKeys('service-1'))).toThrow(
      'HOSTED_LINK_VAULT_KEYS: has a key of the id service-1, and so has HOSTED_LINK_VAULT_KEYS; give each key an id of its own',
    );
  });
});

describe('what the first version sealed', () => {
  // Made with a key of no secrecy by the version before key providers.
  const keys = keysOf('vault-1:ACVKb5S53gMoTXKXvOEGK1B1mr/kCS5TeJ3C5wwxVns=');
  const sealed: Sealed = {
    keyId: 'vault-1',
    wrappedKey: Buffer.from(
      'xdHmEdNATtdTuSPh6y1Jc1C8qgAo1W+natxrp6PfL9gyxwwMs97tKsqvHnrS8WU9q2R0+HAszI2/N/pn',
      'base64',
    ),
    ciphertext: Buffer.from(
      'Ae2fK6Y9lbV/55eDJKEwOOCS4ZRPcKHQc+9Pci91jfLqGHaaw8xHYQewSR/kCofUm9FtlChT7w==',
      'base64',
    ),
  };

  test('still opens', async () => {
    const opened = await createCipher(keys, 'sandbox').open(sealed, {
      purpose: 'item.access_token',
      rowId: 'item-1',
      itemId: 'item-1',
    });
    expect(opened.reveal()).toBe('access-sandbox-from-before');
  });

  test('was sealed with a key whose fingerprint has stayed the same', async () => {
    expect((await keys.fingerprint('vault-1')).toString('hex')).toBe(
      'f8dde31367e2c00749a37c61f7d8ebe1f1bbc19cb95c848b61842b0c7962b4d1',
    );
  });
});
