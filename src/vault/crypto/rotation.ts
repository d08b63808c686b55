import type { Cipher } from './cipher';
import type { Database } from '../database/database';
import { SEALED_VALUES, type SealedValue } from './sealed-values';
import { VaultError } from '../vault-error';

/** So many data keys are re-wrapped at once, and written in one transaction. */
const BATCH_SIZE = 100;

export interface RotationOptions {
  /** Is told after each batch how many values have been moved so far. */
  onProgress?: (moved: number) => void;
  /** Is told of each value that cannot be unwrapped; it stays as it is. */
  onFailure?: (error: VaultError) => void;
  /** Stops it after the batch under way. */
  signal?: AbortSignal | undefined;
}

/** How a rotation ended. */
export interface RotationReport {
  moved: number;
  failed: number;
  /** Whether `signal` stopped it before all values had been looked at. */
  stopped: boolean;
}

interface Row {
  row_id: string;
  key_id: string;
  wrapped_key: Buffer;
}

/**
 * Re-wraps the data key of every sealed value that is not on the cipher's primary key. What is sealed does not change. It goes through
 * each table once, so what others seal under an older key meanwhile may be left. Running it again goes on where it was
 * stopped; beside workers it is safe: a row that has been sealed anew since it was read is left as it is.
 * @throws VaultError KEY_PROVIDER_FAILED, VAULT_UNREACHABLE or VAULT_FAILED; what was moved until then stays moved
 */
export async function rotateKeys(
  database: Database,
  cipher: Cipher,
  { onProgress, onFailure, signal }: RotationOptions,
): Promise<RotationReport> {
  const report: RotationReport = { moved: 0, failed: 0, stopped: false };
  for (const value of SEALED_VALUES) {
    if (signal?.aborted) return { ...report, stopped: true };
    let batch = await rewrapBatch(database, cipher, value, '');
    while (batch) {
      for (const failure of batch.failures) {
        report.failed++;
        onFailure?.(failure);
      }
      // The next one is made ready while the database writes.
      const [moved, next] = await Promise.all([
        write(database, value, cipher.primaryId, batch.moved),
        signal?.aborted ? undefined : rewrapBatch(database, cipher, value, batch.lastId),
      ]);
      report.moved += moved;
      onProgress?.(report.moved);
      if (signal?.aborted) return { ...report, stopped: true };
      batch = next;
    }
  }
  return report;
}

interface Moved {
  rowId: string;
  before: Buffer;
  after: Buffer;
}

/** Data keys that have been re-wrapped, and are to be written. */
interface Batch {
  /** Where the next batch begins. */
  lastId: string;
  moved: Moved[];
  failures: VaultError[];
}

/** The next batch of a value, re-wrapped; undefined when there is none. */
async function rewrapBatch(
  database: Database,
  cipher: Cipher,
  value: SealedValue,
  after: string,
): Promise<Batch | undefined> {
  const rows = await readBatch(database, value, cipher.primaryId, after);
  if (rows.length === 0) return undefined;
  const outcomes = await Promise.all(
    rows.map((row) => rewrap(cipher, value, row).catch((error: unknown) => unlessClosed(error))),
  );
  return {
    lastId: rows.at(-1)!.row_id,
    moved: outcomes.flatMap((outcome) => (outcome instanceof VaultError ? [] : outcome)),
    failures: outcomes.filter((outcome) => outcome instanceof VaultError),
  };
}

async function readBatch(
  database: Database,
  { table, rowId, keyId, wrappedKey }: SealedValue,
  primaryId: string,
  after: string,
): Promise<Row[]> {
  return database.query<Row>(
    `SELECT ${rowId} AS row_id, ${keyId} AS key_id, ${wrappedKey} AS wrapped_key FROM hosted_link.${table}
      WHERE ${rowId} > $1 AND ${keyId} <> $2 ORDER BY ${rowId} LIMIT ${BATCH_SIZE}`,
    [after, primaryId],
  );
}

async function rewrap(cipher: Cipher, { contextOf }: SealedValue, row: Row): Promise<Moved> {
  const wrapped = { keyId: row.key_id, wrappedKey: row.wrapped_key };
  const { wrappedKey } = await cipher.rewrap(wrapped, contextOf(row.row_id));
  return { rowId: row.row_id, before: row.wrapped_key, after: wrappedKey };
}

/** A value that does not open is reported and left; anything else ends the rotation. */
function unlessClosed(error: unknown): VaultError {
  if (error instanceof VaultError && (error.code === 'DECRYPT_FAILED' || error.code === 'KEY_UNKNOWN'))
    return error;
  throw error;
}

/** Gives how many rows were written: those whose wrap is still the one that was read. */
async function write(
  database: Database,
  { table, rowId, keyId, wrappedKey }: SealedValue,
  primaryId: string,
  moved: readonly Moved[],
): Promise<number> {
  const written = await database.query(
    `UPDATE hosted_link.${table} AS row SET ${keyId} = $1, ${wrappedKey} = moved.after
      FROM unnest($2::text[], $3::bytea[], $4::bytea[]) AS moved (row_id, before, after)
      WHERE row.${rowId} = moved.row_id AND row.${wrappedKey} = moved.before
      RETURNING 1`,
    [
      primaryId,
      moved.map((row) => row.rowId),
      moved.map(({ before }) => before),
      moved.map(({ after }) => after),
    ],
  );
  return written.length;
}
