import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { keysOf, makeFolder, newKey, prepareVault } from '../../../testing/databases';
import { exchangeLargeTokens } from '../../../testing/embedded-client';
import {
  embeddedDatabaseUrl,
  isEmbeddedDatabaseRunning,
  type KeyProvider,
  openVault,
  startEmbeddedDatabase,
  type Vault,
} from '../../../src/vault';
import { until } from '../../../testing/until';
import {
  firstLine,
  type PgliteOwner,
  spawnTypeScript,
  startOwner,
  startPglite,
} from '../../../testing/pglite';

const CLIENT = 'testing/embedded-client.ts';

function unlessUnreachable(error: unknown): undefined {
  expect(error).toMatchObject({ code: 'VAULT_UNREACHABLE' });
}

describe('the embedded vault', () => {
  const ringText = newKey('test-1');
  let keys: KeyProvider;
  let folder: ReturnType<typeof makeFolder>;
  let owner: PgliteOwner;
  let vault: Vault;
  beforeAll(async () => {
    keys = keysOf(ringText);
    folder = makeFolder();
    owner = await startPglite(folder.path);
    vault = await prepareVault(owner.databaseUrl, keys);
  }, 60_000);
  afterAll(async () => {
    await vault.close();
    await owner.stop();
    folder.remove();
  });

  const claim = (key: string, by = vault) =>
    by.sessions.claim({ key, plaidFlow: 'link_delivery', firstRunId: 'run', requestDigest: 'digest' });

  test('is for its user alone', () => {
    expect(statSync(join(folder.path, 'vault')).mode & 0o777).toBe(0o700);
  });

  test('refuses a second process by the id of the first, which goes on', async () => {
    await expect(startPglite(folder.path)).rejects.toThrow(
      `VAULT_IN_USE the embedded vault in ${folder.path}/vault is in use by process ${owner.pid}; stop that one, choose another HOSTED_LINK_DATA_DIR, or set DATABASE_URL`,
    );
    await claim(randomUUID());
  });

  test('says whether it runs', async () => {
    expect(await isEmbeddedDatabaseRunning(folder.path)).toBe(true);
    expect(await isEmbeddedDatabaseRunning(join(folder.path, 'other'))).toBe(false);
  });

  test('keeps the messages of many connections and processes apart', async () => {
    const vaults = await Promise.all(
      [0, 1].map(() => openVault({ databaseUrl: owner.databaseUrl, keys, environment: 'sandbox' })),
    );
    const child = spawnTypeScript(CLIENT, [owner.databaseUrl, ringText, 'exchange', '4']);
    const rights = await Promise.all([
      ...vaults.flatMap((by) => [0, 1].map(() => exchangeLargeTokens(by, 4))),
      firstLine(child).then((line) => Number(line.replace('right ', ''))),
    ]);
    expect(rights).toEqual(rights.map(() => 4));
    await Promise.all(vaults.map((by) => by.close()));
  }, 60_000);

  test('goes on when a client dies in the middle of a transaction', async () => {
    const child = spawnTypeScript(CLIENT, [owner.databaseUrl, ringText, 'stall']);
    const exited = once(child, 'exit');
    expect(await firstLine(child)).toBe('inside');
    const key = randomUUID();
    const claimed = claim(key);
    child.kill('SIGKILL');
    await exited;
    await claimed;
    expect(await vault.sessions.get(key)).toMatchObject({ key });
  });

  test('cuts off a client that says nothing in the middle of a transaction', async () => {
    const child = spawnTypeScript(CLIENT, [owner.databaseUrl, ringText, 'stall']);
    const exited = once(child, 'exit');
    expect(await firstLine(child)).toBe('inside');
    child.kill('SIGSTOP');
    try {
      const key = randomUUID();
      // One who began to wait at the same moment may be cut off too, before its turn or after it, and tries again.
      await until('it is claimed', async () => (await claim(key).catch(unlessUnreachable)) !== undefined);
      await until(
        'it is there',
        async () => (await vault.sessions.get(key).catch(unlessUnreachable))?.key === key,
      );
    } finally {
      child.kill('SIGKILL');
      await exited;
    }
  }, 60_000);
});

describe('an embedded vault whose owner dies', () => {
  test('keeps every row that was acknowledged, again and again, and goes to the next owner', async () => {
    const folder = makeFolder();
    const keys = keysOf(newKey('test-1'));
    try {
      const acknowledged: string[] = [];
      for (let round = 1; round <= 2; round++) {
        const owner = await startPglite(folder.path);
        const vault = await prepareVault(owner.databaseUrl, keys);
        for (const key of acknowledged) expect(await vault.sessions.get(key)).toMatchObject({ key });
        const before = acknowledged.length;
        const write = async (): Promise<void> => {
          for (;;) {
            const key = randomUUID();
            try {
              await vault.sessions.claim({
                key,
                plaidFlow: 'link_delivery',
                firstRunId: 'run',
                requestDigest: key,
              });
            } catch (error) {
              expect(error).toMatchObject({ code: 'VAULT_UNREACHABLE' });
              return;
            }
            acknowledged.push(key);
            // In the middle of the others' writing.
            if (acknowledged.length === before + 30 * round) void owner.kill();
          }
        };
        await Promise.all([write(), write(), write(), write()]);
        expect(acknowledged.length).toBeGreaterThanOrEqual(before + 30 * round);
        await vault.close();
      }
      const owner = await startPglite(folder.path);
      const vault = await prepareVault(owner.databaseUrl, keys);
      for (const key of acknowledged) expect(await vault.sessions.get(key)).toMatchObject({ key });
      await vault.close();
      await owner.stop();
    } finally {
      folder.remove();
    }
  }, 90_000);
});

describe('a folder without a database', () => {
  test('gets one, and a death in the middle of making it does no harm', async () => {
    const folder = makeFolder();
    // What the death of an earlier owner left behind.
    mkdirSync(join(folder.path, 'vault/database.new/base'), { recursive: true });
    try {
      const owner = await startOwner(folder.path);
      await (await prepareVault(owner.databaseUrl)).close();
      await owner.stop();
      expect(await isEmbeddedDatabaseRunning(folder.path)).toBe(false);
    } finally {
      folder.remove();
    }
  }, 90_000);

  test('whose path is too long for a socket is refused by the name of its setting', async () => {
    const dataDir = `/tmp/${'d'.repeat(79)}`;
    expect(embeddedDatabaseUrl(dataDir.slice(0, -1))).toContain('postgresql://');
    const refusal = {
      code: 'INVALID_INPUT',
      message:
        'HOSTED_LINK_DATA_DIR: its path is 1 bytes too long for a Unix socket inside; choose a folder with a path of at most 83 bytes, or set DATABASE_URL',
    };
    await expect(startEmbeddedDatabase(dataDir)).rejects.toMatchObject(refusal);
    expect(() => embeddedDatabaseUrl(dataDir)).toThrow(expect.objectContaining(refusal));
  });

  test('that cannot be made is named', async () => {
    await expect(startEmbeddedDatabase('/dev/null/data')).rejects.toMatchObject({
      code: 'VAULT_FAILED',
      message:
        'the embedded vault in /dev/null/data/vault cannot be opened (ENOTDIR); check the folder, or set DATABASE_URL',
    });
  });
});
