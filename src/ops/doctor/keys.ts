import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../../config/settings';
import { loadCodecRing, loadVaultKeys } from '../../config/load-keys';
import type { KeyProvider, VaultKeyRow } from '../../vault';
import { ok, problem, warning, type Finding } from './finding';
import { refusal } from './refusal';

/** Whether the key rings are there and fit for use. Also gives the vault's keys, if they are. */
export async function checkKeyRings(
  settings: Settings,
): Promise<{ findings: Finding[]; vaultKeys: KeyProvider | undefined }> {
  let vaultKeys: KeyProvider | undefined;
  const vault = await checkRing(
    'vault keys',
    settings.vaultRing ?? settings.keyProvider,
    settings,
    async () => {
      vaultKeys = await loadVaultKeys(settings);
      return `${vaultKeys.keyIds.join(', ')} from ${vaultKeys.source}`;
    },
  );
  const codec = await checkRing('codec keys', settings.codecRing, settings, async () =>
    (await loadCodecRing(settings)).ids().join(', '),
  );
  return { findings: [vault, codec], vaultKeys };
}

/** Keys are made on first use, which looking is not. */
async function checkRing(
  check: string,
  setting: unknown,
  { environment, dataDir }: Settings,
  load: () => Promise<string>,
): Promise<Finding> {
  if (setting === undefined && environment !== 'production' && !existsSync(join(dataDir, 'keys.json')))
    return ok(check, `not there yet; made in ${dataDir} on first use`);
  try {
    return ok(check, await load());
  } catch (error) {
    return refusal(check, error);
  }
}

/** Whether the keys at hand are those that the vault knows. */
export function checkVaultKeys(rows: readonly VaultKeyRow[]): Finding {
  const check = 'keys of the vault';
  const those = (state: VaultKeyRow['state']) =>
    rows.filter((row) => row.state === state).map(({ keyId }) => keyId);
  const mismatched = those('MISMATCH');
  if (mismatched.length > 0) {
    return problem(
      check,
      `${mismatched.join(', ')} is another key than the one that the vault knows by that id`,
      'restore it, or give the new key an id of its own',
    );
  }
  const missing = those('MISSING');
  if (missing.length > 0) {
    return problem(
      check,
      `${missing.join(', ')} is missing, and seals values`,
      'add it after the primary key',
    );
  }
  const older = rows.filter(({ state, counts }) => state === 'OLDER' && Object.keys(counts).length > 0);
  if (older.length > 0) {
    return warning(
      check,
      `${older.map(({ keyId }) => keyId).join(', ')} still seals values`,
      'run hosted-link keys rotate when the new key is everywhere',
    );
  }
  return ok(check, 'all values are on the primary key');
}
