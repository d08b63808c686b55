/*
 * A process that owns the embedded database in the folder of its argument, until its standard input ends. It prints
 * `ready`, or `refused <code> <message>` and ends. A process of its own, because PGlite does not load inside jest.
 */
import { startEmbeddedDatabase, VaultError } from '../src/vault';

async function main(): Promise<void> {
  const dataDir = process.argv[2]!;
  try {
    const database = await startEmbeddedDatabase(dataDir);
    process.stdin.once('end', () => void database.close());
    process.stdin.resume();
    process.stdout.write('ready\n');
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    process.stdout.write(`refused ${error.code} ${error.message}\n`);
  }
}

void main();
