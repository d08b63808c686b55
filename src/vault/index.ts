import { InputError } from '../domain/input-error';
import type { Secret } from '../secrets/secret';
import type { PlaidEnvironment } from '../domain/link-token';
import { withSpans } from '../telemetry/span';
import { readSealedToken, SqlAuditLog } from './stores/audit';
import { SqlCallbackStore } from './stores/callbacks';
import { type Cipher, createCipher } from './crypto/cipher';
import { SqlCodecKeyStore } from './stores/codec-keys';
import { Database, type Transaction } from './database/database';
import { SqlItemStore, unknownItem } from './stores/items';
import { SqlResultStore } from './stores/results';
import { checkKeys, fingerprintKeys, listKeys, type VaultKeyRow } from './crypto/key-check';
import type { KeyProvider } from './crypto/key-provider';
import { checkSchema } from './database/migrate';
import { SqlResultReader } from './stores/result-reader';
import { SqlRepairLog, SqlRepairs } from './stores/repairs';
import { SqlRetention } from './stores/retention';
import { rotateKeys, type RotationOptions, type RotationReport } from './crypto/rotation';
import { ITEM_ACCESS_TOKEN } from './crypto/sealed-values';
import { SqlSessionReader, SqlSessionStore } from './stores/sessions';
import type { AccessRead } from './stores/stores';
import type { Vault, VaultRecords } from './vault';
import { VaultError } from './vault-error';

export type { AuditEntry } from './stores/audit';
export { unknownResult } from './stores/result-reader';
export { embeddedDatabaseUrl, isEmbeddedDatabaseRunning, startEmbeddedDatabase } from './database/embedded';
export type { VaultKeyRow } from './crypto/key-check';
export type { LostResult, LostSession, RepairEntry } from './stores/repairs';
export type { PersonRows, RetentionStore } from './stores/retention';
export { joinKeyProviders, type KeyProvider, ringKeyProvider } from './crypto/key-provider';
export { migrate } from './database/migrate';
export { databaseTransport } from './database/transport';
export { grantRoles } from './database/roles';
export type * from './stores/stores';
export type * from './vault';
export { VaultError } from './vault-error';

export interface VaultOptions {
  /** `postgresql://user:password@host:port/database`, or what `embeddedDatabaseUrl` gives. */
  databaseUrl: string;
  keys: KeyProvider;
  /** The Plaid environment of this deployment; every sealed value is bound to it. */
  environment: PlaidEnvironment;
}

/**
 * Opens a vault that `migrate` has prepared. Its calls wait at most 10 s for a connection and 20 s for each statement's
 * answer; the pool holds up to 5 connections.
 * @throws InputError naming DATABASE_URL
 * @throws VaultError VAULT_UNREACHABLE, VAULT_FAILED, SCHEMA_OUTDATED, SCHEMA_NEWER, SCHEMA_DIVERGED, KEY_MISMATCH,
 * KEY_UNKNOWN, KEY_PROVIDER_FAILED or ENVIRONMENT_MISMATCH
 */
export async function openVault({ databaseUrl, keys, environment }: VaultOptions): Promise<Vault> {
  const known = await fingerprintKeys(keys);
  const database = await openDatabase(databaseUrl, async (transaction) => {
    await checkSchema(transaction);
    await checkKeys(transaction, known);
    await checkEnvironment(transaction, environment);
  });
  return new SqlVault(database, createCipher(keys, environment), environment);
}

/**
 * Opens what may be read of a vault without any of its keys.
 * @throws InputError naming DATABASE_URL
 * @throws VaultError VAULT_UNREACHABLE, VAULT_FAILED, SCHEMA_OUTDATED, SCHEMA_NEWER or SCHEMA_DIVERGED
 */
export async function openRecords(databaseUrl: string): Promise<VaultRecords> {
  const database = await openDatabase(databaseUrl, checkSchema);
  return {
    sessions: new SqlSessionReader(database),
    results: new SqlResultReader(database),
    items: new SqlItemStore(database),
    callbacks: new SqlCallbackStore(database),
    audit: new SqlAuditLog(database),
    repairs: new SqlRepairLog(database),
    retention: new SqlRetention(database),
    listKeys: (keys) => listKeysOf(database, keys),
    ping: () => database.ping(),
    close: () => database.close(),
  };
}

/** What {@link inspectVault} found. */
export interface VaultInspection {
  /** The database's clock, in milliseconds since the epoch. */
  clockMs: number;
  /** The keys at hand, and those that the vault has known besides; undefined when none were given. */
  keys: VaultKeyRow[] | undefined;
}

