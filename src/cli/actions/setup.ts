import { migrateEmbedded } from '../../config/open-vault';
import { readSettingsFor, type Settings } from '../../config/settings';
import { loadTemporalConnection } from '../../temporal/connection';
import { addSearchAttributes } from '../../temporal/search-attributes';
import { grantRoles, migrate } from '../../vault';
import type { SetupReport } from '../output';
import { printJson, printLines } from '../print';
import { withProgress } from '../progress';
import { connectTemporal } from './connect';

/** Sets up the database, then Temporal, and prints what was made. */
export async function setUp({ json }: { json?: boolean }): Promise<void> {
  const settings = readSettingsFor('database');
  const database = await withProgress('bringing the database up to date', () => setUpDatabase(settings));
  if (!json) printDatabase(database);
  const searchAttributes = await setUpTemporal();
  if (json) printJson<'setup'>({ ...database, searchAttributes });
  else printLines([madeLine('search attributes', searchAttributes)]);
}

type DatabaseReport = Omit<SetupReport, 'searchAttributes'>;

async function setUpDatabase({ databaseUrl, dataDir }: Settings): Promise<DatabaseReport> {
  if (!databaseUrl) return { migrations: await migrateEmbedded(dataDir), rolesGranted: undefined };
  const url = databaseUrl.reveal();
  return { migrations: await migrate(url), rolesGranted: await grantRoles(url) };
}

async function setUpTemporal(): Promise<string[]> {
  const connection = await connectTemporal();
  try {
    return await withProgress('making search attributes', () =>
      addSearchAttributes(connection, loadTemporalConnection().namespace),
    );
  } finally {
    await connection.close();
  }
}

function printDatabase({ migrations, rolesGranted }: DatabaseReport): void {
  printLines([madeLine('migrations', migrations)]);
  if (rolesGranted === undefined) return;
  const refused = 'not granted, since this login may not make them; see docs/operations.md';
  printLines([`roles: ${rolesGranted ? 'granted' : refused}`]);
}

function madeLine(what: string, made: readonly string[]): string {
  return `${what}: ${made.length > 0 ? made.join(', ') : 'up to date'}`;
}
