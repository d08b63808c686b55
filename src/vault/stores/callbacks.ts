import type { PlaidFlow } from '../../domain/plaid-flow';
import type { CallbackState, SessionState } from '../../domain/states';
import type { Database } from '../database/database';
import type { CallbackFilter, CallbackRow, CallbackStore, NewCallback } from './stores';

interface Row {
  session_key: string;
  sequence: number;
  plaid_flow: PlaidFlow;
  session_state: SessionState;
  item_ids: string[];
  callback_state: CallbackState;
  answer: string | null;
  queued_at: Date;
  ended_at: Date | null;
}

/** The `callbacks` table. Needs no key: a callback holds nothing secret. */
export class SqlCallbackStore implements CallbackStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async list({ key, callbackState }: CallbackFilter = {}): Promise<CallbackRow[]> {
    const rows = await this.#database.query<Row>(
      `SELECT session_key, sequence, plaid_flow, session_state, item_ids, callback_state, answer, queued_at, ended_at
      FROM hosted_link.callbacks
      WHERE ($1::text IS NULL OR session_key = $1) AND ($2::text IS NULL OR callback_state = $2)
      ORDER BY queued_at, session_key, sequence`,
      [key, callbackState],
    );
    return rows.map(toCallback);
  }

  async queue({ key, toldBy, plaidFlow, state, itemIds }: NewCallback): Promise<void> {
    await this.#database.transaction(async ({ query }) => {
      // One after the other, so that no number is given twice.
      await query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`hosted_link.callbacks ${key}`]);
      await query(
        `INSERT INTO hosted_link.callbacks (session_key, sequence, told_by, plaid_flow, session_state, item_ids)
        SELECT $1, coalesce(max(sequence), 0) + 1, $2, $3, $4, $5
        FROM hosted_link.callbacks WHERE session_key = $1
        ON CONFLICT (session_key, told_by) DO NOTHING`,
        [key, toldBy, plaidFlow, state, itemIds],
      );
    });
  }

  async end(
    key: string,
    sequence: number,
    state: Exclude<CallbackState, 'PENDING'>,
    answer: string,
  ): Promise<void> {
    await this.#database.query(
      `UPDATE hosted_link.callbacks SET callback_state = $3, answer = $4, ended_at = now()
        WHERE session_key = $1 AND sequence = $2 AND callback_state = 'PENDING'`,
      [key, sequence, state, answer],
    );
  }

  async requeue(key: string): Promise<number> {
    const requeued = await this.#database.query(
      `UPDATE hosted_link.callbacks SET callback_state = 'PENDING', answer = NULL, ended_at = NULL
        WHERE session_key = $1 RETURNING 1`,
      [key],
    );
    return requeued.length;
  }
}

function toCallback(row: Row): CallbackRow {
  return {
    key: row.session_key,
    sequence: row.sequence,
    plaidFlow: row.plaid_flow,
    state: row.session_state,
    itemIds: row.item_ids,
    callbackState: row.callback_state,
    answer: row.answer ?? undefined,
    queuedAt: row.queued_at,
    endedAt: row.ended_at ?? undefined,
  };
}
