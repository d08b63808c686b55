import type { Database } from './database';
import { VaultError } from './vault-error';

/** A key of the payload codec, as the vault knows it. */
export interface CodecKeyRow {
  keyId: string;
  /** Payloads that workers have encrypted with it, the block that is booked ahead included. */
  encryptions: number;
  /** When a worker has booked last, and so used it; undefined when none has. */
  bookedAt: Date | undefined;
}

/** The codec's keys: what tells them apart, and how often workers have encrypted with each. */
export interface CodecKeyStore {
  /**
   * Enters keys, by id and fingerprint, that are new.
   * @throws VaultError KEY_MISMATCH when a known id stands for another key
   */
  enter(fingerprints: ReadonlyMap<string, Buffer>): Promise<void>;
  /** Counts encryptions with a key that was entered, and gives the new total. */
  book(keyId: string, encryptions: number): Promise<number>;
  list(): Promise<CodecKeyRow[]>;
}

/** The `codec_keys` table. */
export class SqlCodecKeyStore implements CodecKeyStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async enter(fingerprints: ReadonlyMap<string, Buffer>): Promise<void> {
    await this.#database.transaction(async ({ query }) => {
      for (const [keyId, fingerprint] of fingerprints) {
        await query(
          'INSERT INTO hosted_link.codec_keys (key_id, check_value) VALUES ($1, $2) ON CONFLICT DO NOTHING',
          [keyId, fingerprint],
        );
        const [known] = await query<{ check_value: Buffer }>(
          'SELECT check_value FROM hosted_link.codec_keys WHERE key_id = $1',
          [keyId],
        );
        if (known?.check_value.equals(fingerprint)) continue;
        throw new VaultError(
          'KEY_MISMATCH',
          `HOSTED_LINK_CODEC_KEYS: ${keyId} is another key than the one this deployment knows by that id`,
          'restore it, or give the new key an id of its own',
        );
      }
    });
  }

  async book(keyId: string, encryptions: number): Promise<number> {
    const [row] = await this.#database.query<{ total: number }>(
      `UPDATE hosted_link.codec_keys SET encryptions = encryptions + $2, booked_at = now()
        WHERE key_id = $1 RETURNING encryptions::float8 AS total`,
      [keyId, encryptions],
    );
    if (!row)
      throw new VaultError('KEY_UNKNOWN', `the vault has no codec key ${keyId}`, 'restart the worker');
    return row.total;
  }

  async list(): Promise<CodecKeyRow[]> {
    const rows = await this.#database.query<{ key_id: string; encryptions: number; booked_at: Date | null }>(
      `SELECT key_id, encryptions::float8 AS encryptions, booked_at FROM hosted_link.codec_keys ORDER BY key_id`,
    );
    return rows.map(({ key_id: keyId, encryptions, booked_at: bookedAt }) => ({
      keyId,
      encryptions,
      bookedAt: bookedAt ?? undefined,
    }));
  }
}
