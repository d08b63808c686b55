import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeyRing } from '../src/secrets/key-ring';
import type { KeyRings } from '../src/config/load-keys';
import type { LedgerJson } from '../src/sandbox';
import { scanForLeaks, type LeakSource } from './leak-scan';

/** Secrets by their kind, such as `access tokens`. */
export type SecretsByKind = Record<string, readonly (string | Buffer)[]>;

/** What is searched, and for what. */
export interface LeakSearch {
  secrets: SecretsByKind;
  histories: LeakSource[];
  files: string[];
  /**
   * What must be found, as a proof that the search sees what is there: `text` in a source whose name begins with
   * `source`.
   */
  controls: { text: string; source: string }[];
}

/** What a search came to. */
export interface LeakVerdict {
  /** What was searched, for people. */
  summary: string;
  /** A line for each leak, and for each reason why the search proves nothing. Holds no secret. */
  problems: string[];
}

/** What a report calls the secrets of the ledger. */
const NAMES: Record<keyof LedgerJson['secrets'], string> = {
  accessTokens: 'access tokens',
  publicTokens: 'public tokens',
  linkTokens: 'link tokens',
  sessionIds: 'Plaid session ids',
  hostedUrls: 'hosted URLs',
  plaidSecrets: 'Plaid secrets',
  phoneNumbers: 'phone numbers',
  emailAddresses: 'e-mail addresses',
};

/** Every secret of a run: what Plaid issued or was sent, and the keys that seal vault and payloads. */
export function secretsOf({ secrets }: LedgerJson, { vaultRing, codecRing }: KeyRings): SecretsByKind {
  const kinds = Object.keys(NAMES) as (keyof typeof NAMES)[];
  return {
    ...Object.fromEntries(kinds.map((kind) => [NAMES[kind], secrets[kind]])),
    'vault keys': keysOf(vaultRing),
    'codec keys': keysOf(codecRing),
  };
}

function keysOf(ring: KeyRing): Buffer[] {
  return ring.ids().map((id) => ring.get(id)!.export());
}

/**
 * All files under `folder` but those with the names in `except`. Left out are also SQLite's write-ahead log, which is
 * searched with its database, and its rollback journal, which comes and goes and holds what the database held before.
 */
export async function filesUnder(folder: string, except: readonly string[]): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter(
      (entry) => entry.isFile() && !except.includes(entry.name) && !/\.db-(wal|journal)$/.test(entry.name),
    )
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

const CONTROL = 'control ';

/** Searches for secrets, and fails when it did not see what is surely there. */
export async function searchForLeaks(search: LeakSearch): Promise<LeakVerdict> {
  const { secrets, histories, files, controls } = search;
  const kinds = Object.entries(secrets);
  const controlTexts = [...new Set(controls.map(({ text }) => text))];
  const report = await scanForLeaks({
    secrets: [
      ...kinds.flatMap(([kind, values]) => values.map((value) => ({ kind, value }))),
      ...controlTexts.map((text) => ({ kind: CONTROL + text, value: text })),
    ],
    sources: histories,
    files,
  });
  const found = report.leaks.filter(({ secretKind }) => secretKind.startsWith(CONTROL));
  const leaks = report.leaks.filter((leak) => !found.includes(leak));
  const unseen = controls.filter(
    ({ text, source }) =>
      !found.some((leak) => leak.secretKind === CONTROL + text && leak.source.startsWith(source)),
  );
  const problems = [
    ...kinds
      .filter(([, values]) => values.length === 0)
      .map(([kind]) => `there were no ${kind} to search for`),
    ...(kinds.length === 0 ? ['there was no secret to search for'] : []),
    ...(report.bytes === 0 ? ['there was nothing to search'] : []),
    ...(controls.length === 0 ? ['nothing was named that the search must find'] : []),
    ...unseen.map(({ text, source }) => `${text} was not found in ${source}, where it must be`),
    ...leaks.map(
      ({ secretKind, encoding, source, offset }) =>
        `LEAK: one of the ${secretKind} in ${encoding} at byte ${offset} of ${source}`,
    ),
  ];
  const counts = kinds.map(([kind, values]) => `${kind} (${values.length})`).join(', ');
  const size = `${(report.bytes / 1e6).toFixed(1)} MB`;
  return {
    summary: `searched ${histories.length} histories and ${report.sources - histories.length} files (${size}) for ${counts}`,
    problems,
  };
}
