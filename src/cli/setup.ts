import { Command } from 'commander';
import { readSettings } from '../config';
import { migrateEmbedded } from '../open-vault';
import { addSearchAttributes } from '../search-attributes';
import { loadTemporalConnection } from '../temporal-connection';
import { migrate } from '../vault';
import { connectTemporal } from './with-client';

/** `hosted-link setup`: makes what a worker needs, and may be run again at any time. */
export function setupCommand(): Command {
  return new Command('setup')
    .description('make the search attributes and bring the database up to date')
    .action(async () => {
      const { databaseUrl, dataDir } = readSettings();
      report(
        'migrations',
        databaseUrl ? await migrate(databaseUrl.reveal()) : await migrateEmbedded(dataDir),
      );
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

function report(what: string, made: readonly string[]): void {
  process.stdout.write(`${what}: ${made.length > 0 ? made.join(', ') : 'up to date'}\n`);
}
