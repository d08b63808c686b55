import type { Database, Transaction } from '../database/database';
import type { Page } from './stores';

/** So many sessions, or items, are purged in one transaction. */
const BATCH_SIZE = 100;

/** How many rows lost what told of a person. */
export interface PurgedRows {
  sessions: number;
  /** Rows of the exchange journal, which are deleted. */
  results: number;
  items: number;
}

/** What the vault keeps of a person. */
export interface PersonRows {
  /** Keys of sessions that have not ended. */
  runningSessions: string[];
  /** Keys of sessions that have ended and are not purged yet. */
  endedSessions: string[];
  /** Ids of items that are not removed. */
  liveItems: string[];
  /** Results that a token exchange is still to bring to their end. */
  pendingResults: number;
  /** Results that wait for a person to look at them. */
  uncertainResults: number;
}

/** Takes out of the vault what tells of a person, once its time is over. Needs no key. */
export interface RetentionStore {
  /**
   * Strips what ended `days` ago (a number above 0) or is of a forgotten person: deletes the results of ended sessions, empties
   * those sessions but for key and state, and removed items but for their id. A session with a result that is PENDING or
   * UNCERTAIN stays as it is, and so does an item that is not removed. Callbacks that ended `days` ago are deleted with their
   * session's results. Several at once share the work.
   */
  purgeExpired(days: number): Promise<PurgedRows>;
  /** What is kept of the person with this `userHash`. */
  find(userHash: string): Promise<PersonRows>;
  /**
   * Leaves the tombstone: from now on {@link RetentionStore.purgeExpired} takes what there was of the person at that time as soon as it has
   * ended. An earlier tombstone becomes that of the later time.
   * @param at default: now, by the database's clock
   */
  writeTombstone(userHash: string, at?: Date): Promise<void>;
  /** When the person was forgotten last; undefined when there is no tombstone. */
  forgottenAt(userHash: string): Promise<Date | undefined>;
  /** Items of people who were forgotten after they had linked them, and that are not removed, by their ids. */
  listForgottenItems(page?: Page): Promise<{ itemId: string; userHash: string }[]>;
  /** Ends a session as FAILED whose workflow is gone: terminated, or lost with Temporal's database. */
  endLost(key: string): Promise<void>;
}

/** True for a row of a person who was forgotten after it was made. */
const forgotten = (userHash: string, madeAt: string) =>
  `EXISTS (SELECT FROM hosted_link.erased_users AS gone WHERE gone.user_hash = ${userHash} AND gone.erased_at >= ${madeAt})`;

const PENDING = "('PENDING', 'UNCERTAIN')";

/** Retention, over all tables. */
export class SqlRetention implements RetentionStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async purgeExpired(days: number): Promise<PurgedRows> {
    const purged: PurgedRows = { sessions: 0, results: 0, items: 0 };
    for (;;) {
      const batch = await this.#database.transaction((transaction) => purgeSessions(transaction, days));
      purged.sessions += batch.sessions;
      purged.results += batch.results;
      if (batch.sessions === 0) break;
    }
    for (;;) {
      const items = await this.#database.transaction((transaction) => purgeItems(transaction, days));
      purged.items += items;
      if (items === 0) break;
    }
    await this.#database.transaction((transaction) => deleteCallbacks(transaction, days));
    return purged;
  }

  async find(userHash: string): Promise<PersonRows> {
    return this.#database.transaction(async ({ query }) => {
      const sessions = await query<{ key: string; ended: boolean }>(
        `SELECT session_key AS key, ended_at IS NOT NULL AS ended FROM hosted_link.sessions WHERE user_hash = $1
        ORDER BY created_at`,
        [userHash],
      );
      const items = await query<{ id: string }>(
        `SELECT item_id AS id FROM hosted_link.items WHERE removed_at IS NULL AND user_hash = $1
        ORDER BY linked_at`,
        [userHash],
      );
      const [results] = await query<{ pending: number; uncertain: number }>(
        `SELECT count(*) FILTER (WHERE results.state = 'PENDING')::int AS pending,
          count(*) FILTER (WHERE results.state = 'UNCERTAIN')::int AS uncertain
        FROM hosted_link.results JOIN hosted_link.sessions USING (session_key) WHERE user_hash = $1`,
        [userHash],
      );
      return {
        runningSessions: sessions.filter(({ ended }) => !ended).map(({ key }) => key),
        endedSessions: sessions.filter(({ ended }) => ended).map(({ key }) => key),
        liveItems: items.map(({ id }) => id),
        pendingResults: results!.pending,
        uncertainResults: results!.uncertain,
      };
    });
  }

  async writeTombstone(userHash: string, at?: Date): Promise<void> {
    await this.#database.transaction((transaction) => leaveTombstone(transaction, userHash, at));
  }

  async forgottenAt(userHash: string): Promise<Date | undefined> {
    const [tombstone] = await this.#database.query<{ erased_at: Date }>(
      'SELECT erased_at FROM hosted_link.erased_users WHERE user_hash = $1',
      [userHash],
    );
    return tombstone?.erased_at;
  }

  async listForgottenItems({ after, limit }: Page = {}): Promise<{ itemId: string; userHash: string }[]> {
    return this.#database.query(
      `SELECT item_id AS "itemId", user_hash AS "userHash" FROM hosted_link.items
        WHERE removed_at IS NULL AND ${forgotten('items.user_hash', 'items.linked_at')}
          AND ($1::text IS NULL OR item_id > $1)
        ORDER BY item_id LIMIT $2`,
      [after, limit],
    );
  }

  async endLost(key: string): Promise<void> {
    await this.#database.transaction((transaction) => endLostRow(transaction, key));
  }
}

