import { ApplicationFailure } from '@temporalio/workflow';
import { ITEM_ID_PATTERN } from '../domain/ids';
import { removal } from './activity-proxies';

/**
 * Removes a stored item, at Plaid and in the vault. Retries while Plaid or the vault is unavailable, or an operator has to fix
 * something.
 *
 * @throws ActivityFailure with Plaid's error type when Plaid refuses the removal; ApplicationFailure INVALID_INPUT when `itemId` is
 * not an item id
 */
export async function itemRemoval(itemId: string): Promise<void> {
  if (typeof itemId !== 'string' || !ITEM_ID_PATTERN.test(itemId))
    throw ApplicationFailure.nonRetryable('input: not an item id', 'INVALID_INPUT');
  await removal.removeItem(itemId);
}
