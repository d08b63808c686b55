import { randomBytes } from 'node:crypto';
import { Pool } from 'pg';

/** Connections, as many as the vault has. */
const POOL_SIZE = 5;

/** So many rows are written at once, as many as the vault's rotation. */
const BATCH_SIZE = 100;

/** The bytes of an AES-256-GCM nonce and tag, and of the version in front of a sealed value. */
const OVERHEAD_BYTES = 12 + 16;
const VERSION_BYTES = 1;
const KEY_BYTES = 32;

/**
 * What somebody writes who uses the vault's tables without the vault: the same rows of the same bytes, without sealing and checks, by
 * `pg` as it comes: statements without names, one after the other.
 */
export class PlainSql {
  readonly #pool: Pool;

  /** @param keyId the key that its rows name */
  constructor(
    databaseUrl: string,
    private readonly keyId: string,
  ) {
    this.#pool = new Pool({ connectionString: databaseUrl, max: POOL_SIZE });
    // An idle connection that breaks fails the next query; without a listener it would end the process.
    this.#pool.on('error', () => undefined);
  }

  /** An item's row alone, by one INSERT. */
  async insertItem(sessionKey: string, itemId: string, token: string): Promise<void> {
    await this.#pool.query(INSERT_ITEM, this.#itemValues(sessionKey, itemId, token));
  }

  /** An item's row, and the end of the result that it came from, in one transaction. */
  async linkItem(sessionKey: string, resultId: string, itemId: string, token: string): Promise<void> {
    const client = await this.#pool.connect();
    try {
      await client.query('BEGIN');
      await client.query(INSERT_ITEM, this.#itemValues(sessionKey, itemId, token));
      await client.query(
        `UPDATE hosted_link.results SET state = 'LINKED', item_id = $2, request_ids = ARRAY[$3], ended_at = now(),
          leased_until = NULL, key_id = NULL, wrapped_key = NULL, sealed_token = NULL
        WHERE result_id = $1`,
        [resultId, itemId, 'bench-request'],
      );
      await client.query('COMMIT');
    } catch (error) {
      await client.query('ROLLBACK');
      throw error;
    } finally {
      client.release();
    }
  }

  /** An item's sealed token, after a row about the read. */
  async readItem(itemId: string, actor: string, purpose: string): Promise<Buffer> {
    await this.#pool.query(
      'INSERT INTO hosted_link.access_audit (item_id, actor, purpose) VALUES ($1, $2, $3)',
      [itemId, actor, purpose],
    );
    return await this.readUnseen(itemId);
  }

  /** An item's sealed token. */
  async readUnseen(itemId: string): Promise<Buffer> {
    const { rows } = await this.#pool.query<{ sealed_access_token: Buffer }>(
      'SELECT key_id, wrapped_key, sealed_access_token FROM hosted_link.items WHERE item_id = $1',
      [itemId],
    );
    return rows[0]!.sealed_access_token;
  }

  /** Reads the data keys of all sessions and items, and writes other bytes and the name of another key in their place, in batches. Gives how many. */
  async rewriteDataKeys(keyId: string): Promise<number> {
    const sessions = await this.#rewriteDataKeysOf('sessions', 'session_key', keyId);
    return sessions + (await this.#rewriteDataKeysOf('items', 'item_id', keyId));
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  async #rewriteDataKeysOf(table: string, rowId: string, keyId: string): Promise<number> {
    let written = 0;
    for (let after = ''; ;) {
      const { rows } = await this.#pool.query<{ id: string; wrapped_key: Buffer }>(
        `SELECT ${rowId} AS id, wrapped_key FROM hosted_link.${table} WHERE ${rowId} > $1 ORDER BY ${rowId} LIMIT ${BATCH_SIZE}`,
        [after],
      );
      if (rows.length === 0) return written;
      after = rows.at(-1)!.id;
      const { rowCount } = await this.#pool.query(
        `UPDATE hosted_link.${table} AS row SET key_id = $1, wrapped_key = written.wrapped_key
        FROM unnest($2::text[], $3::bytea[]) AS written (id, wrapped_key) WHERE row.${rowId} = written.id`,
        [keyId, rows.map(({ id }) => id), rows.map((row) => randomBytes(row.wrapped_key.length))],
      );
      written += rowCount ?? 0;
    }
  }

  #itemValues(sessionKey: string, itemId: string, token: string): unknown[] {
    const wrappedKey = randomBytes(KEY_BYTES + OVERHEAD_BYTES);
    const sealed = randomBytes(VERSION_BYTES + Buffer.byteLength(token) + OVERHEAD_BYTES);
    return [itemId, sessionKey, 'sandbox', this.keyId, wrappedKey, sealed];
  }
}

const INSERT_ITEM = `INSERT INTO hosted_link.items (item_id, session_key, environment, key_id, wrapped_key, sealed_access_token)
  VALUES ($1, $2, $3, $4, $5, $6)`;
