import { readSettings } from '../../../src/config/settings';
import { InputError } from '../../../src/domain/input-error';
import { generateKeyRingText } from '../../../src/secrets/key-ring';
import { keys as published } from '../codec/vectors.json';
import { RECORDING_RING } from '../../../testing/recorded-histories';

function refusalOf(env: NodeJS.ProcessEnv): InputError {
  try {
    readSettings(env);
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return error as InputError;
  }
  throw new Error('was accepted');
}

function encoded(bytes: Uint8Array | string): string {
  return Buffer.from(bytes as Uint8Array).toString('base64');
}

describe.each(['sandbox', 'production'])('with PLAID_ENV %s', (environment) => {
  test('a key that both rings have is refused, under any id and in any place', () => {
    const shared = generateKeyRingText('x').split(':')[1]!;
    const { message } = refusalOf({
      PLAID_ENV: environment,
      HOSTED_LINK_VAULT_KEYS: `${generateKeyRingText('v')},old:${shared}`,
      HOSTED_LINK_CODEC_KEYS: `${generateKeyRingText('c')},older:${shared}`,
    });
    expect(message).toMatch(/^HOSTED_LINK_CODEC_KEYS: its key older is the vault's key old, /);
    expect(message).not.toContain(shared);
  });

  test.each([
    ['ascending from 0', encoded(Uint8Array.from({ length: 32 }, (_, index) => index))],
    ['ascending over 255', encoded(Uint8Array.from({ length: 32 }, (_, index) => 240 + index))],
    ['descending', encoded(Uint8Array.from({ length: 32 }, (_, index) => 32 - index))],
    ["the key of Temporal's samples", encoded('test-key-test-key-test-key-test!')],
    ['text', encoded('0123456789abcdef0123456789ABCDEF')],
    ['a pattern', encoded(Uint8Array.from({ length: 32 }, (_, index) => (index * 37) % 7))],
    ["published in this project's test vectors", published['key-2026']],
    ["published in this project's test vectors, the older one", published['key-2025']],
    ["of this project's recorded histories", encoded(RECORDING_RING.primary.key.export())],
  ])('a key that is %s is refused, in either ring and in any place', (_name, key) => {
    for (const [name, weak] of [
      ['HOSTED_LINK_VAULT_KEYS', `known:${key}`],
      ['HOSTED_LINK_CODEC_KEYS', `${generateKeyRingText('new')},known:${key}`],
    ] as const) {
      const { message } = refusalOf({ PLAID_ENV: environment, [name]: weak });
      expect(message).toMatch(`${name}: the key known is well known or not random; `);
      expect(message).not.toContain(key);
    }
  });

  test.each([0, 0xff])('a key of the one byte %i is refused', (byte) => {
    const key = `known:${encoded(new Uint8Array(32).fill(byte))}`;
    expect(refusalOf({ PLAID_ENV: environment, HOSTED_LINK_VAULT_KEYS: key }).field).toBe(
      'HOSTED_LINK_VAULT_KEYS',
    );
  });
});
