import type { Settings } from '../../config/settings';
import {
  embeddedDatabaseUrl,
  inspectVault,
  isEmbeddedDatabaseRunning,
  type KeyProvider,
  VaultError,
} from '../../vault';
import { compareClock } from './clock';
import { ok, problem, type Finding } from './finding';
import { checkVaultKeys } from './keys';
import { refusal } from './refusal';

const CHECK = 'database';

/** Whether the vault's database is there, with the right schema, environment, clock and keys. Nothing is made or changed. */
export async function checkDatabase(settings: Settings, keys: KeyProvider | undefined): Promise<Finding[]> {
  const { environment, dataDir } = settings;
  try {
    const databaseUrl = settings.databaseUrl?.reveal() ?? embeddedDatabaseUrl(dataDir);
    if (settings.databaseUrl === undefined) {
      if (environment === 'production')
        return [problem(CHECK, 'embedded, in production', 'set DATABASE_URL to a PostgreSQL database')];
      if (!(await isEmbeddedDatabaseRunning(dataDir)))
        return [ok(CHECK, `embedded in ${dataDir}; no worker runs it, so it was not looked into`)];
    }
    const askedMs = Date.now();
    const { clockMs, keys: rows } = await inspectVault({ databaseUrl, keys, environment });
    const where = settings.databaseUrl === undefined ? `embedded in ${dataDir}` : 'PostgreSQL';
    return [
      ok(CHECK, `${where}, with the schema of this version`),
      compareClock("database's clock", clockMs, { askedMs, answeredMs: Date.now() }),
      ...(rows ? [checkVaultKeys(rows)] : []),
    ];
  } catch (error) {
    const schemaMissing = error instanceof VaultError && error.code === 'SCHEMA_OUTDATED';
    return [
      schemaMissing ? problem(CHECK, 'lacks a migration', 'run hosted-link setup') : refusal(CHECK, error),
    ];
  }
}
