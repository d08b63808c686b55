import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';
import { USER_HASH_PATTERN } from '../domain/ids';
import { vault } from './activity-proxies';

/**
 * Leaves the tombstone of a person, given by the hash of the user id, as of the time at which it was started. What it is there for
 * is its history: a vault that is restored to an earlier time has lost the tombstone, and Temporal still tells whom to forget.
 */
export async function userErasure(userHash: string): Promise<void> {
  if (typeof userHash !== 'string' || !USER_HASH_PATTERN.test(userHash))
    throw ApplicationFailure.nonRetryable('input: not the hash of a user id', 'INVALID_INPUT');
  await vault.writeTombstone(userHash, workflowInfo().startTime.toISOString());
}
