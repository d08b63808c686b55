import { requireSettings, type Settings } from './settings';
import { loadVaultKeys } from './load-keys';
import type { Logger } from '../telemetry/logger';
import { retryForAWhile } from './wait-for-server';
import type { KeyProvider, Vault, VaultRecords } from '../vault';
import {
  embeddedDatabaseUrl,
  isEmbeddedDatabaseRunning,
  migrate,
  openRecords,
  openVault,
  startEmbeddedDatabase,
  VaultError,
} from '../vault';

/**
 * Opens the deployment's vault for a worker: the database of DATABASE_URL, or else the embedded one, which this process
 * then owns and brings up to date.
 *
 * @throws InputError naming DATABASE_URL when it is missing in production
 * @throws VaultError VAULT_UNREACHABLE after bounded retries, VAULT_IN_USE, or what `openVault` throws
 */
export async function openVaultOf(settings: Settings, keys: KeyProvider, logger: Logger): Promise<Vault> {
  const { databaseUrl, environment } = settings;
  if (databaseUrl === undefined) {
    requireSettings(settings, 'database');
    return await openEmbedded(settings, keys);
  }
  return await retryForAWhile(
    () => openVault({ databaseUrl: databaseUrl.reveal(), keys, environment }),
    (triesLeft) => logger.warn({ triesLeft }, 'the database cannot be reached yet'),
    (error) => error instanceof VaultError && error.code === 'VAULT_UNREACHABLE',
  );
}

/**
 * Opens the vault for whoever is no worker: a command, or a reader of access tokens. An embedded one is opened through the
 * worker that owns it, if one runs; else close it soon: as long as another process owns it, no worker can start.
 *
 * @param keyProvider default: the one of the settings
 * @throws InputError naming a wrong or missing setting of the vault or its keys
 * @throws VaultError VAULT_IN_USE when another process owns it and does not serve it, after bounded retries, or what `openVault`
 * throws
 */
export async function openVaultFromSettings(settings: Settings, keyProvider?: KeyProvider): Promise<Vault> {
  const { databaseUrl, environment, dataDir } = settings;
  const keys = keyProvider ?? (await loadVaultKeys(settings));
  if (databaseUrl !== undefined)
    return await openVault({ databaseUrl: databaseUrl.reveal(), keys, environment });
  requireSettings(settings, 'database');
  return await onceOwnerServes(dataDir, {
    served: () => openVault({ databaseUrl: embeddedDatabaseUrl(dataDir), keys, environment }),
    notRunning: () => openEmbedded(settings, keys),
  });
}

/**
 * Opens what needs none of the vault's keys, by the rules of {@link openVaultFromSettings}.
 *
 * @throws VaultError as {@link openVaultFromSettings} does
 */
export async function openRecordsFromSettings(settings: Settings): Promise<VaultRecords> {
  const { databaseUrl, dataDir } = settings;
  if (databaseUrl !== undefined) return await openRecords(databaseUrl.reveal());
  requireSettings(settings, 'database');
  return await onceOwnerServes(dataDir, {
    served: () => openRecords(embeddedDatabaseUrl(dataDir)),
    notRunning: () => openOwned(dataDir, openRecords),
  });
}

/**
 * Brings the embedded database up to date, and gives the names of the migrations that it lacked.
 *
 * @throws VaultError as {@link openVaultFromSettings} does
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

function openEmbedded({ dataDir, environment }: Settings, keys: KeyProvider): Promise<Vault> {
  return openOwned(dataDir, (databaseUrl) => openVault({ databaseUrl, keys, environment }));
}

/** Opens something in the embedded database, which this process then owns, and whose end is the database's too. */
async function openOwned<Opened extends { close(): Promise<void> }>(
  dataDir: string,
  open: (databaseUrl: string) => Promise<Opened>,
): Promise<Opened> {
  const database = await startEmbeddedDatabase(dataDir);
  try {
    await migrate(database.databaseUrl);
    const opened = await open(database.databaseUrl);
    const close = opened.close.bind(opened);
    return Object.assign(opened, {
      close: async () => {
        await close();
        await database.close();
      },
    });
  } catch (error) {
    await database.close();
    throw error;
  }
}
