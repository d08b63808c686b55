import { Secret } from '../../secrets/secret';
import type { Cipher } from '../crypto/cipher';
import type { SealedValue } from '../crypto/sealed-values';
import type { SeenAccount } from '../../secrets/seen-token';

/** The columns of a sealed list of accounts. All three are null when no accounts are known. */
export interface SealedAccounts {
  accounts_key_id: string | null;
  accounts_wrapped_key: Buffer | null;
  sealed_accounts: Buffer | null;
}

const NOT_KNOWN: SealedAccounts = {
  accounts_key_id: null,
  accounts_wrapped_key: null,
  sealed_accounts: null,
};

/** Seals what tells one account from another. Nothing is kept of an empty list. */
export async function sealAccounts(
  cipher: Cipher,
  value: SealedValue,
  rowId: string,
  accounts: readonly SeenAccount[] = [],
): Promise<SealedAccounts> {
  if (accounts.length === 0) return NOT_KNOWN;
  const text = JSON.stringify(accounts.map(({ name, mask }) => ({ name, mask })));
  const { keyId, wrappedKey, ciphertext } = await cipher.seal(new Secret(text), value.contextOf(rowId));
  return { accounts_key_id: keyId, accounts_wrapped_key: wrappedKey, sealed_accounts: ciphertext };
}

/** @throws VaultError as `Cipher.open` does */
export async function openAccounts(
  cipher: Cipher,
  value: SealedValue,
  rowId: string,
  { accounts_key_id: keyId, accounts_wrapped_key: wrappedKey, sealed_accounts: ciphertext }: SealedAccounts,
): Promise<SeenAccount[]> {
  if (keyId === null || wrappedKey === null || ciphertext === null) return [];
  const text = await cipher.open({ keyId, wrappedKey, ciphertext }, value.contextOf(rowId));
  return JSON.parse(text.reveal()) as SeenAccount[];
}

/** Whether two lists of accounts at one institution have one in common: the same name and the same mask, both known. */
export function haveCommonAccount(one: readonly SeenAccount[], other: readonly SeenAccount[]): boolean {
  return one.some(
    ({ name, mask }) =>
      name !== undefined &&
      mask !== undefined &&
      other.some((account) => account.name === name && account.mask === mask),
  );
}
