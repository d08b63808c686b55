import type { Database } from '../database/database';
import { VaultError } from '../vault-error';

/** The codec keys that this deployment has used, by id and check value. */
export interface CodecKeyStore {
  /**
   * Enters keys, by id and fingerprint, that are new.
   * @throws VaultError KEY_MISMATCH when a known id stands for another key
   */
  enter(fingerprints: ReadonlyMap<string, Buffer>): Promise<void>;
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
}
