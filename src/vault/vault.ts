import type { Secret } from '../secrets/secret';
import type { VaultKeyRow } from './crypto/key-check';
import type { KeyProvider } from './crypto/key-provider';
import type { RotationOptions, RotationReport } from './crypto/rotation';
import type { AuditLog } from './stores/audit';
import type { CodecKeyStore } from './stores/codec-keys';
import type { RepairLog, Repairs } from './stores/repairs';
import type { RetentionStore } from './stores/retention';
import type {
  AccessRead,
  CallbackReader,
  CallbackStore,
  ItemStore,
  ResultReader,
  ResultStore,
  SessionReader,
  SessionStore,
} from './stores/stores';

/** What needs none of the vault's keys: what may be read without them, and taken out. */
export interface VaultRecords {
  readonly sessions: SessionReader;
  readonly results: ResultReader;
  readonly items: Pick<ItemStore, 'list' | 'get'>;
  readonly callbacks: CallbackReader;
  readonly audit: AuditLog;
  readonly repairs: RepairLog;
  readonly retention: RetentionStore;
  /** The vault's keys: those that `keys` has, and those that the vault has known. */
  listKeys(keys: KeyProvider): Promise<VaultKeyRow[]>;
  /** Asks the database for an answer. @throws VaultError VAULT_UNREACHABLE or VAULT_FAILED */
  ping(): Promise<void>;
  /** Closes the connections, after the transactions under way have ended. An embedded database is closed by its starter. */
  close(): Promise<void>;
}

/** The database in which sessions, the exchange journal and encrypted access tokens live. */
export interface Vault extends VaultRecords {
  readonly sessions: SessionStore;
  readonly results: ResultStore;
  readonly items: ItemStore;
  readonly callbacks: CallbackStore;
  readonly codecKeys: CodecKeyStore;
  readonly repairs: Repairs;
  /**
   * Gives an item's access token to `use`, after an audit row has been committed.
   * @throws VaultError ITEM_UNKNOWN, ITEM_REMOVED, KEY_UNKNOWN or DECRYPT_FAILED
   */
  withAccessToken<T>(read: AccessRead, use: (accessToken: Secret) => Promise<T>): Promise<T>;
  /**
   * Re-wraps what is not on the primary key; see `rotateKeys`.
   * @throws VaultError KEY_PROVIDER_FAILED
   */
  rotateKeys(options?: RotationOptions): Promise<RotationReport>;
}
