import { Argument, Command } from 'commander';
import { MAX_ENCRYPTIONS, WARN_ENCRYPTIONS } from '../codec/key-use';
import { readSettingsFor } from '../config/settings';
import { addKeyToFile } from '../secrets/key-file';
import { generateKeyRingText, type KeyRing } from '../secrets/key-ring';
import { loadKeys, loadVaultKeys } from '../config/load-keys';
import { openVaultFromSettings } from '../config/open-vault';
import type { CodecKeyRow, KeyProvider, Vault, VaultKeyRow } from '../vault';
import { examples } from './examples';
import { EXIT_FAILURE, EXIT_SIGNAL } from './exit-codes';
import type { CodecKeyReport, Rotation } from './output';
import { commandError, type Line, Mark, printError, printFailure, printJson, printLines } from './print';
import { withProgress } from './progress';
import { stopSignal } from './stop-signal';
import { withRecords } from './with-records';

/** `hosted-link keys`: makes keys, tells where each stands, and re-wraps what older ones have sealed. */
export function keysCommand(): Command {
  return new Command('keys')
    .description('make keys, tell where each stands, and re-wrap what older ones have sealed')
    .addCommand(generateCommand())
    .addCommand(rotateCommand())
    .addCommand(statusCommand());
}

function generateCommand(): Command {
  return new Command('generate')
    .description('make a random key, and print it as id:key or add it to a file')
    .addArgument(new Argument('<ring>', 'which ring it is for').choices(['vault', 'codec', 'callback']))
    .option('--file <path>', 'add it to the ring in this file as the last one; makes the file')
    .option('--json', 'print an object')
    .addHelpText(
      'after',
      examples('hosted-link keys generate vault', 'hosted-link keys generate codec --file codec-keys'),
    )
    .action(async (ring: string, { file, json }: { file?: string; json?: boolean }) => {
      const key = generateKeyRingText(ring);
      if (file === undefined) {
        if (json) printJson<'keys generate'>({ key });
        else printLines([key]);
        return;
      }
      const keyIds = await addKeyToFile(file, key);
      if (json) {
        printJson<'keys generate'>({ file, keyIds });
        return;
      }
      const [primary, ...older] = keyIds;
      const others = older.length > 0 ? `, then ${older.join(', ')}` : '';
      printLines([`${file}: ${primary} is the primary${others}`]);
    });
}

function rotateCommand(): Command {
  return new Command('rotate')
    .description("re-wrap what is in the vault under the vault's primary key; may be stopped and run again")
    .option('--json', 'print an object')
    .addHelpText('after', examples('hosted-link keys rotate'))
    .action(async ({ json }: { json?: boolean }) => {
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
    });
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

function statusCommand(): Command {
  return new Command('status')
    .description('tell which keys there are, what each has sealed, and how often the codec has used its own')
    .option('--json', 'print an object')
    .addHelpText('after', examples('hosted-link keys status'))
    .action(async ({ json }: { json?: boolean }) => {
      const { vaultKeys, codecRing } = await loadKeys(readSettingsFor('database', 'vaultKeys', 'codecKeys'));
      await withRecords(async (records) => {
        const vault = await records.listKeys(vaultKeys);
        const codec = codecKeyReports(codecRing, await records.codecKeys.list());
        if (json) printJson<'keys status'>({ vault, codec });
        else {
          printLines([`vault's keys (${vaultKeys.source}):`]);
          printVaultKeys(vault);
          printLines(["codec's keys (HOSTED_LINK_CODEC_KEYS):"]);
          printCodecKeys(codec);
        }
      });
    });
}

function codecKeyReports(ring: KeyRing, rows: readonly CodecKeyRow[]): CodecKeyReport[] {
  const ids = new Set([...ring.ids(), ...rows.map(({ keyId }) => keyId)]);
  return [...ids].map((keyId, index) => {
    const row = rows.find((known) => known.keyId === keyId);
    return {
      keyId,
      state: ring.get(keyId) === undefined ? 'ABSENT' : index === 0 ? 'PRIMARY' : 'OLDER',
      encryptions: row?.encryptions ?? 0,
      lastUsedAt: row?.bookedAt?.toISOString(),
    };
  });
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
  for (const { keyId, state, encryptions, lastUsedAt } of reports) {
    const percent = ((100 * encryptions) / MAX_ENCRYPTIONS).toFixed(2);
    const used = lastUsedAt === undefined ? 'not used by a worker' : `last used ${lastUsedAt}`;
    const warning = encryptions >= WARN_ENCRYPTIONS ? '; replace it' : '';
    const line: Line = [
      `  ${keyId}  `,
      new Mark(state),
      `  ${encryptions} encryptions (${percent} % of the limit), ${used}${warning}`,
    ];
    printLines([line]);
  }
}
