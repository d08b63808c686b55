import type { TokenKind } from '../../secrets/seen-token';
import type { ResultState } from '../../domain/states';
import type { Database, Transaction } from '../database/database';
import type { ResultFilter, ResultReader, ResultRow } from './stores';
import { VaultError } from '../vault-error';

/** The columns of `results` that may be shown, and those that count its calls. */
export const RESULT_COLUMNS = `result_id, session_key, kind, state, item_id, lost_item_id, error_code, request_ids, link_session_id,
  institution_id, institution_name, seen_at, ended_at, fence, unanswered_calls`;

/** A row of {@link RESULT_COLUMNS}. */
export interface StoredResult {
  result_id: string;
  session_key: string;
  kind: TokenKind;
  state: ResultState;
  item_id: string | null;
  lost_item_id: string | null;
  error_code: string | null;
  request_ids: string[];
  link_session_id: string | null;
  institution_id: string | null;
  institution_name: string | null;
  seen_at: Date;
  ended_at: Date | null;
  fence: number;
  unanswered_calls: number;
}

/** What may be read of the `results` table without a key. */
export class SqlResultReader implements ResultReader {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async list(sessionKey: string): Promise<ResultRow[]> {
    return this.#database.transaction((transaction) => listResults(transaction, sessionKey));
  }

  async find({ sessionKey, state, after, limit }: ResultFilter = {}): Promise<ResultRow[]> {
    return this.#database.transaction(async ({ query }) => {
      if (after !== undefined) {
        const known = await query('SELECT 1 FROM hosted_link.results WHERE result_id = $1', [after]);
        if (known.length === 0) throw unknownResult(after);
      }
      const rows = await query<StoredResult>(
        `SELECT ${RESULT_COLUMNS} FROM hosted_link.results
        WHERE ($1::text IS NULL OR session_key = $1) AND ($2::text IS NULL OR state = $2)
          AND ($3::text IS NULL OR (seen_at, result_id) >
            (SELECT before.seen_at, before.result_id FROM hosted_link.results AS before WHERE before.result_id = $3))
        ORDER BY seen_at, result_id LIMIT $4`,
        [sessionKey, state, after, limit],
      );
      return rows.map(toResult);
    });
  }

  async get(resultId: string): Promise<ResultRow | undefined> {
    const [row] = await this.#database.query<StoredResult>(
      `SELECT ${RESULT_COLUMNS} FROM hosted_link.results WHERE result_id = $1`,
      [resultId],
    );
    return row && toResult(row);
  }
}

/** All results of a session, in the order in which they were seen. */
export async function listResults({ query }: Transaction, sessionKey: string): Promise<ResultRow[]> {
  const rows = await query<StoredResult>(
    `SELECT ${RESULT_COLUMNS} FROM hosted_link.results WHERE session_key = $1 ORDER BY seen_at, result_id`,
    [sessionKey],
  );
  return rows.map(toResult);
}

/** What every method throws that is given a result id without a row. */
export function unknownResult(resultId: string): VaultError {
  return new VaultError('RESULT_UNKNOWN', `the vault has no result ${resultId}`);
}

/** A row as it may be shown. */
export function toResult(row: StoredResult): ResultRow {
  return {
    resultId: row.result_id,
    sessionKey: row.session_key,
    kind: row.kind,
    state: row.state,
    itemId: row.item_id ?? row.lost_item_id ?? undefined,
    errorCode: row.error_code ?? undefined,
    requestIds: row.request_ids,
    linkSessionId: row.link_session_id ?? undefined,
    institutionId: row.institution_id ?? undefined,
    institutionName: row.institution_name ?? undefined,
    seenAt: row.seen_at,
    endedAt: row.ended_at ?? undefined,
  };
}
