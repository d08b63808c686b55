import { ApplicationFailure } from '@temporalio/workflow';
import { ITEM_ID_PATTERN } from '../domain/ids';
import { removal } from './activity-proxies';

/**
 * Removes a stored item, at Plaid and in the vault, for somebody who asked for it. Waits while Plaid or the vault is away, or an
 * operator has to mend something; fails with Plaid's error type when Plaid refuses it for good.
 */
export async function itemRemoval(itemId: string): Promise<void> {
  if (typeof itemId !== 'string' || !ITEM_ID_PATTERN.test(itemId))
    throw ApplicationFailure.nonRetryable('input: not an item id', 'INVALID_INPUT');
  await removal.removeItem(itemId);
}
