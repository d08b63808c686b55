import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeOnEachDatabase, keysOf, newKey, newKeys, prepareVault } from '../../../testing/databases';
import { Secret } from '../../../src/secrets/secret';
import { migrate, openVault } from '../../../src/vault';
import { runSql } from '../../../testing/postgres';

const SQL_FOLDER = join(__dirname, '../../../sql');
const MIGRATIONS = readdirSync(SQL_FOLDER)
  .filter((file) => file !== 'roles.sql')
  .map((file) => file.replace(/\.sql$/, ''))
  .sort();

describeOnEachDatabase((server) => {
  let databaseUrl: string;
  beforeEach(async () => {
    databaseUrl = await server.emptyDatabase();
  });

  const open = (keys = newKeys()) => openVault({ databaseUrl, keys, environment: 'sandbox' });
  const sql = <Row>(text: string) => runSql<Row>(databaseUrl, text);

  describe('migrations', () => {
    test('an empty database gets them all, in order, and a second run has nothing to do', async () => {
      expect(await migrate(databaseUrl)).toEqual(MIGRATIONS);
      expect(await migrate(databaseUrl)).toEqual([]);
      const rows = await sql<{ name: string; checksum: string }>(
        'SELECT name, checksum FROM hosted_link.schema_migrations ORDER BY version',
      );
      expect(rows).toEqual(
        MIGRATIONS.map((name) => ({
          name,
          checksum: createHash('sha256')
            .update(readFileSync(join(SQL_FOLDER, `${name}.sql`)))
            .digest('hex'),
        })),
      );
    });

    test('several at once run each migration once', async () => {
      const ran = await Promise.all(Array.from({ length: 6 }, () => migrate(databaseUrl)));
      expect(ran.flat().sort()).toEqual(MIGRATIONS);
    });

    test('a vault that lacks one is not opened, and the remedy is named', async () => {
      await expect(open()).rejects.toMatchObject({
        code: 'SCHEMA_OUTDATED',
        message: `the database lacks migration ${MIGRATIONS[0]} of the vault; run \`hosted-link setup\``,
      });
    });

    test('a database of a newer version is neither opened nor migrated', async () => {
      await migrate(databaseUrl);
      await sql(
        "INSERT INTO hosted_link.schema_migrations (version, name, checksum) VALUES (9999, '9999_later', 'x')",
      );
      const refusal = { code: 'SCHEMA_NEWER', message: expect.stringContaining('migration 9999') };
      await expect(open()).rejects.toMatchObject(refusal);
      await expect(migrate(databaseUrl)).rejects.toMatchObject(refusal);
    });

    test('a database that got a migration in another form is neither opened nor migrated', async () => {
      await migrate(databaseUrl);
      await sql("UPDATE hosted_link.schema_migrations SET checksum = 'other' WHERE version = 1");
      const refusal = { code: 'SCHEMA_DIVERGED', message: expect.stringContaining(MIGRATIONS[0]!) };
      await expect(open()).rejects.toMatchObject(refusal);
      await expect(migrate(databaseUrl)).rejects.toMatchObject(refusal);
    });

    test('a migration that fails leaves nothing of itself', async () => {
      await sql('CREATE SCHEMA hosted_link CREATE TABLE results (in_the_way int)');
      await expect(migrate(databaseUrl)).rejects.toMatchObject({ code: 'VAULT_FAILED' });
      expect(
        await sql("SELECT relname FROM pg_class WHERE relnamespace = 'hosted_link'::regnamespace"),
      ).toEqual([{ relname: 'results' }]);
      await sql('DROP TABLE hosted_link.results');
      expect(await migrate(databaseUrl)).toEqual(MIGRATIONS);
    });
  });

  describe('keys', () => {
    /** Opens a vault with these keys and seals one row in it. */
    async function sealRow(keys: ReturnType<typeof newKeys>): Promise<void> {
      const vault = await prepareVault(databaseUrl, keys);
      await vault.sessions.claim({
        key: randomUUID(),
        plaidFlow: 'link_delivery',
        firstRunId: 'run',
        requestDigest: 'digest',
      });
      await vault.close();
    }

    test('another key under a known id is refused by that id', async () => {
      await sealRow(newKeys('vault-1'));
      await expect(open(newKeys('vault-1'))).rejects.toMatchObject({
        code: 'KEY_MISMATCH',
        message: expect.stringMatching(/^HOSTED_LINK_VAULT_KEYS: vault-1 is another key/),
      });
    });

    test('a missing key that a row needs is named', async () => {
      const old = newKey('vault-1');
      await sealRow(keysOf(old));
      await expect(open(newKeys('vault-2'))).rejects.toMatchObject({
        code: 'KEY_UNKNOWN',
        message: expect.stringMatching(
          /^HOSTED_LINK_VAULT_KEYS lacks the key vault-1, under which rows of sessions/,
        ),
      });
      await (await open(keysOf(newKey('vault-3'), old))).close();
    });

    test('a missing key that no row needs is not missed', async () => {
      await (await prepareVault(databaseUrl, newKeys('vault-1'))).close();
      await (await open(newKeys('vault-2'))).close();
    });

    test('of two that bring another key under one id at once, one is refused', async () => {
      await migrate(databaseUrl);
      const opened = await Promise.allSettled([open(newKeys('same')), open(newKeys('same'))]);
      const vaults = opened.filter((result) => result.status === 'fulfilled');
      expect(vaults).toHaveLength(1);
      await vaults[0]!.value.close();
      expect(opened.find((result) => result.status === 'rejected')?.reason).toMatchObject({
        code: 'KEY_MISMATCH',
      });
    });

    test('the database holds no key', async () => {
      const key = newKey('vault-1').split(':')[1]!;
      await sealRow(keysOf(`vault-1:${key}`));
      const [row] = await sql<{ key_id: string; check_value: Buffer }>(
        'SELECT key_id, check_value FROM hosted_link.vault_keys',
      );
      expect(row!.key_id).toBe('vault-1');
      expect(row!.check_value.equals(Buffer.from(key, 'base64'))).toBe(false);
    });
  });

  test('a vault with items of another environment is not opened', async () => {
    const keys = newKeys();
    const vault = await prepareVault(databaseUrl, keys);
    await vault.sessions.claim({
      key: 'session',
      plaidFlow: 'link_delivery',
      firstRunId: 'run',
      requestDigest: 'digest',
    });
    const accessToken = new Secret('access-sandbox-1');
    const [row] = await vault.results.record('session', [{ kind: 'access_token', token: accessToken }]);
    await vault.results.link(row!.resultId, { itemId: 'item', accessToken, requestId: 'request' });
    await vault.close();
    await expect(openVault({ databaseUrl, keys, environment: 'production' })).rejects.toMatchObject({
      code: 'ENVIRONMENT_MISMATCH',
      message:
        'PLAID_ENV is production, but the vault holds items of sandbox; give each environment a database of its own',
    });
    await (await open(keys)).close();
  });
});
