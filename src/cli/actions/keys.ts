import { loadKeys, loadVaultKeys } from '../../config/load-keys';
import { openVaultFromSettings } from '../../config/open-vault';
import { readSettingsFor } from '../../config/settings';
import type { KeyRing } from '../../secrets/key-ring';
import type { KeyProvider, Vault, VaultKeyRow } from '../../vault';
import { EXIT_FAILURE, EXIT_SIGNAL } from '../exit-codes';
import type { CodecKeyReport, Rotation } from '../output';
import { commandError, Mark, printError, printFailure, printJson, printLines } from '../print';
import { withProgress } from '../progress';
import { stopSignal } from '../stop-signal';
import { runWithRecords } from './connect';

/** Re-wraps the vault's data keys under the primary key, and sets the exit code when some are left on older keys. */
export async function rotateVaultKeys({ json }: { json?: boolean }): Promise<void> {
  const settings = readSettingsFor('database', 'vaultKeys');
  const keys = await loadVaultKeys(settings);
  const vault = await openVaultFromSettings(settings, keys);
  try {
    const rotation = await rotate(vault, keys, json);
    if (json) printJson<'keys rotate'>(rotation);
    else printRotation(rotation, keys);
    if (rotation.left > 0) process.exitCode = rotation.stopped ? EXIT_SIGNAL : EXIT_FAILURE;
  } finally {
    await vault.close();
  }
}

async function rotate(vault: Vault, keys: KeyProvider, json?: boolean): Promise<Rotation> {
  const all = onOlderKeys(await vault.listKeys(keys));
  const stop = new AbortController();
  void stopSignal().then(() => stop.abort());
  let done = 0;
  const report = await withProgress(
    () => `${done} of ${all} re-wrapped`,
    () =>
      vault.rotateKeys({
        signal: stop.signal,
        onFailure: (error) => printFailure(commandError(error), json),
        onProgress: (moved) => (done = moved),
      }),
  );
  const rows = await vault.listKeys(keys);
  return { ...report, left: onOlderKeys(rows), keys: rows };
}

function printRotation(
  { moved, failed, left, stopped, keys: rows }: Rotation,
  { keyIds }: KeyProvider,
): void {
  printLines([`${moved} re-wrapped under ${keyIds[0]}, ${left} left on older keys`]);
  printVaultKeys(rows);
  if (stopped) printError('stopped by a signal; run it again for the rest');
  else if (left > failed)
    printError(
      'some were sealed meanwhile: a worker still has an older key first; restart it, and run this again',
    );
}

/** Prints each key of the vault and the codec, and how much each has encrypted. */
export async function printKeys({ json }: { json?: boolean }): Promise<void> {
  const { vaultKeys, codecRing } = await loadKeys(readSettingsFor('database', 'vaultKeys', 'codecKeys'));
  await runWithRecords(async (records) => {
    const vault = await records.listKeys(vaultKeys);
    const codec = codecKeyReports(codecRing);
    if (json) printJson<'keys status'>({ vault, codec });
    else {
      printLines([`vault's keys (${vaultKeys.source}):`]);
      printVaultKeys(vault);
      printLines(["codec's keys (HOSTED_LINK_CODEC_KEYS):"]);
      printCodecKeys(codec);
    }
  });
}

function codecKeyReports(ring: KeyRing): CodecKeyReport[] {
  return ring.ids().map((keyId, index) => ({ keyId, state: index === 0 ? 'PRIMARY' : 'OLDER' }));
}

function onOlderKeys(rows: readonly VaultKeyRow[]): number {
  const counts = rows.filter(({ state }) => state !== 'PRIMARY').flatMap((row) => Object.values(row.counts));
  return counts.reduce((sum, count) => sum + count, 0);
}

function printVaultKeys(rows: readonly VaultKeyRow[]): void {
  for (const { keyId, state, counts } of rows) {
    const sealed = Object.entries(counts).map(([name, count]) => `${count} ${name}`);
    printLines([[`  ${keyId}  `, new Mark(state), `  ${sealed.join(', ') || 'nothing'}`]]);
  }
}

function printCodecKeys(reports: readonly CodecKeyReport[]): void {
  for (const { keyId, state } of reports) printLines([[`  ${keyId}  `, new Mark(state)]]);
}
