import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../../../testing/child-server';
import { readSettings } from '../../../../src/config/settings';
import { checkDatabase } from '../../../../src/ops/doctor/database';
import { checkKeyRings, checkVaultKeys } from '../../../../src/ops/doctor/keys';
import { generateKeyRingText } from '../../../../src/secrets/key-ring';
import { migrate, openVault, type VaultKeyRow } from '../../../../src/vault';
import { type PgliteOwner, startPglite } from '../../../../testing/pglite';
import { runSql } from '../../../../testing/postgres';

const MINUTE_MS = 60_000;

const VAULT_KEYS = `one:${generateKeyRingText('vault').split(':')[1]!}`;
const OTHER_KEYS = `one:${generateKeyRingText('vault').split(':')[1]!}`;
const CODEC_KEYS = generateKeyRingText('codec');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hl-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function rings(settings: Record<string, string>) {
  const { findings } = await checkKeyRings(readSettings({ HOSTED_LINK_DATA_DIR: folder, ...settings }));
  return findings;
}

describe('the doctor on key rings', () => {
  it('names the ids of their keys, never a key', async () => {
    const found = await rings({ HOSTED_LINK_VAULT_KEYS: VAULT_KEYS, HOSTED_LINK_CODEC_KEYS: CODEC_KEYS });
    expect(found).toMatchObject([
      { check: 'vault keys', level: 'ok', message: 'one from HOSTED_LINK_VAULT_KEYS' },
      { check: 'codec keys', level: 'ok', message: CODEC_KEYS.split(':')[0] },
    ]);
    for (const ring of [VAULT_KEYS, CODEC_KEYS])
      expect(JSON.stringify(found)).not.toContain(ring.split(':')[1]);
  });

  it('makes none where they are made on first use', async () => {
    expect(await rings({})).toMatchObject([{ level: 'ok' }, { level: 'ok' }]);
    expect(await readdir(folder)).toEqual([]);
  });

  it('misses them in production', async () => {
    expect(await rings({ PLAID_ENV: 'production' })).toMatchObject([
      { level: 'problem', message: 'HOSTED_LINK_VAULT_KEYS: missing, with PLAID_ENV production' },
      { level: 'problem', message: 'HOSTED_LINK_CODEC_KEYS: missing, with PLAID_ENV production' },
    ]);
  });

  const counts = { items: 3 };
  it.each<[VaultKeyRow['state'][], string]>([
    [['PRIMARY'], 'ok'],
    [['PRIMARY', 'OLDER'], 'warning'],
    [['PRIMARY', 'GONE'], 'ok'],
    [['PRIMARY', 'MISSING'], 'problem'],
    [['MISMATCH', 'MISSING'], 'problem'],
  ])('calls a vault with keys %j %s', (states, level) => {
    expect(checkVaultKeys(states.map((state) => ({ keyId: state, state, counts })))).toMatchObject({ level });
  });
});

describe('the doctor on the database', () => {
  let database: PgliteOwner;
  const examine = async (settings: Record<string, string>) => {
    const all = readSettings({
      HOSTED_LINK_DATA_DIR: folder,
      HOSTED_LINK_VAULT_KEYS: VAULT_KEYS,
      HOSTED_LINK_CODEC_KEYS: CODEC_KEYS,
      ...settings,
    });
    return await checkDatabase(all, (await checkKeyRings(all)).vaultKeys);
  };

  beforeAll(async () => {
    database = await startPglite(join(folder, 'served'));
  }, MINUTE_MS);
  afterAll(async () => await database?.stop(), MINUTE_MS);

  it('tells that the schema is missing, then that all is well, and enters nothing', async () => {
    const { databaseUrl } = database;
    expect(await examine({ DATABASE_URL: databaseUrl })).toMatchObject([
      { check: 'database', level: 'problem', remedy: 'run hosted-link setup' },
    ]);
    await migrate(databaseUrl);
    expect(await examine({ DATABASE_URL: databaseUrl })).toMatchObject([
      { check: 'database', level: 'ok' },
      { check: "database's clock", level: 'ok' },
      { check: 'keys of the vault', level: 'ok' },
    ]);
    expect(await runSql(databaseUrl, 'SELECT * FROM hosted_link.vault_keys')).toEqual([]);
  });

  it('looks at the embedded one through the worker that runs it', async () => {
    expect(await examine({ HOSTED_LINK_DATA_DIR: join(folder, 'served') })).toMatchObject([
      { message: expect.stringContaining('embedded in'), level: 'ok' },
      { level: 'ok' },
      { level: 'ok' },
    ]);
  });

  it('tells a key that is another one than the vault’s', async () => {
    const { databaseUrl } = database;
    const { vaultKeys } = await checkKeyRings(
      readSettings({ HOSTED_LINK_VAULT_KEYS: VAULT_KEYS, HOSTED_LINK_CODEC_KEYS: CODEC_KEYS }),
    );
    await (await openVault({ databaseUrl, keys: vaultKeys!, environment: 'sandbox' })).close();
    const found = await examine({ DATABASE_URL: databaseUrl, HOSTED_LINK_VAULT_KEYS: OTHER_KEYS });
    expect(found.at(-1)).toMatchObject({ check: 'keys of the vault', level: 'problem' });
  });

  it('tells one that cannot be reached, without its password', async () => {
    const [port] = await freePorts(1);
    const found = await examine({
      DATABASE_URL: `postgresql://somebody:database-password@127.0.0.1:${port}/v`,
    });
    expect(found).toMatchObject([
      { level: 'problem', message: expect.stringContaining('nothing listens there') },
    ]);
    expect(JSON.stringify(found)).not.toContain('database-password');
  });

  it('makes no embedded one, and wants none in production', async () => {
    const nowhere = join(folder, 'nowhere');
    expect(await examine({ HOSTED_LINK_DATA_DIR: nowhere })).toMatchObject([{ level: 'ok' }]);
    expect(existsSync(nowhere)).toBe(false);
    expect(await examine({ PLAID_ENV: 'production' })).toMatchObject([
      { level: 'problem', remedy: 'set DATABASE_URL to a PostgreSQL database' },
    ]);
  });
});
