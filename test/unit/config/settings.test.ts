import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { inspect } from 'node:util';
import { readSettings, readVariables, requirePlaid } from '../../../src/config/settings';
import { InputError } from '../../../src/domain/input-error';
import { generateKeyRingText } from '../../../src/secrets/key-ring';

const SECRET = 'b1946ac92492d2347c6235b4d2611184';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'settings-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

function fileWith(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content, { mode: 0o600 });
  return path;
}

function errorOf(env: NodeJS.ProcessEnv): InputError {
  try {
    readSettings(env);
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return error as InputError;
  }
  throw new Error('was accepted');
}

describe('settings', () => {
  test('none at all gives the defaults: Plaid sandbox, level info, .hosted-link in the working directory', () => {
    expect(readSettings({})).toEqual({
      plaidClientId: undefined,
      plaidSecret: undefined,
      environment: 'sandbox',
      plaidBaseUrl: undefined,
      plaidRate: 20,
      plaidUrgentRate: 40,
      databaseUrl: undefined,
      vaultRing: undefined,
      codecRing: undefined,
      notifyPrefixes: undefined,
      userAttribute: 'hash',
      webhookAddress: undefined,
      itemWebhookUrl: undefined,
      callbacks: undefined,
      retentionDays: 90,
      dataDir: resolve('.hosted-link'),
      logLevel: 'info',
    });
  });

  test('all of them are read', () => {
    const [vaultKeys, codecKeys] = [
      generateKeyRingText('v'),
      `${generateKeyRingText('c')},${generateKeyRingText('d')}`,
    ];
    const settings = readSettings({
      PLAID_CLIENT_ID: 'client',
      PLAID_SECRET: SECRET,
      PLAID_ENV: 'development',
      PLAID_BASE_URL: 'http://127.0.0.1:8790',
      DATABASE_URL: 'postgresql://app:pw@db.example:5432/vault',
      HOSTED_LINK_VAULT_KEYS: vaultKeys,
      HOSTED_LINK_CODEC_KEYS: codecKeys,
      HOSTED_LINK_USER_ATTRIBUTE: 'clear',
      HOSTED_LINK_NOTIFY_PREFIXES: 'onboarding/, orders/',
      HOSTED_LINK_PLAID_RATE: '2.5',
      HOSTED_LINK_WEBHOOK_ADDRESS: '0.0.0.0:8791',
      HOSTED_LINK_ITEM_WEBHOOK_URL: 'https://app.example/plaid?tenant=1',
      HOSTED_LINK_CALLBACK_URL: 'https://app.example/callbacks',
      HOSTED_LINK_CALLBACK_KEYS: generateKeyRingText('b'),
      HOSTED_LINK_RETENTION_DAYS: '30',
      HOSTED_LINK_DATA_DIR: '/var/lib/hosted-link',
      LOG_LEVEL: 'silent',
    });
    expect(settings).toMatchObject({
      plaidClientId: 'client',
      environment: 'development',
      plaidBaseUrl: 'http://127.0.0.1:8790',
      plaidRate: 2.5,
      notifyPrefixes: ['onboarding/', 'orders/'],
      userAttribute: 'clear',
      webhookAddress: { host: '0.0.0.0', port: 8791 },
      itemWebhookUrl: 'https://app.example/plaid?tenant=1',
      callbacks: { url: 'https://app.example/callbacks' },
      retentionDays: 30,
      dataDir: '/var/lib/hosted-link',
      logLevel: 'silent',
    });
    expect(settings.plaidSecret!.reveal()).toBe(SECRET);
    expect(settings.databaseUrl!.reveal()).toBe('postgresql://app:pw@db.example:5432/vault');
    const idsOf = (text: string) => text.split(',').map((pair) => pair.split(':')[0]);
    expect([settings.vaultRing!.ids(), settings.codecRing!.ids()]).toEqual([
      idsOf(vaultKeys),
      idsOf(codecKeys),
    ]);
  });

  test('print no secret, however they are printed', () => {
    const ring = generateKeyRingText('v');
    const settings = readSettings({
      PLAID_SECRET: SECRET,
      DATABASE_URL: `postgresql://app:${SECRET}@db.example/vault`,
      HOSTED_LINK_VAULT_KEYS: ring,
    });
    const printed = inspect(settings, { depth: 10, showHidden: true }) + JSON.stringify(settings);
    expect(printed).toContain('[secret]');
    expect(printed).not.toContain(SECRET);
    expect(printed).not.toContain(ring.split(':')[1]);
  });

  describe('of callbacks', () => {
    const url = { HOSTED_LINK_CALLBACK_URL: 'https://app.example/callbacks' };

    test('go together, and the keys may come from a file', () => {
      const ring = `${generateKeyRingText('new')},${generateKeyRingText('old')}`;
      const file = { HOSTED_LINK_CALLBACK_KEYS_FILE: fileWith('callback-keys', `${ring}\n`) };
      expect(readSettings({ ...url, ...file }).callbacks!.keys.ids()).toHaveLength(2);
      expect(errorOf(url).message).toBe(
        'HOSTED_LINK_CALLBACK_KEYS: missing, with HOSTED_LINK_CALLBACK_URL set; set HOSTED_LINK_CALLBACK_URL and HOSTED_LINK_CALLBACK_KEYS, or none of them',
      );
      expect(errorOf(file).field).toBe('HOSTED_LINK_CALLBACK_URL');
    });

    test.each([
      [{ HOSTED_LINK_CALLBACK_URL: 'https://user:pw@app.example/' }, /a user, a password or a fragment/],
      [{ HOSTED_LINK_CALLBACK_URL: 'http://10.0.0.1/callbacks' }, /http to another machine/],
      [{ HOSTED_LINK_CALLBACK_URL: 'http://127.0.0.1/', PLAID_ENV: 'production' }, /PLAID_ENV production/],
      [{ HOSTED_LINK_CALLBACK_KEYS: 'new:c2hvcnQ=' }, /has 5 bytes, not 32/],
      [{ HOSTED_LINK_CALLBACK_KEYS: `new:${Buffer.alloc(32, 'text').toString('base64')}` }, /not random/],
    ])('are refused when one of them is wrong (%#)', (change, message) => {
      const settings = { ...url, HOSTED_LINK_CALLBACK_KEYS: generateKeyRingText('b'), ...change };
      expect(errorOf(settings).message).toMatch(message);
    });

    test.each(['HOSTED_LINK_VAULT_KEYS', 'HOSTED_LINK_CODEC_KEYS'])('have no key of %s', (ring) => {
      const key = generateKeyRingText('one');
      const { field, message } = errorOf({ ...url, HOSTED_LINK_CALLBACK_KEYS: key, [ring]: key });
      expect(field).toBe('HOSTED_LINK_CALLBACK_KEYS');
      expect(message).toContain('receivers of callbacks would have it');
      expect(message).not.toContain(key.split(':')[1]);
    });
  });

  test.each(['0', '-1', '1.5', 'ever', '100000'])('a retention of %s days is refused', (days) => {
    expect(errorOf({ HOSTED_LINK_RETENTION_DAYS: days }).message).toMatch(
      /^HOSTED_LINK_RETENTION_DAYS: not a number of days; /,
    );
  });

  test.each([
    ['0.0.0.0:9464', { host: '0.0.0.0', port: 9464 }],
    ['[::1]:1', { host: '::1', port: 1 }],
  ])('metrics may be served on %s', (address, expected) => {
    expect(readSettings({ HOSTED_LINK_METRICS_ADDRESS: address }).metricsAddress).toEqual(expected);
  });

  test.each(['9464', 'localhost:9464', '0.0.0.0', '127.0.0.1:65536', '::1:9464', '[127.0.0.1]:1'])(
    '%s is refused as an address to listen on',
    (address) => {
      expect(errorOf({ HOSTED_LINK_METRICS_ADDRESS: address }).message).toMatch(
        /^HOSTED_LINK_METRICS_ADDRESS: not an address to listen on; write an IP address and a port, such as /,
      );
    },
  );

  test('port 0 is refused for metrics and health, which nobody would find, and taken for webhooks', () => {
    for (const setting of ['HOSTED_LINK_METRICS_ADDRESS', 'HOSTED_LINK_HEALTH_ADDRESS'])
      expect(errorOf({ [setting]: '127.0.0.1:0' }).message).toBe(
        `${setting}: has port 0; write the port on which others ask`,
      );
    const { webhookAddress } = readSettings({ HOSTED_LINK_WEBHOOK_ADDRESS: '[::1]:0' });
    expect(webhookAddress).toEqual({ host: '::1', port: 0 });
  });

  test('an empty setting counts as not set', () => {
    expect(readSettings({ PLAID_ENV: '', PLAID_SECRET: '', LOG_LEVEL: '', PLAID_SECRET_FILE: '' })).toEqual(
      readSettings({}),
    );
    expect(readVariables({ TEMPORAL_ADDRESS: '', HOME: '/h' })).toEqual({ HOME: '/h' });
  });

  test('every problem is told at once, a line each, without a value', () => {
    const error = errorOf({
      PLAID_ENV: `prod-${SECRET}`,
      PLAID_CLIENT_ID: `client\n${SECRET}`,
      PLAID_SECRET: `${SECRET} ${SECRET}`,
      DATABASE_URL: `mysql://app:${SECRET}@db.example/vault`,
      HOSTED_LINK_VAULT_KEYS: `v:${SECRET}`,
      HOSTED_LINK_CODEC_KEYS: SECRET,
      HOSTED_LINK_PLAID_RATE: '0',
      HOSTED_LINK_NOTIFY_PREFIXES: 'a/,,b/',
      LOG_LEVEL: 'verbose',
      PLAID_SECRET_FILE: join(folder, SECRET),
    });
    const lines = error.message.split('\n');
    expect(lines.map((line) => line.split(': ')[0]).sort()).toEqual([
      'DATABASE_URL',
      'HOSTED_LINK_CODEC_KEYS',
      'HOSTED_LINK_NOTIFY_PREFIXES',
      'HOSTED_LINK_PLAID_RATE',
      'HOSTED_LINK_VAULT_KEYS',
      'LOG_LEVEL',
      'PLAID_CLIENT_ID',
      'PLAID_ENV',
      'PLAID_SECRET',
      'PLAID_SECRET_FILE',
    ]);
    for (const line of lines) expect(line).toMatch(/^[A-Z_]+: [^;]+; .+$/);
    expect(lines[0]).toContain(error.field);
    expect(inspect(error)).not.toContain(SECRET);
  });

  test.each(['0', '-1', 'NaN', 'Infinity', 'many', '5/s'])('%s is not a rate', (rate) => {
    expect(errorOf({ HOSTED_LINK_PLAID_RATE: rate }).message).toMatch(
      /^HOSTED_LINK_PLAID_RATE: not a number above 0; /,
    );
  });

  test("a base URL that would send production's keys to another host is refused before anything starts", () => {
    const elsewhere = { PLAID_BASE_URL: 'https://plaid.example' };
    expect(errorOf({ ...elsewhere, PLAID_ENV: 'production' }).field).toBe('PLAID_BASE_URL');
    expect(readSettings(elsewhere).plaidBaseUrl).toBe('https://plaid.example');
  });

  test('an item webhook URL that Plaid or the network should not see is refused before anything starts', () => {
    const url = { HOSTED_LINK_ITEM_WEBHOOK_URL: 'http://127.0.0.1:3000/plaid' };
    expect(readSettings(url).itemWebhookUrl).toBe('http://127.0.0.1:3000/plaid');
    expect(errorOf({ ...url, PLAID_ENV: 'production' }).field).toBe('HOSTED_LINK_ITEM_WEBHOOK_URL');
  });

  test("the codec server's certificate and its key go together, as files", () => {
    const cert = { HOSTED_LINK_CODEC_TLS_CERT_FILE: fileWith('tls-cert', '-----BEGIN CERTIFICATE-----') };
    const key = { HOSTED_LINK_CODEC_TLS_KEY_FILE: fileWith('tls-key', SECRET) };
    expect(errorOf(cert).field).toBe('HOSTED_LINK_CODEC_TLS_KEY_FILE');
    expect(errorOf(key).field).toBe('HOSTED_LINK_CODEC_TLS_CERT_FILE');
    const { codecTls } = readSettings({ ...cert, ...key });
    expect(codecTls!.cert).toBe('-----BEGIN CERTIFICATE-----');
    expect(codecTls!.key.reveal()).toBe(SECRET);
  });

  test('reports what is wrong with the callers of the codec server together with all other problems', () => {
    const { message } = errorOf({
      HOSTED_LINK_CODEC_TOKENS: SECRET,
      HOSTED_LINK_CODEC_JWT_ISSUER: 'x',
      PLAID_ENV: 'y',
    });
    expect(message.split('\n').map((line) => line.split(': ')[0])).toEqual([
      'PLAID_ENV',
      'HOSTED_LINK_CODEC_TOKENS',
      'HOSTED_LINK_CODEC_JWKS_URL',
      'HOSTED_LINK_CODEC_JWT_AUDIENCE',
    ]);
  });

  describe('as files', () => {
    test.each([
      ['PLAID_SECRET', SECRET, (env: NodeJS.ProcessEnv) => readSettings(env).plaidSecret?.reveal()],
      [
        'DATABASE_URL',
        'postgres://a:b@c/d',
        (env: NodeJS.ProcessEnv) => readSettings(env).databaseUrl?.reveal(),
      ],
    ])('%s is read without its last line break', (name, value, read) => {
      for (const end of ['', '\n', '\r\n'])
        expect(read({ [`${name}_FILE`]: fileWith(name, value + end) })).toBe(value);
    });

    test.each(['VAULT', 'CODEC'])('the keys of the %s', (which) => {
      const text = generateKeyRingText('from-file');
      const env = { [`HOSTED_LINK_${which}_KEYS_FILE`]: fileWith('keys', `${text}\n`) };
      const { vaultRing, codecRing } = readSettings(env);
      expect((which === 'VAULT' ? vaultRing : codecRing)!.ids()).toEqual([text.split(':')[0]]);
    });

    test('a certificate may be open to all, and its key may not', () => {
      const files = {
        HOSTED_LINK_CODEC_TLS_CERT_FILE: fileWith('cert.pem', 'a certificate'),
        HOSTED_LINK_CODEC_TLS_KEY_FILE: fileWith('key.pem', SECRET),
      };
      chmodSync(files.HOSTED_LINK_CODEC_TLS_CERT_FILE, 0o644);
      expect(readSettings(files).codecTls!.cert).toBe('a certificate');
      chmodSync(files.HOSTED_LINK_CODEC_TLS_KEY_FILE, 0o644);
      expect(errorOf(files).field).toBe('HOSTED_LINK_CODEC_TLS_KEY_FILE');
    });

    test('a setting given both ways is refused', () => {
      const error = errorOf({ PLAID_SECRET: SECRET, PLAID_SECRET_FILE: fileWith('both', SECRET) });
      expect(error.message).toBe('PLAID_SECRET_FILE: given as well as PLAID_SECRET; leave one of them out');
    });

    test.each([
      ['missing', () => join(folder, 'nowhere'), 'ENOENT'],
      ['a directory', () => folder, 'EISDIR'],
      ['empty', () => fileWith('empty', '\n'), 'an empty file'],
    ])('a file that is %s is refused', (_name, path, problem) => {
      const { field, message } = errorOf({ DATABASE_URL_FILE: path() });
      expect(field).toBe('DATABASE_URL_FILE');
      expect(message).toContain(problem);
      expect(message).not.toContain(folder);
    });

    test('a file that others may read is refused, with the remedy and without its path', () => {
      const path = fileWith('open', generateKeyRingText('v'));
      chmodSync(path, 0o644);
      expect(errorOf({ HOSTED_LINK_VAULT_KEYS_FILE: path }).message).toBe(
        'HOSTED_LINK_VAULT_KEYS_FILE: open to other users (mode 644); run chmod 600 on it',
      );
    });

    test("what stands in the file is checked under the setting's name", () => {
      expect(errorOf({ DATABASE_URL_FILE: fileWith('wrong', SECRET) }).message).toMatch(
        /^DATABASE_URL: not a Postgre/,
      );
    });
  });

  describe("the workers' version", () => {
    const [name, build] = ['TEMPORAL_DEPLOYMENT_NAME', 'TEMPORAL_WORKER_BUILD_ID'];

    test('is the two settings together, and none without them', () => {
      expect(readSettings({}).deploymentVersion).toBeUndefined();
      expect(readSettings({ [name]: 'hosted-link', [build]: 'v1.2' }).deploymentVersion).toEqual({
        deploymentName: 'hosted-link',
        buildId: 'v1.2',
      });
    });

    test.each([
      [{ [name]: 'hosted-link' }, `${build}: missing`],
      [{ [build]: 'v1' }, `${name}: missing`],
      [{ [name]: 'hosted.link', [build]: 'v1' }, `${name}: has a dot`],
      [{ [name]: 'hosted-link', [build]: 'v 1' }, `${build}: not a name`],
    ])('%o is refused', (env, start) => {
      expect(catchMessage(() => readSettings(env)).startsWith(start)).toBe(true);
    });
  });

  describe('Plaid account', () => {
    test('is complete with client id and secret', () => {
      const settings = readSettings({
        PLAID_CLIENT_ID: 'client',
        PLAID_SECRET: SECRET,
        PLAID_ENV: 'development',
      });
      const { secret, ...rest } = requirePlaid(settings);
      expect(rest).toEqual({ clientId: 'client', environment: 'development', baseUrl: undefined });
      expect(secret.reveal()).toBe(SECRET);
    });

    test.each([
      ['nothing', {}, ['PLAID_CLIENT_ID', 'PLAID_SECRET']],
      ['the client id', { PLAID_CLIENT_ID: 'client' }, ['PLAID_SECRET']],
      ['the secret', { PLAID_SECRET: SECRET }, ['PLAID_CLIENT_ID']],
    ])('with %s given, what is missing is named', (_what, env, missing) => {
      const settings = readSettings(env);
      expect(() => requirePlaid(settings)).toThrow(InputError);
      const lines = catchMessage(() => requirePlaid(settings)).split('\n');
      expect(lines.map((line) => line.split(': missing; ')[0])).toEqual(missing);
    });
  });
});

function catchMessage(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return (error as Error).message;
  }
  return '';
}
