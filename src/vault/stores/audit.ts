import type { Database } from '../database/database';
import type { AccessRead } from './stores';

/** One read of an access token. */
export interface AuditEntry {
  /** Grows with each read. */
  readId: number;
  itemId: string;
  actor: string;
  purpose: string;
  readAt: Date;
}

/** Which reads {@link AuditLog.list} gives: those that match all that is set. */
export interface AuditFilter {
  itemId?: string | undefined;
  actor?: string | undefined;
  /** At this time or later. */
  since?: Date | undefined;
  /** Before this time. */
  until?: Date | undefined;
  /** The most entries, the newest of all that match. At least 1; default 100. */
  limit?: number | undefined;
}

/** Who read which access token, when and what for. Holds no token. */
export interface AuditLog {
  /** Newest first. */
  list(filter?: AuditFilter): Promise<AuditEntry[]>;
}

/** The `access_audit` table. */
export class SqlAuditLog implements AuditLog {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async list({ itemId, actor, since, until, limit = 100 }: AuditFilter = {}): Promise<AuditEntry[]> {
    return this.#database.query<AuditEntry>(
      `SELECT read_id::float8 AS "readId", item_id AS "itemId", actor, purpose, read_at AS "readAt"
        FROM hosted_link.access_audit
        WHERE ($1::text IS NULL OR item_id = $1) AND ($2::text IS NULL OR actor = $2)
          AND ($3::timestamptz IS NULL OR read_at >= $3) AND ($4::timestamptz IS NULL OR read_at < $4)
        ORDER BY read_id DESC LIMIT $5`,
      [itemId, actor, since, until, limit],
    );
  }
}

/** An item's sealed access token, as it stands in its row. All of it is null once the item has been removed. */
interface SealedToken {
  key_id: string;
  wrapped_key: Buffer;
  sealed_access_token: Buffer;
  removed_at: Date | null;
}

/**
 * Enters a read and gives what is read, sealed: one statement, whose row of the audit is committed when it resolves. Of an item that
 * was removed, or is not there, nothing is entered.
 */
export async function readSealedToken(
  database: Database,
  { itemId, actor, purpose }: AccessRead,
): Promise<SealedToken | undefined> {
  const [row] = await database.query<SealedToken>(
    `WITH item AS (
      SELECT item_id, key_id, wrapped_key, sealed_access_token, removed_at FROM hosted_link.items WHERE item_id = $1
    ), entered AS (
      INSERT INTO hosted_link.access_audit (item_id, actor, purpose)
      SELECT item_id, $2, $3 FROM item WHERE removed_at IS NULL
    )
    SELECT key_id, wrapped_key, sealed_access_token, removed_at FROM item`,
    [itemId, actor, purpose],
  );
  return row;
}
