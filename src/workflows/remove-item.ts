import { removal } from './activity-proxies';

/**
 * Removes a stored item, at Plaid and in the vault, for somebody who asked for it. Waits while Plaid or the vault is away, or an
 * operator has to mend something; fails with Plaid's error type when Plaid refuses it for good.
 */
export async function removeItem(itemId: string): Promise<void> {
  await removal.removeItem(itemId);
}
