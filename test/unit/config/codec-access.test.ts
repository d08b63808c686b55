import { inspect } from 'node:util';
import { readSettings } from '../../../src/config/settings';
import { InputError } from '../../../src/domain/input-error';

const TOKEN = 'fictitious-token-0123456789abcdef0123';
const JWKS = 'https://login.example/jwks.json';
const PROVIDER = {
  HOSTED_LINK_CODEC_JWKS_URL: JWKS,
  HOSTED_LINK_CODEC_JWT_ISSUER: 'https://login.example/',
  HOSTED_LINK_CODEC_JWT_AUDIENCE: 'codec-server',
};

function errorOf(given: Record<string, string | undefined>): InputError {
  try {
    readSettings(given);
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    expect(inspect(error)).not.toContain(TOKEN);
    return error as InputError;
  }
  throw new Error('was accepted');
}

describe('who may use the codec server', () => {
  test('is nobody in particular when nothing is set', () => {
    expect(readSettings({})).toMatchObject({ codecTokens: undefined, codecJwt: undefined });
  });

  test('are the holders of tokens, by name', () => {
    const { codecTokens: tokens, codecJwt: jwt } = readSettings({
      HOSTED_LINK_CODEC_TOKENS: `cli:${TOKEN}, on-call:${TOKEN}+/==`,
    });
    expect([...tokens!].map(([name, token]) => [name, token.reveal()])).toEqual([
      ['cli', TOKEN],
      ['on-call', `${TOKEN}+/==`],
    ]);
    expect(jwt).toBeUndefined();
    expect(inspect(tokens, { depth: 9 })).not.toContain(TOKEN);
  });

  test('are the users of an identity provider', () => {
    const { codecTokens: tokens, codecJwt: jwt } = readSettings({
      ...PROVIDER,
      HOSTED_LINK_CODEC_JWT_SUBJECTS: 'a|1, b|2',
    });
    expect(tokens).toBeUndefined();
    expect(jwt).toEqual({
      keySetUrl: new URL(JWKS),
      issuer: 'https://login.example/',
      audience: 'codec-server',
      subjects: ['a|1', 'b|2'],
    });
  });

  test.each([
    ['without a name', TOKEN],
    ['with an empty name', `:${TOKEN}`],
    ['with a space in it', `cli:${TOKEN} ${TOKEN}`],
    ['too short', 'cli:fictitious'],
    ['that is empty', `cli:${TOKEN},`],
    ['whose name is there twice', `cli:${TOKEN},cli:${TOKEN}0`],
  ])('a token %s is refused', (_name, text) => {
    const { field, message } = errorOf({ HOSTED_LINK_CODEC_TOKENS: text });
    expect(field).toBe('HOSTED_LINK_CODEC_TOKENS');
    expect(message).toMatch(/^[A-Z_]+: [^;]+; .+$/);
  });

  test.each([
    'http://login.example/jwks.json',
    'login.example/jwks.json',
    'https://u:p@login.example/',
    'file:///jwks',
  ])('%s is no address of a key set', (url) => {
    expect(errorOf({ ...PROVIDER, HOSTED_LINK_CODEC_JWKS_URL: url }).field).toBe(
      'HOSTED_LINK_CODEC_JWKS_URL',
    );
  });

  test('a key set on this machine may come by http', () => {
    const url = 'http://127.0.0.1:8080/jwks';
    expect(readSettings({ ...PROVIDER, HOSTED_LINK_CODEC_JWKS_URL: url }).codecJwt!.keySetUrl.href).toBe(url);
  });

  test('what belongs to an identity provider comes together, and all that is missing is named', () => {
    expect(errorOf({ HOSTED_LINK_CODEC_JWKS_URL: JWKS }).message.split('\n')).toEqual([
      expect.stringMatching(/^HOSTED_LINK_CODEC_JWT_ISSUER: missing, with HOSTED_LINK_CODEC_JWKS_URL set; /),
      expect.stringMatching(
        /^HOSTED_LINK_CODEC_JWT_AUDIENCE: missing, with HOSTED_LINK_CODEC_JWKS_URL set; /,
      ),
    ]);
    for (const name of ['ISSUER', 'AUDIENCE', 'SUBJECTS'])
      expect(errorOf({ [`HOSTED_LINK_CODEC_JWT_${name}`]: 'set' }).message).toMatch(
        new RegExp(`^HOSTED_LINK_CODEC_JWKS_URL: missing, with HOSTED_LINK_CODEC_JWT_${name} set; `),
      );
  });
});
