import { readSettings } from '../config';
import { InputError } from '../input-error';
import { loadVaultKeys } from '../keys';
import { openVaultForCommand } from '../open-vault';
import type { Vault } from '../vault';
import { hasVault } from './with-client';

/**
 * Runs a command with the vault of the settings, without Temporal.
 *
 * @throws InputError naming a wrong setting, or DATABASE_URL when this process may open no vault
 */
export async function withVault(use: (vault: Vault) => Promise<void>): Promise<void> {
  const settings = readSettings();
  if (!hasVault(settings)) {
    throw new InputError(
      'DATABASE_URL',
      'there is no vault to open; set it and HOSTED_LINK_VAULT_KEYS as the worker has them',
    );
  }
  const vault = await openVaultForCommand(settings, await loadVaultKeys(settings));
  try {
    await use(vault);
  } finally {
    await vault.close();
  }
}
