/**
 * For readers of access tokens. Needs the vault's database and keys.
 *
 * @module
 */
export { readSettings } from '../config';
export type { Settings } from '../config';
export { userHash } from '../digest';
export { InputError } from '../input-error';
export { openVaultFromSettings } from '../open-vault';
export { Secret } from '../secret';
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
