import type { ActivityDeps } from './deps';
import { notYet } from './failures';

/** How soon an item that still has an error is looked at again, in milliseconds. */
const LOOK_AGAIN_MS = 15_000;

/** The activity that ends a session in update mode. */
export function confirmMendedActivities({ plaid, vault }: ActivityDeps) {
  return {
    /**
     * Waits until Plaid shows no error of the item, and marks it as mended. Gives the time of that, ISO 8601.
     *
     * @throws VAULT/ITEM_UNKNOWN or VAULT/ITEM_REMOVED for good
     */
    async confirmItemHealthy(itemId: string): Promise<string> {
      const read = { itemId, actor: 'hosted-link worker', purpose: 'see whether it is mended' };
      const { hasError } = await vault.withAccessToken(read, (token) => plaid.itemGet(token));
      if (hasError) throw notYet('the item still has an error; next look', LOOK_AGAIN_MS);
      return (await vault.items.markMended(itemId)).toISOString();
    },
  };
}