/**
 * Looks at a vault and changes nothing: other than {@link openVault}, it enters no keys, and gives what is wrong with them.
 * @throws InputError naming DATABASE_URL
 * @throws VaultError VAULT_UNREACHABLE, VAULT_FAILED, SCHEMA_OUTDATED, SCHEMA_NEWER, SCHEMA_DIVERGED, KEY_PROVIDER_FAILED or
 * ENVIRONMENT_MISMATCH
 */
export async function inspectVault({
  databaseUrl,
  keys,
  environment,
}: Omit<VaultOptions, 'keys'> & { keys: KeyProvider | undefined }): Promise<VaultInspection> {
  const known = keys && (await fingerprintKeys(keys));
  const database = await openDatabase(databaseUrl, checkSchema);
  try {
    return await database.transaction(async (transaction) => {
      await checkEnvironment(transaction, environment);
      const [row] = await transaction.query<{ now: Date }>('SELECT clock_timestamp() AS now');
      return { clockMs: row!.now.getTime(), keys: known && (await listKeys(transaction, known)) };
    });
  } finally {
    await database.close();
  }
}

async function openDatabase(
  databaseUrl: string,
  check: (transaction: Transaction) => Promise<void>,
): Promise<Database> {
  const database = new Database(databaseUrl);
  try {
    await database.transaction(check);
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function listKeysOf(database: Database, keys: KeyProvider): Promise<VaultKeyRow[]> {
  const known = await fingerprintKeys(keys);
  return database.transaction((transaction) => listKeys(transaction, known));
}

class SqlVault implements Vault {
  readonly sessions: SqlSessionStore;
  readonly results: SqlResultStore;
  readonly items: SqlItemStore;
  readonly callbacks: SqlCallbackStore;
  readonly audit: SqlAuditLog;
  readonly repairs: SqlRepairs;
  readonly codecKeys: SqlCodecKeyStore;
  readonly retention: SqlRetention;
  readonly #database: Database;
  readonly #cipher: Cipher;

  constructor(database: Database, cipher: Cipher, environment: PlaidEnvironment) {
    this.#database = database;
    this.#cipher = cipher;
    this.sessions = withSpans('vault.sessions', new SqlSessionStore(database, cipher));
    this.results = withSpans('vault.results', new SqlResultStore(database, cipher, environment));
    this.items = withSpans('vault.items', new SqlItemStore(database));
    this.callbacks = new SqlCallbackStore(database);
    this.audit = new SqlAuditLog(database);
    this.repairs = new SqlRepairs(database, cipher);
    this.codecKeys = new SqlCodecKeyStore(database);
    this.retention = new SqlRetention(database);
  }

  async withAccessToken<T>(
    { itemId, actor, purpose }: AccessRead,
    use: (accessToken: Secret) => Promise<T>,
  ): Promise<T> {
    for (const [field, text] of Object.entries({ actor, purpose })) {
      if (text.length < 1 || text.length > 200)
        throw new InputError(field, `has ${text.length} characters`, 'give 1 to 200');
    }
    const row = await readSealedToken(this.#database, { itemId, actor, purpose });
    if (!row) throw unknownItem(itemId);
    if (row.removed_at) throw new VaultError('ITEM_REMOVED', `the item ${itemId} was removed`);
    const sealed = { keyId: row.key_id, wrappedKey: row.wrapped_key, ciphertext: row.sealed_access_token };
    return use(await this.#cipher.open(sealed, ITEM_ACCESS_TOKEN.contextOf(itemId)));
  }

  async rotateKeys(options: RotationOptions = {}): Promise<RotationReport> {
    return rotateKeys(this.#database, this.#cipher, options);
  }

  async listKeys(keys: KeyProvider): Promise<VaultKeyRow[]> {
    return listKeysOf(this.#database, keys);
  }

  async ping(): Promise<void> {
    await this.#database.ping();
  }

  async close(): Promise<void> {
    await this.#database.close();
  }
}

async function checkEnvironment({ query }: Transaction, environment: PlaidEnvironment): Promise<void> {
  const [other] = await query<{ environment: string }>(
    `SELECT environment FROM hosted_link.items
    WHERE environment IN ('sandbox', 'development', 'production') AND environment <> $1 LIMIT 1`,
    [environment],
  );
  if (other) {
    throw new VaultError(
      'ENVIRONMENT_MISMATCH',
      `PLAID_ENV is ${environment}, but the vault holds items of ${other.environment}`,
      'give each environment a database of its own',
    );
  }
}
