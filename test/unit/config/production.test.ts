import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings } from '../../../src/config/settings';
import { InputError } from '../../../src/domain/input-error';
import { generateKeyRingText } from '../../../src/secrets/key-ring';
import type { Capability } from '../../../src/config/required';
import { openRecordsFromSettings, openVaultFromSettings } from '../../../src/config/open-vault';
import { ringKeyProvider } from '../../../src/vault';

/** A deployment that production has nothing against. */
const GOOD = {
  PLAID_ENV: 'production',
  PLAID_CLIENT_ID: 'client',
  PLAID_SECRET: 'fictitious-plaid-secret',
  DATABASE_URL: 'postgresql://app:fictitious-password@db.example:5432/vault?sslmode=verify-full',
  HOSTED_LINK_VAULT_KEYS: generateKeyRingText('v'),
  HOSTED_LINK_CODEC_KEYS: generateKeyRingText('c'),
  HOSTED_LINK_CODEC_TOKENS: `on-call:${randomBytes(32).toString('base64')}`,
  HOSTED_LINK_ITEM_WEBHOOK_URL: 'https://app.example/plaid',
};
const NEEDS: readonly Capability[] = ['plaid', 'database', 'vaultKeys', 'codecKeys', 'codecCallers'];

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'production-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

function problemsOf(change: NodeJS.ProcessEnv, needs = NEEDS): string[] {
  try {
    readSettings({ ...GOOD, ...change }, { needs });
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return (error as InputError).message.split('\n');
  }
}

describe('production', () => {
  test('has nothing against a deployment that has all of its own', () => {
    expect(problemsOf({})).toEqual([]);
  });

  test.each<[what: string, change: NodeJS.ProcessEnv, problem: RegExp]>([
    ['no Plaid client id', { PLAID_CLIENT_ID: undefined }, /^PLAID_CLIENT_ID: missing; /],
    ['no Plaid secret', { PLAID_SECRET: '' }, /^PLAID_SECRET: missing; .*PLAID_SECRET_FILE$/],
    [
      'the embedded database',
      { DATABASE_URL: undefined },
      /^DATABASE_URL: missing, with PLAID_ENV production, .*; set it, or DATABASE_URL_FILE, /,
    ],
    [
      'no vault keys',
      { HOSTED_LINK_VAULT_KEYS: '' },
      /^HOSTED_LINK_VAULT_KEYS: missing, with PLAID_ENV production; set it, or /,
    ],
    [
      'no codec keys',
      { HOSTED_LINK_CODEC_KEYS: undefined },
      /^HOSTED_LINK_CODEC_KEYS: missing, with PLAID_ENV production; set it, or /,
    ],
    [
      'one key for both rings',
      { HOSTED_LINK_CODEC_KEYS: GOOD.HOSTED_LINK_VAULT_KEYS },
      /^HOSTED_LINK_CODEC_KEYS: its key .*; give each ring keys of its own$/,
    ],
    [
      'a well-known key',
      { HOSTED_LINK_VAULT_KEYS: `v:${Buffer.from('test-key-test-key-test-key-test!').toString('base64')}` },
      /^HOSTED_LINK_VAULT_KEYS: the key v is well known or not random; make a new one /,
    ],
    [
      'an open codec server',
      { HOSTED_LINK_CODEC_TOKENS: undefined },
      /^HOSTED_LINK_CODEC_TOKENS: missing, with PLAID_ENV production, .*; set it, or HOSTED_LINK_CODEC_JWKS_URL$/,
    ],
    [
      'an offline Plaid',
      { PLAID_BASE_URL: 'http://127.0.0.1:8790' },
      /^PLAID_BASE_URL: not a host of Plaid, with PLAID_ENV production; leave it unset$/,
    ],
    [
      "a Plaid that is not Plaid's",
      { PLAID_BASE_URL: 'https://plaid.example' },
      /^PLAID_BASE_URL: not a host of Plaid, .*; leave it unset$/,
    ],
    [
      'an http webhook',
      { HOSTED_LINK_ITEM_WEBHOOK_URL: 'http://127.0.0.1:3000/plaid' },
      /^HOSTED_LINK_ITEM_WEBHOOK_URL: http, with PLAID_ENV production; use https$/,
    ],
    [
      'a database that is not verified',
      { DATABASE_URL: 'postgresql://a:b@db.example/vault?sslmode=no-verify' },
      /^DATABASE_URL: does not verify the server, with PLAID_ENV production; write sslmode=verify-full, /,
    ],
    [
      'no verification at all',
      { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
      /^NODE_TLS_REJECT_UNAUTHORIZED: set to 0, with PLAID_ENV production, .*; unset it$/,
    ],
  ])('refuses %s by the name of its setting, and development does not', (_what, change, problem) => {
    expect(problemsOf(change)).toEqual([expect.stringMatching(problem)]);
    const isOfProductionOnly = /PLAID_ENV production/.test(problemsOf(change)[0]!);
    if (isOfProductionOnly) expect(problemsOf({ ...change, PLAID_ENV: 'sandbox' })).toEqual([]);
  });

  test('tells all of it at once', () => {
    const bare = Object.fromEntries(Object.keys(GOOD).map((name) => [name, undefined]));
    const lines = problemsOf({
      ...bare,
      PLAID_ENV: 'production',
      PLAID_BASE_URL: 'http://127.0.0.1:1',
      LOG_LEVEL: 'loud',
    });
    expect(lines.map((line) => line.split(': ')[0])).toEqual([
      'PLAID_BASE_URL',
      'LOG_LEVEL',
      'PLAID_CLIENT_ID',
      'PLAID_SECRET',
      'DATABASE_URL',
      'HOSTED_LINK_VAULT_KEYS',
      'HOSTED_LINK_CODEC_KEYS',
      'HOSTED_LINK_CODEC_TOKENS',
    ]);
    for (const line of lines) expect(line).toMatch(/^[A-Z_]+: [^;]+; .+$/);
  });

  test('asks a command for nothing that it does not need', () => {
    const application = { PLAID_ENV: 'production', HOSTED_LINK_CODEC_KEYS: GOOD.HOSTED_LINK_CODEC_KEYS };
    expect(() => readSettings(application, { needs: ['codecKeys'] })).not.toThrow();
  });

  test('takes a key service instead of a ring, and an identity provider instead of tokens', () => {
    const provider = {
      HOSTED_LINK_CODEC_TOKENS: undefined,
      HOSTED_LINK_CODEC_JWKS_URL: 'https://login.example/jwks',
      HOSTED_LINK_CODEC_JWT_ISSUER: 'https://login.example/',
      HOSTED_LINK_CODEC_JWT_AUDIENCE: 'codec-server',
    };
    const keys = { HOSTED_LINK_VAULT_KEYS: undefined, HOSTED_LINK_KEY_PROVIDER: './provider.js' };
    expect(problemsOf({ ...provider, ...keys })).toEqual([]);
  });

  test('opens no embedded vault for an application either', async () => {
    const dataDir = join(folder, 'application');
    const settings = readSettings({ PLAID_ENV: 'production', HOSTED_LINK_DATA_DIR: dataDir });
    const vaultRing = readSettings(GOOD).vaultRing!;
    const attempts = [
      openVaultFromSettings(settings, ringKeyProvider(vaultRing, 'HOSTED_LINK_VAULT_KEYS')),
      openRecordsFromSettings(settings),
    ];
    for (const attempt of attempts) await expect(attempt).rejects.toThrow(/^DATABASE_URL: missing, /);
    expect(existsSync(dataDir)).toBe(false);
  });
});
