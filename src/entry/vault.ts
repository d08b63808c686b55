/**
 * For readers of access tokens. Needs the vault's database and keys.
 *
 * @module
 */
export { readSettings } from '../config/settings';
export type { Settings } from '../config/settings';
export { userHash } from '../secrets/digest';
export { InputError } from '../domain/input-error';
export { openVaultFromSettings } from '../config/open-vault';
export { Secret } from '../secrets/secret';
export { VaultError } from '../vault';
export type { AuditEntry, AuditFilter, AuditLog } from '../vault/audit';
export type { CodecKeyRow, CodecKeyStore } from '../vault/codec-keys';
export type { KeyProvider } from '../vault/key-provider';
export type {
  LostResult,
  LostSession,
  RepairEntry,
  RepairKind,
  RepairLog,
  Repairs,
  SessionEnd,
} from '../vault/repairs';
export type { PersonRows, RetentionStore, StrippedRows } from '../vault/retention';
export type { RotationOptions, RotationReport } from '../vault/rotation';
export type { SealedCount } from '../vault/sealed-values';
export type { VaultKeyRow } from '../vault/key-check';
export type * from '../vault/vault';
