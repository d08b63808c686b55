import type { UseRecords } from './actions/connect';

/**
 * Runs a command with the part of the vault that can be read without its keys, and without Temporal.
 *
 * @throws InputError naming a wrong setting, or DATABASE_URL when there is no vault
 */
export async function withRecords(use: UseRecords): Promise<void> {
  const { runWithRecords } = await import('./actions/connect.js');
  await runWithRecords(use);
}
