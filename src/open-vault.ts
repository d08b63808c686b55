import type { Settings } from './config';
import type { Logger } from './logger';
import { retryForAWhile } from './retry';
import type { KeyProvider, Vault } from './vault';
import {
  embeddedDatabaseUrl,
  isEmbeddedDatabaseRunning,
  migrate,
  openVault,
  startEmbeddedDatabase,
  VaultError,
} from './vault';

/**
 * Opens the deployment's vault for a worker: the database of DATABASE_URL, or else the embedded one, which this process
 * then owns and brings up to date.
 *
 * @throws VaultError VAULT_UNREACHABLE after bounded retries, VAULT_IN_USE, or what `openVault` throws
 */
export async function openVaultOf(settings: Settings, keys: KeyProvider, logger: Logger): Promise<Vault> {
  const { databaseUrl, environment } = settings;
  if (databaseUrl === undefined) return await openEmbedded(settings, keys);
  return await retryForAWhile(
    () => openVault({ databaseUrl: databaseUrl.reveal(), keys, environment }),
    (triesLeft) => logger.warn({ triesLeft }, 'the database cannot be reached yet'),
    (error) => error instanceof VaultError && error.code === 'VAULT_UNREACHABLE',
  );
}

/**
 * Opens the vault for a command: an embedded one through the worker that owns it, if one runs. Close it soon: as long as a
 * command owns it, no worker can start.
 *
 * @throws VaultError VAULT_IN_USE when another process owns it and does not serve it, after bounded retries
 */
export async function openVaultForCommand(settings: Settings, keys: KeyProvider): Promise<Vault> {
  const { databaseUrl, environment, dataDir } = settings;
  if (databaseUrl !== undefined)
    return await openVault({ databaseUrl: databaseUrl.reveal(), keys, environment });
  return await onceOwnerServes(dataDir, {
    served: () => openVault({ databaseUrl: embeddedDatabaseUrl(dataDir), keys, environment }),
    notRunning: () => openEmbedded(settings, keys),
  });
}

/**
 * Brings the embedded database up to date, and gives the names of the migrations that it lacked.
 *
 * @throws VaultError as {@link openVaultForCommand} does
 */
export async function migrateEmbedded(dataDir: string): Promise<string[]> {
  return await onceOwnerServes(dataDir, {
    served: () => migrate(embeddedDatabaseUrl(dataDir)),
    notRunning: async () => {
      const database = await startEmbeddedDatabase(dataDir);
      try {
        return await migrate(database.databaseUrl);
      } finally {
        await database.close();
      }
    },
  });
}

/** Between taking the lock of the embedded database and serving it, its owner needs a while. */
async function onceOwnerServes<T>(
  dataDir: string,
  { served, notRunning }: { served: () => Promise<T>; notRunning: () => Promise<T> },
): Promise<T> {
  return await retryForAWhile(
    async () => ((await isEmbeddedDatabaseRunning(dataDir)) ? await served() : await notRunning()),
    () => undefined,
    (error) => error instanceof VaultError && error.code === 'VAULT_IN_USE',
  );
}

async function openEmbedded({ dataDir, environment }: Settings, keys: KeyProvider): Promise<Vault> {
  const database = await startEmbeddedDatabase(dataDir);
  try {
    await migrate(database.databaseUrl);
    const vault = await openVault({ databaseUrl: database.databaseUrl, keys, environment });
    return ownedBy(vault, () => database.close());
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** The same vault, whose end ends the database too. */
function ownedBy(vault: Vault, closeDatabase: () => Promise<void>): Vault {
  const close = vault.close.bind(vault);
  return Object.assign(vault, {
    close: async () => {
      await close();
      await closeDatabase();
    },
  });
}
