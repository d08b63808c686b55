/**
 * A failure of the vault. `code` is stable; `message` is `<problem>; <remedy>`, or the problem alone, and names no secret. VAULT_UNREACHABLE and KEY_PROVIDER_FAILED may
 * pass by themselves. VAULT_FAILED: the database refused a statement, or an embedded one cannot be opened.
 */
export class VaultError extends Error {
  constructor(
    readonly code:
      | 'KEY_REUSED'
      | 'SESSION_UNKNOWN'
      | 'ITEM_UNKNOWN'
      | 'ITEM_REMOVED'
      | 'RESULT_UNKNOWN'
      | 'RESULT_NOT_UNCERTAIN'
      | 'KEY_UNKNOWN'
      | 'KEY_MISMATCH'
      | 'KEY_PROVIDER_FAILED'
      | 'DECRYPT_FAILED'
      | 'VAULT_IN_USE'
      | 'VAULT_UNREACHABLE'
      | 'VAULT_FAILED'
      | 'ENVIRONMENT_MISMATCH'
      | 'SCHEMA_OUTDATED'
      | 'SCHEMA_NEWER'
      | 'SCHEMA_DIVERGED',
    /** What is wrong. */
    readonly problem: string,
    /** What to do, where that follows from this failure alone. */
    readonly remedy?: string,
  ) {
    super(remedy === undefined ? problem : `${problem}; ${remedy}`);
    this.name = 'VaultError';
  }
}
