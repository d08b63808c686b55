import { isItemGone } from '../plaid/error-classes';
import { VaultError } from '../vault/vault';
import type { ActivityDeps } from './index';

/** The activity that removes an item that is stored. */
export function removeItemActivities({ plaid, vault }: ActivityDeps) {
  return {
    /**
     * Removes a stored item at Plaid, then its access token from the vault. Repeats harmlessly, also after a crash between
     * the two: what is gone at Plaid counts as removed.
     * @throws VAULT/ITEM_UNKNOWN
     */
    async removeItem(itemId: string): Promise<void> {
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
    },
  };
}
