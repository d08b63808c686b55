import type { ActivityDeps } from './deps';
import { notYet } from './failures';

/** Delay before an item that still has an error is checked again, in milliseconds. */
const RECHECK_MS = 15_000;

/** The activity that ends a session in update mode. */
export function confirmItemHealthyActivities({ plaid, vault }: ActivityDeps) {
  return {
    /**
     * Waits until Plaid reports no error for the item, and marks it as healthy. Returns that time, ISO 8601.
     *
     * @throws VAULT/ITEM_UNKNOWN or VAULT/ITEM_REMOVED, not retryable
     */
    async confirmItemHealthy(itemId: string): Promise<string> {
      const read = { itemId, actor: 'hosted-link worker', purpose: 'check whether the item is healthy' };
      const { hasError } = await vault.withAccessToken(read, (token) => plaid.itemGet(token));
      if (hasError) throw notYet('the item still has an error; next check', RECHECK_MS);
      return (await vault.items.markMended(itemId)).toISOString();
    },
  };
}
