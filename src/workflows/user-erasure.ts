import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';
import { USER_HASH_PATTERN } from '../domain/ids';
import { vault } from './activity-proxies';

/**
 * Writes the tombstone of a user, given by the hash of the user ID, with the time at which this workflow started. Its history is
 * what matters: a vault restored from an older backup has lost the tombstone, and Temporal still knows whom to erase.
 *
 * @throws ApplicationFailure INVALID_INPUT when `userHash` is not the hash of a user ID
 */
export async function userErasure(userHash: string): Promise<void> {
  if (typeof userHash !== 'string' || !USER_HASH_PATTERN.test(userHash))
    throw ApplicationFailure.nonRetryable('input: not the hash of a user id', 'INVALID_INPUT');
  await vault.writeTombstone(userHash, workflowInfo().startTime.toISOString());
}
