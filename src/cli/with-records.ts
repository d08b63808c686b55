import { readSettingsFor } from '../config/settings';
import { InputError } from '../domain/input-error';
import { openRecordsFromSettings } from '../config/open-vault';
import type { VaultRecords } from '../vault';
import { hasVault } from './with-client';

/**
 * Runs a command with what may be read of the vault without its keys, and without Temporal.
 *
 * @throws InputError naming a wrong setting, or DATABASE_URL when there is no vault
 */
export async function withRecords(use: (records: VaultRecords) => Promise<void>): Promise<void> {
  const settings = readSettingsFor('database');
  if (!hasVault(settings))
    throw new InputError('DATABASE_URL', 'there is no vault to read', 'set it as the worker has it');
  const records = await openRecordsFromSettings(settings);
  try {
    await use(records);
  } finally {
    await records.close();
  }
}
