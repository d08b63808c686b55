import type { Database, Transaction } from './database';
import type { AccessRead } from './vault';

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
    return this.#database.transaction(({ query }) =>
      query<AuditEntry>(
        `SELECT read_id::float8 AS "readId", item_id AS "itemId", actor, purpose, read_at AS "readAt"
        FROM hosted_link.access_audit
        WHERE ($1::text IS NULL OR item_id = $1) AND ($2::text IS NULL OR actor = $2)
          AND ($3::timestamptz IS NULL OR read_at >= $3) AND ($4::timestamptz IS NULL OR read_at < $4)
        ORDER BY read_id DESC LIMIT $5`,
        [itemId, actor, since, until, limit],
      ),
    );
  }
}

/** Enters a read. It counts once the transaction is committed. */
export async function enterRead(
  { query }: Transaction,
  { itemId, actor, purpose }: AccessRead,
): Promise<void> {
  await query('INSERT INTO hosted_link.access_audit (item_id, actor, purpose) VALUES ($1, $2, $3)', [
    itemId,
    actor,
    purpose,
  ]);
}