/** See {@link RetentionStore.endLost}. Gives a row when it ended one. */
export async function endLostRow({ query }: Transaction, key: string): Promise<unknown[]> {
  return await query(
    `UPDATE hosted_link.sessions SET state = 'FAILED', ended_at = now()
    WHERE session_key = $1 AND ended_at IS NULL RETURNING 1`,
    [key],
  );
}

/** See {@link RetentionStore.writeTombstone}. */
export async function leaveTombstone(
  { query }: Transaction,
  userHash: string,
  at: Date | undefined,
): Promise<void> {
  await query(
    `INSERT INTO hosted_link.erased_users AS tombstone (user_hash, erased_at) VALUES ($1, coalesce($2, now()))
    ON CONFLICT (user_hash) DO UPDATE SET erased_at = greatest(tombstone.erased_at, excluded.erased_at)`,
    [userHash, at],
  );
}

async function purgeSessions(
  { query }: Transaction,
  days: number,
): Promise<{ sessions: number; results: number }> {
  // The rows are locked first, so that no result can come to them; then they are looked at again.
  const candidates = await query<{ key: string }>(
    `SELECT session_key AS key FROM hosted_link.sessions
    WHERE purged_at IS NULL AND ended_at IS NOT NULL
      AND (ended_at < now() - $1 * interval '1 day' OR ${forgotten('sessions.user_hash', 'sessions.created_at')})
      AND NOT EXISTS (${holding('$1')} AND results.session_key = sessions.session_key)
    ORDER BY ended_at LIMIT ${BATCH_SIZE} FOR UPDATE SKIP LOCKED`,
    [days],
  );
  const held = await query<{ key: string }>(
    `SELECT sessions.session_key AS key FROM hosted_link.sessions
    WHERE session_key = ANY ($2) AND EXISTS (${holding('$1')} AND results.session_key = sessions.session_key)`,
    [days, candidates.map(({ key }) => key)],
  );
  const due = candidates.map(({ key }) => key).filter((key) => !held.some((row) => row.key === key));
  const results = await query('DELETE FROM hosted_link.results WHERE session_key = ANY ($1) RETURNING 1', [
    due,
  ]);
  await query(
    `UPDATE hosted_link.sessions
    SET purged_at = now(), user_hash = NULL, plaid_session_hash = NULL, traceparent = NULL, key_id = NULL,
      wrapped_key = NULL, sealed_request_digest = NULL
    WHERE session_key = ANY ($1)`,
    [due],
  );
  return { sessions: due.length, results: results.length };
}

/** The results that keep their session from being purged: not at their end, or ended too lately. */
function holding(days: string): string {
  return `SELECT FROM hosted_link.results
    WHERE (results.state IN ${PENDING} OR (results.ended_at >= now() - ${days} * interval '1 day'
      AND NOT ${forgotten('sessions.user_hash', 'sessions.created_at')}))`;
}

async function purgeItems({ query }: Transaction, days: number): Promise<number> {
  const purged = await query(
    `UPDATE hosted_link.items SET user_hash = NULL, institution_id = NULL, institution_name = NULL
    WHERE item_id IN (
      SELECT item_id FROM hosted_link.items
      WHERE removed_at IS NOT NULL AND num_nonnulls(user_hash, institution_id, institution_name) > 0
        AND (removed_at < now() - $1 * interval '1 day' OR ${forgotten('items.user_hash', 'items.linked_at')})
      LIMIT ${BATCH_SIZE} FOR UPDATE SKIP LOCKED
    ) RETURNING 1`,
    [days],
  );
  return purged.length;
}

/** As long as its session may have another one, the sequence goes on from them. */
async function deleteCallbacks({ query }: Transaction, days: number): Promise<void> {
  await query(
    `DELETE FROM hosted_link.callbacks
    WHERE ended_at < now() - $1 * interval '1 day' AND NOT EXISTS (
      SELECT FROM hosted_link.sessions WHERE sessions.session_key = callbacks.session_key AND purged_at IS NULL
    )`,
    [days],
  );
}
