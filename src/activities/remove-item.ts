import { isItemGone } from '../plaid/error-classes';
import { VaultError } from '../vault/vault-error';
import type { ActivityDeps } from './deps';

/** Makes the activity that removes a stored item. */
export function removeItemActivities(deps: ActivityDeps) {
  return {
    /**
     * Removes a stored item.
     *
     * @throws VAULT/ITEM_UNKNOWN
     */
    async removeItem(itemId: string): Promise<void> {
      await removeStoredItem(deps, itemId);
    },
  };
}

/**
 * Removes a stored item at Plaid, then its access token from the vault. Safe to retry, also after a crash between the two: an item
 * that Plaid does not know counts as removed.
 *
 * @throws PlaidError, or VaultError ITEM_UNKNOWN
 */
export async function removeStoredItem(
  { plaid, vault }: Pick<ActivityDeps, 'plaid' | 'vault'>,
  itemId: string,
): Promise<void> {
  const read = { itemId, actor: 'hosted-link worker', purpose: 'remove item' };
  try {
    await vault.withAccessToken(read, async (accessToken) => {
      await plaid.itemRemove(accessToken).catch((error: unknown) => {
        if (!isItemGone(error)) throw error;
      });
    });
  } catch (error) {
    if (error instanceof VaultError && error.code === 'ITEM_REMOVED') return;
    throw error;
  }
  await vault.items.markRemoved(itemId);
}
