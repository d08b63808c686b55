import type { Settings } from './config';
import type { KeyRing } from './key-ring';
import type { Logger } from './logger';
import { retryForAWhile } from './retry';
import type { Vault } from './vault';
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
export async function openVaultOf(settings: Settings, ring: KeyRing, logger: Logger): Promise<Vault> {
  const { databaseUrl, environment } = settings;
  if (databaseUrl === undefined) return await openEmbedded(settings, ring);
  return await retryForAWhile(
    () => openVault({ databaseUrl: databaseUrl.reveal(), ring, environment }),
    (triesLeft) => logger.warn({ triesLeft }, 'the database cannot be reached yet'),
    (error) => error instanceof VaultError && error.code === 'VAULT_UNREACHABLE',
  );
}

/** Opens the vault for a command: an embedded one through the worker that owns it, if one runs. */
export async function openVaultForCommand(settings: Settings, ring: KeyRing): Promise<Vault> {
  const { databaseUrl, environment, dataDir } = settings;
  if (databaseUrl !== undefined)
    return await openVault({ databaseUrl: databaseUrl.reveal(), ring, environment });
  if (await isEmbeddedDatabaseRunning(dataDir)) {
    return await openVault({ databaseUrl: embeddedDatabaseUrl(dataDir), ring, environment });
  }
  return await openEmbedded(settings, ring);
}

async function openEmbedded({ dataDir, environment }: Settings, ring: KeyRing): Promise<Vault> {
  const database = await startEmbeddedDatabase(dataDir);
  try {
    await migrate(database.databaseUrl);
    const vault = await openVault({ databaseUrl: database.databaseUrl, ring, environment });
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
