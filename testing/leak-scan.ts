import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { findSecrets, secretPatterns, type Encoding, type KnownSecret } from './secret-search';

/** Bytes to search, under the name that a report gives them. */
export interface LeakSource {
  name: string;
  bytes: Buffer | AsyncIterable<Buffer>;
}

/** A place where a secret was found; it never holds the secret. */
export interface Leak {
  /** Which kind of secret: "access_token". */
  secretKind: string;
  encoding: Encoding;
  /** The name of the source, or the path of the file. */
  source: string;
  /** Where its first byte is; the first place, when the source holds it more than once. */
  offset: number;
}

export interface LeakReport {
  leaks: Leak[];
  /** How many sources and files were searched, and how many bytes: a scan of nothing finds nothing. */
  sources: number;
  bytes: number;
}

/**
 * Searches bytes for secrets: plain, in base64 (at each of the three places that a secret can have in a group of three
 * bytes), base64url, and hex. Of a SQLite file its write-ahead log is searched too. SQLite cuts long values at page borders:
 * a secret that lies across one is not found in the file (in the workflow's history it is).
 * @throws Error when a secret is shorter than 8 characters (it would be found everywhere), naming its kind
 * @throws Error of node:fs when a file cannot be read
 */
export async function scanForLeaks({
  secrets,
  sources = [],
  files = [],
}: {
  secrets: KnownSecret[];
  sources?: Iterable<LeakSource> | AsyncIterable<LeakSource>;
  files?: string[];
}): Promise<LeakReport> {
  const patterns = secretPatterns(secrets);
  const report: LeakReport = { leaks: [], sources: 0, bytes: 0 };
  const scan = async ({ name, bytes }: LeakSource) => {
    const { found, length } = await findSecrets(patterns, Buffer.isBuffer(bytes) ? [bytes] : bytes);
    for (const { pattern, offset } of found) {
      report.leaks.push({ secretKind: pattern.secretKind, encoding: pattern.encoding, source: name, offset });
    }
    report.sources++;
    report.bytes += length;
  };
  for await (const source of sources) await scan(source);
  for (const file of files) {
    await scan(fileSource(file));
    const log = `${file}-wal`;
    if (await stat(log).catch(() => undefined)) await scan(fileSource(log));
  }
  return report;
}

function fileSource(path: string): LeakSource {
  return { name: path, bytes: createReadStream(path, { highWaterMark: 1024 * 1024 }) };
}
