import { Command } from 'commander';
import { readSettingsFor } from '../config';
import { migrateEmbedded } from '../open-vault';
import { addSearchAttributes } from '../search-attributes';
import { loadTemporalConnection } from '../temporal-connection';
import { grantRoles, migrate } from '../vault';
import { printLines } from './print';
import { connectTemporal } from './with-client';

/** `hosted-link setup`: makes what a worker needs, and may be run again at any time. */
export function setupCommand(): Command {
  return new Command('setup')
    .description(
      'make the search attributes, bring the database up to date, and grant its roles their rights',
    )
    .action(async () => {
      const { databaseUrl, dataDir } = readSettingsFor('database');
      if (databaseUrl) await setUpDatabase(databaseUrl.reveal());
      else report('migrations', await migrateEmbedded(dataDir));
      const connection = await connectTemporal();
      try {
        report(
          'search attributes',
          await addSearchAttributes(connection, loadTemporalConnection().namespace),
        );
      } finally {
        await connection.close();
      }
    });
}

async function setUpDatabase(databaseUrl: string): Promise<void> {
  report('migrations', await migrate(databaseUrl));
  const granted = await grantRoles(databaseUrl);
  printLines([
    `roles: ${granted ? 'granted' : 'not granted, since this login may not make them; see docs/operations.md'}`,
  ]);
}

function report(what: string, made: readonly string[]): void {
  printLines([`${what}: ${made.length > 0 ? made.join(', ') : 'up to date'}`]);
}
