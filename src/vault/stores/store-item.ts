import type { PlaidEnvironment } from '../../domain/link-token';
import { sealAccounts, type SealedAccounts } from './accounts';
import type { Cipher, Sealed } from '../crypto/cipher';
import type { Transaction } from '../database/database';
import { ITEM_ACCESS_TOKEN, ITEM_ACCOUNTS } from '../crypto/sealed-values';
import type { NewItem } from './stores';

/** A {@link NewItem} that is ready to be written. */
export interface SealedItem extends Pick<NewItem, 'itemId' | 'institutionId' | 'institutionName'> {
  token: Sealed;
  accounts: SealedAccounts;
}

/** Encrypts what is secret of an item, outside of any transaction. */
export async function sealItem(
  cipher: Cipher,
  { itemId, institutionId, institutionName, accessToken, accounts }: NewItem,
): Promise<SealedItem> {
  const [token, sealedAccounts] = await Promise.all([
    cipher.seal(accessToken, ITEM_ACCESS_TOKEN.contextOf(itemId)),
    sealAccounts(cipher, ITEM_ACCOUNTS, itemId, accounts),
  ]);
  return { itemId, institutionId, institutionName, token, accounts: sealedAccounts };
}

/**
 * Writes the row of an item, and locks the result that it came from. Of an item that is there, the token becomes the newest, and
 * what is not told stays; one that was removed stays without a token. Undefined when there is no such result.
 */
export async function storeItem(
  { query }: Transaction,
  { token, accounts, ...item }: SealedItem,
  resultId: string,
  environment: PlaidEnvironment,
): Promise<{ removed: boolean } | undefined> {
  const [stored] = await query<{ removed: boolean }>(
    `WITH origin AS (
      SELECT session_key, user_hash, institution_id, institution_name
      FROM hosted_link.results JOIN hosted_link.sessions USING (session_key)
      WHERE result_id = $1 FOR UPDATE OF results
    )
    INSERT INTO hosted_link.items AS item (item_id, session_key, user_hash, environment, institution_id, institution_name,
      key_id, wrapped_key, sealed_access_token, accounts_key_id, accounts_wrapped_key, sealed_accounts)
    SELECT $2, origin.session_key, origin.user_hash, $3, coalesce($4, origin.institution_id),
      coalesce($5, origin.institution_name), $6, $7::bytea, $8::bytea, $9, $10::bytea, $11::bytea FROM origin
    ON CONFLICT (item_id) DO UPDATE SET
      institution_id = coalesce(excluded.institution_id, item.institution_id),
      institution_name = coalesce(excluded.institution_name, item.institution_name),
      (key_id, wrapped_key, sealed_access_token) = (SELECT excluded.key_id, excluded.wrapped_key,
        excluded.sealed_access_token WHERE item.removed_at IS NULL),
      (accounts_key_id, accounts_wrapped_key, sealed_accounts) = (SELECT
          coalesce(excluded.accounts_key_id, item.accounts_key_id),
          coalesce(excluded.accounts_wrapped_key, item.accounts_wrapped_key),
          coalesce(excluded.sealed_accounts, item.sealed_accounts)
        WHERE item.removed_at IS NULL)
    RETURNING removed_at IS NOT NULL AS removed`,
    [
      resultId,
      item.itemId,
      environment,
      item.institutionId,
      item.institutionName,
      token.keyId,
      token.wrappedKey,
      token.ciphertext,
      accounts.accounts_key_id,
      accounts.accounts_wrapped_key,
      accounts.sealed_accounts,
    ],
  );
  return stored;
}
