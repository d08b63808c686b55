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
export type { SeenAccount, SeenToken, TokenKind } from '../secrets/seen-token';
export { VaultError } from '../vault';
export type { AuditEntry, AuditFilter, AuditLog } from '../vault/stores/audit';
export type { CodecKeyStore } from '../vault/stores/codec-keys';
export type { KeyProvider } from '../vault/crypto/key-provider';
export type {
  LostResult,
  LostSession,
  RepairEntry,
  RepairKind,
  RepairLog,
  Repairs,
  SessionEnd,
} from '../vault/stores/repairs';
export type { PersonRows, RetentionStore, PurgedRows } from '../vault/stores/retention';
export type { RotationOptions, RotationReport } from '../vault/crypto/rotation';
export type { SealedCount } from '../vault/crypto/sealed-values';
export type { VaultKeyRow } from '../vault/crypto/key-check';
export type * from '../vault/stores/stores';
export type * from '../vault/vault';
