import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../../secrets/digest';
import { Database, type TimeLimits, type Transaction } from './database';
import { VaultError } from '../vault-error';

/** `/sql` of the package, seen from `src/vault` and `dist/vault` alike: the migrations, and {@link ROLES_FILE}. */
export const SQL_FOLDER = join(__dirname, '../../../sql');

/** No migration: it is run after them, each time. */
export const ROLES_FILE = 'roles.sql';

const FILE_PATTERN = /^(\d{4})_[a-z0-9_]+\.sql$/;

/** Any number that nothing else in the database takes an advisory lock on: "hostlink" in ASCII. */
const LOCK_ID = '7525360446231637611';

/** A migration may rewrite a large table, or wait for another process that does. */
const MIGRATION_LIMITS: TimeLimits = {
  connectMs: 10_000,
  answerMs: 660_000,
  statementMs: 600_000,
  lockMs: 600_000,
  idleInTransactionMs: 60_000,
};

interface Migration {
  version: number;
  name: string;
  sql: string;
  /** SHA-256 (hex) of the file, line ends made alike. */
  checksum: string;
}

/**
 * Brings the schema of the vault up to date: runs each migration that the database lacks, in order, each in a transaction
 * of its own. Several at once are safe: they take turns by an advisory lock that lasts as long as each transaction.
 * Gives the names of the migrations that this call ran.
 * @param folder where the migrations are: this version's, or an earlier one's
 * @throws VaultError SCHEMA_NEWER or SCHEMA_DIVERGED when the database is ahead of, or at odds with, this version;
 * VAULT_UNREACHABLE or VAULT_FAILED
 * @throws InputError naming DATABASE_URL
 */
export async function migrate(databaseUrl: string, folder = SQL_FOLDER): Promise<string[]> {
  const migrations = await readMigrations(folder);
  const database = new Database(databaseUrl, MIGRATION_LIMITS);
  try {
    const ran: string[] = [];
    for (;;) {
      const name = await database.transaction((transaction) => migrateOnce(transaction, migrations));
      if (name === undefined) return ran;
      ran.push(name);
    }
  } finally {
    await database.close();
  }
}

/**
 * Checks that the database has exactly this version's schema.
 * @throws VaultError SCHEMA_OUTDATED, SCHEMA_NEWER or SCHEMA_DIVERGED
 */
export async function checkSchema(transaction: Transaction): Promise<void> {
  const pending = nextMigration(await readMigrations(SQL_FOLDER), await readApplied(transaction));
  if (pending) {
    throw new VaultError(
      'SCHEMA_OUTDATED',
      `the database lacks migration ${pending.name} of the vault`,
      'run `hosted-link setup`',
    );
  }
}

/** Runs the first migration that the database lacks and gives its name; undefined when it lacks none. */
async function migrateOnce(
  transaction: Transaction,
  migrations: readonly Migration[],
): Promise<string | undefined> {
  await lockSchema(transaction);
  const applied = await readApplied(transaction);
  const migration = nextMigration(migrations, applied);
  if (!migration) return undefined;
  if (applied.size === 0) {
    await transaction.query('CREATE SCHEMA IF NOT EXISTS hosted_link');
    await transaction.query(
      `CREATE TABLE IF NOT EXISTS hosted_link.schema_migrations (
        version integer PRIMARY KEY,
        name text NOT NULL,
        checksum text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
      )`,
    );
  }
  await transaction.query(migration.sql);
  await transaction.query(
    'INSERT INTO hosted_link.schema_migrations (version, name, checksum) VALUES ($1, $2, $3)',
    [migration.version, migration.name, migration.checksum],
  );
  return migration.name;
}

/** Lets others who change the schema wait until the transaction has ended. */
export async function lockSchema({ query }: Transaction): Promise<void> {
  await query(`SELECT pg_advisory_xact_lock(${LOCK_ID})`);
}

/** The first migration that is not applied yet; refuses a database that is ahead or at odds. */
function nextMigration(
  migrations: readonly Migration[],
  applied: ReadonlyMap<number, string>,
): Migration | undefined {
  for (const version of applied.keys()) {
    if (!migrations.some((migration) => migration.version === version)) {
      throw new VaultError(
        'SCHEMA_NEWER',
        `the database has migration ${version} of the vault, which this version of hosted-link does not know`,
        'run a newer version',
      );
    }
  }
  const next = migrations.find((migration) => !applied.has(migration.version));
  for (const migration of migrations) {
    const checksum = applied.get(migration.version);
    if (checksum === undefined) continue;
    if (checksum !== migration.checksum || (next && next.version < migration.version)) {
      throw new VaultError(
        'SCHEMA_DIVERGED',
        `migration ${migration.name} was applied to the database in another form or order than this version of hosted-link has it`,
        'run the version that applied it',
      );
    }
  }
  return next;
}

/** Checksums of the applied migrations by version. */
async function readApplied(transaction: Transaction): Promise<Map<number, string>> {
  const [found] = await transaction.query<{ there: boolean }>(
    "SELECT to_regclass('hosted_link.schema_migrations') IS NOT NULL AS there",
  );
  if (!found?.there) return new Map();
  const rows = await transaction.query<{ version: number; checksum: string }>(
    'SELECT version, checksum FROM hosted_link.schema_migrations ORDER BY version',
  );
  return new Map(rows.map((row) => [row.version, row.checksum]));
}

async function readMigrations(folder: string): Promise<Migration[]> {
  const files = (await readdir(folder)).filter((file) => file !== ROLES_FILE).sort();
  return Promise.all(
    files.map(async (file) => {
      const match = FILE_PATTERN.exec(file);
      if (!match) throw new Error(`sql/${file} is not named like 0001_what_it_does.sql`);
      const sql = (await readFile(join(folder, file), 'utf8')).replaceAll('\r\n', '\n');
      return { version: Number(match[1]), name: file.slice(0, -'.sql'.length), sql, checksum: sha256(sql) };
    }),
  );
}
