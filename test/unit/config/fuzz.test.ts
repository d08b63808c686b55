import { inspect } from 'node:util';
import fc from 'fast-check';
import { readSettings, readVariables } from '../../../src/config/settings';
import { InputError } from '../../../src/domain/input-error';
import { generateKeyRingText } from '../../../src/secrets/key-ring';
import { settingVariables } from '../../../src/config/setting-schema';
import { loadTemporalConnection } from '../../../src/temporal/connection';

/** In every generated value: no message may repeat one. */
const MARK = 'v4lueOfSomeSetting';

const SETTINGS = [
  ...settingVariables(),
  ...[
    'PLAID_SECRET_FILE',
    'DATABASE_URL_FILE',
    'HOSTED_LINK_VAULT_KEYS_FILE',
    'NODE_TLS_REJECT_UNAUTHORIZED',
  ],
];
const TEMPORAL = [
  ...['ADDRESS', 'NAMESPACE', 'API_KEY', 'TLS', 'CONFIG_FILE', 'PROFILE', 'TLS_CLIENT_CERT_PATH'],
  ...['TLS_CLIENT_CERT_DATA', 'TLS_CLIENT_KEY_DATA', 'TLS_SERVER_CA_CERT_DATA', 'TLS_SERVER_NAME'],
].map((name) => `TEMPORAL_${name}`);

/** What a variable can hold: anything but NUL. */
const text = fc.string({ unit: 'binary', maxLength: 60 }).map((value) => value.replaceAll('\0', ''));
const value = fc.oneof(
  text.map((rest) => MARK + rest),
  text.map((rest) => rest + MARK),
  fc.constantFrom(
    ...[
      '',
      '0',
      '1',
      'true',
      'production',
      'sandbox',
      'silent',
      '-1',
      '1e3',
      'NaN',
      ',',
      'a,',
      'a:b',
      '[::1]:7233',
    ],
    ...[
      `postgresql://u:${MARK}@h/db`,
      `postgresql://[${MARK}`,
      `https://u:${MARK}@h`,
      `http://${MARK}`,
      `id:${MARK}`,
    ],
    ...['postgresql://%', 'https://production.plaid.com', 'https://', '__proto__', `name:${MARK.repeat(3)}`],
    generateKeyRingText('fuzz'),
  ),
);

/** Each problem is a line that names a setting, says what is wrong, and what to do. */
const LINE = /^[A-Z][A-Z0-9_]*: .+; .+$/;

function expectClear(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    for (const line of error.message.split('\n')) expect(line).toMatch(LINE);
    expect(inspect(error)).not.toContain(MARK);
  }
}

test('any settings are read, or refused line by line by their names, without a value', () => {
  const environment = fc.dictionary(fc.constantFrom(...SETTINGS), value, { maxKeys: 12 });
  fc.assert(
    fc.property(environment, (env) => expectClear(() => readSettings(env))),
    { numRuns: 2_000 },
  );
});

test('any settings of the connection to Temporal are read, or refused line by line by their names, without a value', () => {
  const environment = fc.dictionary(fc.constantFrom(...TEMPORAL), value, { maxKeys: 6 });
  fc.assert(
    fc.property(environment, (env) => expectClear(() => loadTemporalConnection(readVariables(env)))),
    { numRuns: 1_000 },
  );
});
