import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSettings } from '../../../src/config/settings';
import { generateKeyRingText } from '../../../src/secrets/key-ring';
import { migrate, openVault, type VaultError } from '../../../src/vault';
import { Database } from '../../../src/vault/database/database';
import { ELSEWHERE, LOCALHOST, OTHER_CA, TEST_CA } from '../../../testing/certificates';
import { type Postgres, startPostgres, whyNoPostgres } from '../../../testing/postgres';
import { SELF_SIGNED } from '../../../testing/self-signed';
import { makeFolder, newKeys } from '../../../testing/databases';

const describeOnPostgres = whyNoPostgres() === undefined ? describe : describe.skip;

describeOnPostgres('PostgreSQL over TLS', () => {
  const servers: Postgres[] = [];
  const folder = makeFolder();
  /** The paths of CAs, for `sslrootcert`. */
  const cas = { right: join(folder.path, 'ca.pem'), wrong: join(folder.path, 'other.pem') };

  beforeAll(async () => {
    writeFileSync(cas.right, TEST_CA);
    writeFileSync(cas.wrong, OTHER_CA);
    const certificates = [LOCALHOST, SELF_SIGNED, ELSEWHERE, undefined];
    servers.push(
      ...(await Promise.all(certificates.map((tls) => startPostgres({ tls })))).map((server) => server!),
    );
  }, 60_000);

  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()));
    folder.remove();
  });

  const trusted = () => servers[0]!.databaseUrl;
  const selfSigned = () => servers[1]!.databaseUrl;
  const elsewhere = () => servers[2]!.databaseUrl;
  const withoutTls = () => servers[3]!.databaseUrl;

  async function failureOf(databaseUrl: string): Promise<VaultError> {
    const failure: unknown = await migrate(databaseUrl).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ code: 'VAULT_UNREACHABLE' });
    expect((failure as Error).message).not.toContain('fictitious-pg-password');
    return failure as VaultError;
  }

  test('whose certificate the right CA has signed is used, encrypted', async () => {
    const databaseUrl = `${trusted()}?sslmode=verify-full&sslrootcert=${cas.right}`;
    await migrate(databaseUrl);
    const vault = await openVault({ databaseUrl, keys: newKeys(), environment: 'sandbox' });
    await vault.close();
    const database = new Database(databaseUrl);
    const rows = await database.transaction(({ query }) =>
      query<{ ssl: boolean }>('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'),
    );
    await database.close();
    expect(rows).toEqual([{ ssl: true }]);
  });

  test.each([
    [
      'of another CA',
      () => `${trusted()}?sslmode=verify-full&sslrootcert=${cas.wrong}`,
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    ],
    [
      'of a CA that this machine does not know',
      () => `${trusted()}?sslmode=verify-full`,
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    ],
    ['that it has signed itself', () => `${selfSigned()}?sslmode=verify-full`, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    [
      'that it has signed itself, with a CA at hand',
      () => `${selfSigned()}?sslmode=verify-full&sslrootcert=${cas.right}`,
      'DEPTH_ZERO_SELF_SIGNED_CERT',
    ],
  ])('whose certificate is one %s is refused, and told how to name its CA', async (_name, url, code) => {
    expect((await failureOf(url())).message).toMatch(
      new RegExp(
        `cannot be used: its certificate is not trusted \\(${code}\\); name its CA by sslrootcert in DATABASE_URL$`,
      ),
    );
  });

  test('whose certificate is for another host is refused', async () => {
    const { message } = await failureOf(`${elsewhere()}?sslmode=verify-full&sslrootcert=${cas.right}`);
    expect(message).toMatch(/its certificate is for another host \(ERR_TLS_CERT_ALTNAME_INVALID\)$/);
  });

  test('that speaks none is refused when TLS is asked for', async () => {
    expect((await failureOf(`${withoutTls()}?sslmode=verify-full`)).message).toMatch(
      /it does not speak TLS$/,
    );
  });

  test('that nobody vouches for is refused by default in production, where development would go on', async () => {
    // Another way to write 127.0.0.1, which does not look like this machine.
    const DATABASE_URL = selfSigned().replace('127.0.0.1', '[::ffff:127.0.0.1]');
    const keys = { HOSTED_LINK_VAULT_KEYS: generateKeyRingText('v') };
    const databaseUrlIn = (environment: string) =>
      readSettings({ ...keys, DATABASE_URL, PLAID_ENV: environment }).databaseUrl!.reveal();
    expect((await failureOf(databaseUrlIn('production'))).message).toContain('DEPTH_ZERO_SELF_SIGNED_CERT');
    await migrate(databaseUrlIn('sandbox'));
  });
});
