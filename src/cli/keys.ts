import { Argument, Command } from 'commander';
import { MAX_ENCRYPTIONS, WARN_ENCRYPTIONS } from '../codec/key-use';
import { readSettingsFor } from '../config';
import { addKeyToFile } from '../key-file';
import { generateKeyRingText, type KeyRing } from '../key-ring';
import { loadKeys, loadVaultKeys } from '../keys';
import { openVaultFromSettings } from '../open-vault';
import type { CodecKeyRow, KeyProvider, Vault, VaultKeyRow } from '../vault';
import { printError, printJson, printLines } from './print';
import { stopSignal } from './stop-signal';
import { withRecords } from './with-records';

/** What a rotation exits with that a signal has stopped, by custom 128 + SIGINT. */
const EXIT_SIGNAL = 130;

/** What a rotation exits with that has left values on older keys. */
const EXIT_LEFT = 1;

/** Progress is printed at most so often, in milliseconds. */
const PROGRESS_EVERY_MS = 1_000;

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
    .action(async (ring: string, { file }: { file?: string }) => {
      const key = generateKeyRingText(ring);
      if (file === undefined) {
        printLines([key]);
        return;
      }
      const [primary, ...older] = await addKeyToFile(file, key);
      const others = older.length > 0 ? `, then ${older.join(', ')}` : '';
      printLines([`${file}: ${primary} is the primary${others}`]);
    });
}

function rotateCommand(): Command {
  return new Command('rotate')
    .description("re-wrap what is in the vault under the vault's primary key; may be stopped and run again")
    .action(async () => {
      const settings = readSettingsFor('database', 'vaultKeys');
      const keys = await loadVaultKeys(settings);
      const vault = await openVaultFromSettings(settings, keys);
      try {
        await rotate(vault, keys);
      } finally {
        await vault.close();
      }
    });
}

async function rotate(vault: Vault, keys: KeyProvider): Promise<void> {
  const all = onOlderKeys(await vault.listKeys(keys));
  const stop = new AbortController();
  void stopSignal().then(() => stop.abort());
  let printedMs = Date.now();
  const { moved, failed, stopped } = await vault.rotateKeys({
    signal: stop.signal,
    onFailure: ({ code, message }) => printError(`${code}: ${message}`),
    onProgress: (done) => {
      if (Date.now() - printedMs < PROGRESS_EVERY_MS) return;
      printedMs = Date.now();
      printLines([`${done} of ${all} re-wrapped`]);
    },
  });
  const rows = await vault.listKeys(keys);
  const left = onOlderKeys(rows);
  printLines([`${moved} re-wrapped under ${keys.keyIds[0]}, ${left} left on older keys`]);
  printVaultKeys(rows);
  if (stopped) printError('stopped by a signal; run it again for the rest');
  else if (left > failed)
    printError(
      'some were sealed meanwhile: a worker still has an older key first; restart it, and run this again',
    );
  if (left > 0) process.exitCode = stopped ? EXIT_SIGNAL : EXIT_LEFT;
}

function statusCommand(): Command {
  return new Command('status')
    .description('tell which keys there are, what each has sealed, and how often the codec has used its own')
    .option('--json', 'print {vault, codec}')
    .action(async ({ json }: { json?: boolean }) => {
      const { vaultKeys, codecRing } = await loadKeys(readSettingsFor('database', 'vaultKeys', 'codecKeys'));
      await withRecords(async (records) => {
        const vault = await records.listKeys(vaultKeys);
        const codec = codecKeyReports(codecRing, await records.codecKeys.list());
        if (json) printJson({ vault, codec });
        else {
          printLines([`vault's keys (${vaultKeys.source}):`]);
          printVaultKeys(vault);
          printLines(["codec's keys (HOSTED_LINK_CODEC_KEYS):"]);
          printCodecKeys(codec);
        }
      });
    });
}

/** A key of the codec's, in `keys status`. ABSENT: workers have used it, and the ring lacks it. */
interface CodecKeyReport {
  keyId: string;
  state: 'PRIMARY' | 'OLDER' | 'ABSENT';
  /** Counted by workers, a block ahead of use. */
  encryptions: number;
  /** ISO 8601. */
  lastUsedAt: string | undefined;
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
    printLines([`  ${keyId}  ${state}  ${sealed.join(', ') || 'nothing'}`]);
  }
}

function printCodecKeys(reports: readonly CodecKeyReport[]): void {
  for (const { keyId, state, encryptions, lastUsedAt } of reports) {
    const percent = ((100 * encryptions) / MAX_ENCRYPTIONS).toFixed(2);
    const used = lastUsedAt === undefined ? 'not used by a worker' : `last used ${lastUsedAt}`;
    const warning = encryptions >= WARN_ENCRYPTIONS ? '; replace it' : '';
    printLines([
      `  ${keyId}  ${state}  ${encryptions} encryptions (${percent} % of the limit), ${used}${warning}`,
    ]);
  }
}
