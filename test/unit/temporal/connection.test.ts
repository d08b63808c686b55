import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError } from '../../../src/domain/input-error';
import { loadTemporalConnection } from '../../../src/temporal/connection';

const API_KEY = 'eyJhbGciOiJFUzI1NiJ9.secret';
const PEM = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'temporal-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

function fileWith(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function errorOf(variables: Record<string, string>): InputError {
  try {
    loadTemporalConnection({ XDG_CONFIG_HOME: folder, ...variables });
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    expect((error as InputError).message).not.toContain(API_KEY);
    return error as InputError;
  }
  throw new Error('was accepted');
}

describe('Temporal connection', () => {
  test('is localhost:7233, namespace default, without TLS, when nothing is set', () => {
    const { connectionOptions, namespace } = loadTemporalConnection({ XDG_CONFIG_HOME: folder });
    expect(connectionOptions.address).toBe('localhost:7233');
    expect(connectionOptions.tls).toBeUndefined();
    expect(namespace).toBe('default');
  });

  test('is what the TEMPORAL_* variables say', () => {
    const { connectionOptions, namespace } = loadTemporalConnection({
      TEMPORAL_ADDRESS: 'eu.temporal.example:443',
      TEMPORAL_NAMESPACE: 'link.a1b2c',
      TEMPORAL_API_KEY: API_KEY,
      TEMPORAL_GRPC_META_TEAM: 'payments',
    });
    expect(connectionOptions).toMatchObject({
      address: 'eu.temporal.example:443',
      apiKey: API_KEY,
      tls: true,
      metadata: { team: 'payments' },
    });
    expect(namespace).toBe('link.a1b2c');
  });

  test('is what a profile of the configuration file says, under the variables', () => {
    const file = fileWith(
      'good.toml',
      '[profile.staging]\naddress = "staging.example:7233"\nnamespace = "from-file"\n[profile.staging.tls]\n',
    );
    const { connectionOptions, namespace } = loadTemporalConnection({
      TEMPORAL_CONFIG_FILE: file,
      TEMPORAL_PROFILE: 'staging',
      TEMPORAL_NAMESPACE: 'from-env',
    });
    expect(connectionOptions.address).toBe('staging.example:7233');
    expect(connectionOptions.tls).toBeTruthy();
    expect(namespace).toBe('from-env');
  });

  test('has the client certificate and its key', () => {
    const { connectionOptions } = loadTemporalConnection({
      XDG_CONFIG_HOME: folder,
      TEMPORAL_TLS_CLIENT_CERT_PATH: fileWith('cert.pem', PEM),
      TEMPORAL_TLS_CLIENT_KEY_DATA: PEM,
    });
    const { clientCertPair } = connectionOptions.tls as {
      clientCertPair: { crt: Uint8Array; key: Uint8Array };
    };
    expect([clientCertPair.crt, clientCertPair.key].map((bytes) => Buffer.from(bytes).toString())).toEqual([
      PEM,
      PEM,
    ]);
  });

  test.each(['localhost', 'localhost:7233', '10.0.0.1:7233', '[::1]:7233', 'my_host.internal:443'])(
    '%s is an address',
    (address) => {
      const { connectionOptions } = loadTemporalConnection({
        XDG_CONFIG_HOME: folder,
        TEMPORAL_ADDRESS: address,
      });
      expect(connectionOptions.address).toBe(address);
    },
  );

  test.each(['http://localhost:7233', 'localhost:', 'localhost:port', 'a b:1', 'host:7233/x', '::1:7233'])(
    '%s is not an address',
    (address) => {
      expect(errorOf({ TEMPORAL_ADDRESS: address }).message).toMatch(/^TEMPORAL_ADDRESS: not an address; /);
    },
  );

  test.each([
    ['TEMPORAL_NAMESPACE', 'two words'],
    ['TEMPORAL_API_KEY', `${API_KEY}\n`],
    ['TEMPORAL_TLS', 'yes'],
    ['TEMPORAL_TLS', 'TRUE'],
    ['TEMPORAL_PROFILE', 'nobody'],
    ['TEMPORAL_CONFIG_FILE', '/nowhere/temporal.toml'],
    ['TEMPORAL_TLS_SERVER_CA_CERT_PATH', '/nowhere/ca.pem'],
    ['TEMPORAL_TLS_SERVER_CA_CERT_DATA', 'not pem'],
  ])('%s set to "%s" is refused by name', (name, value) => {
    const error = errorOf({ [name]: value });
    expect(error.field).toBe(name);
    expect(error.message).toMatch(/^[A-Z_]+: [^;]+; .+/);
  });

  test.each(['CERT', 'KEY'])('a client %s without its other half is refused, not left out', (half) => {
    const other = half === 'CERT' ? 'KEY' : 'CERT';
    const error = errorOf({ [`TEMPORAL_TLS_CLIENT_${half}_DATA`]: PEM });
    expect(error.field).toBe(`TEMPORAL_TLS_CLIENT_${other}_PATH`);
  });

  test.each(['cloud.example:7233', '10.0.0.1:7233', '127.example:7233'])(
    'an API key is not sent to %s in clear, and to this machine it may be',
    (address) => {
      const inClear = { TEMPORAL_API_KEY: API_KEY, TEMPORAL_TLS: 'false' };
      expect(errorOf({ ...inClear, TEMPORAL_ADDRESS: address }).message).toMatch(
        /^TEMPORAL_TLS: off, so that the API key would cross the network in clear; /,
      );
      const local = { XDG_CONFIG_HOME: folder, ...inClear, TEMPORAL_ADDRESS: 'localhost:7233' };
      expect(loadTemporalConnection(local).connectionOptions).toMatchObject({ apiKey: API_KEY, tls: false });
    },
  );

  test('a certificate given twice is refused', () => {
    const path = fileWith('twice.pem', PEM);
    const error = errorOf({ TEMPORAL_TLS_CLIENT_CERT_PATH: path, TEMPORAL_TLS_CLIENT_CERT_DATA: PEM });
    expect(error.message).toMatch(
      /^TEMPORAL_TLS: a certificate or key is given both as a path and as data; /,
    );
  });

  test.each([
    ['not TOML', `[profile.default]\napi_key = "${API_KEY}\n`, 'line 2'],
    ['empty', '', 'no profile'],
  ])('a configuration file that is %s is refused, and not quoted', (_name, content, where) => {
    const error = errorOf({ TEMPORAL_CONFIG_FILE: fileWith('bad.toml', content) });
    expect(error.field).toBe('TEMPORAL_CONFIG_FILE');
    expect(error.message).toContain(where);
  });

  test('a value of another type in the configuration file is refused', () => {
    const file = fileWith('types.toml', '[profile.default]\naddress = 7233\n');
    expect(errorOf({ TEMPORAL_CONFIG_FILE: file }).field).toBe('TEMPORAL_ADDRESS');
  });
});
