import { createHash } from 'node:crypto';
import { InputError } from '../input-error';
import type { Secret } from '../secret';
import type { PlaidEnvironment, ResultState } from '../session';
import type { Cipher } from './cipher';
import type { Database, Transaction } from './database';
import { violates } from './database-error';
import { ITEM_ACCESS_TOKEN, RESULT_TOKEN } from './sealed-values';
import { unknownSession } from './sessions';
import {
  type Acquired,
  type AnsweredCall,
  type ExchangeJournal,
  type NewItem,
  type ResultRow,
  type SeenToken,
  type TokenKind,
  VaultError,
} from './vault';

const COLUMNS =
  'result_id, session_key, kind, state, item_id, error_code, request_ids, seen_at, ended_at, fence, unanswered_calls';

/** A request id goes on the list once, however often its call is recorded. */
const appended = (parameter: string) =>
  `CASE WHEN ${parameter}::text IS NULL OR ${parameter} = ANY (request_ids) THEN request_ids
    ELSE array_append(request_ids, ${parameter}) END`;

interface Row {
  result_id: string;
  session_key: string;
  kind: TokenKind;
  state: ResultState;
  item_id: string | null;
  error_code: string | null;
  request_ids: string[];
  seen_at: Date;
  ended_at: Date | null;
  fence: number;
  unanswered_calls: number;
}

interface LeasableRow extends Row {
  retry_in_ms: number | null;
}

/**
 * The `results` table. Its clock is the database's `clock_timestamp()`: `now()` is the transaction's start, and a
 * transaction may wait for a row's lock.
 */
export class SqlExchangeJournal implements ExchangeJournal {
  readonly #database: Database;
  readonly #cipher: Cipher;
  readonly #environment: PlaidEnvironment;

  constructor(database: Database, cipher: Cipher, environment: PlaidEnvironment) {
    this.#database = database;
    this.#cipher = cipher;
    this.#environment = environment;
  }

  async record(sessionKey: string, tokens: readonly SeenToken[]): Promise<ResultRow[]> {
    const seen = await Promise.all(
      tokens.map(async ({ kind, token }) => {
        const resultId = resultIdOf(token);
        return { kind, resultId, sealed: await this.#cipher.seal(token, RESULT_TOKEN.contextOf(resultId)) };
      }),
    );
    // One order for all, so that two who record the same tokens do not wait for each other.
    seen.sort((a, b) => (a.resultId < b.resultId ? -1 : 1));
    return this.#database.transaction(async (transaction) => {
      for (const { kind, resultId, sealed } of seen) {
        try {
          await transaction.query(
            `INSERT INTO hosted_link.results (result_id, session_key, kind, key_id, wrapped_key, sealed_token)
            VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (result_id) DO NOTHING`,
            [resultId, sessionKey, kind, sealed.keyId, sealed.wrappedKey, sealed.ciphertext],
          );
        } catch (error) {
          if (violates(error, 'results_session_key_fkey')) throw unknownSession(sessionKey);
          throw error;
        }
      }
      return listResults(transaction, sessionKey);
    });
  }

  async list(sessionKey: string): Promise<ResultRow[]> {
    return this.#database.transaction((transaction) => listResults(transaction, sessionKey));
  }

  async acquire(resultId: string, leaseMs: number): Promise<Acquired> {
    if (!Number.isSafeInteger(leaseMs) || leaseMs < 1)
      throw new InputError('leaseMs', 'is not a whole number of milliseconds; give one of at least 1');
    const token = await this.#openToken(resultId);
    return this.#database.transaction(async ({ query }) => {
      // The lock first, in a statement of its own: a clock read beside it is read before the wait for the lock.
      await query('SELECT 1 FROM hosted_link.results WHERE result_id = $1 FOR UPDATE', [resultId]);
      const [row] = await query<LeasableRow>(
        `SELECT ${COLUMNS},
          ceil(extract(epoch FROM leased_until - clock_timestamp()) * 1000)::float8 AS retry_in_ms
        FROM hosted_link.results WHERE result_id = $1`,
        [resultId],
      );
      if (!row) throw unknownResult(resultId);
      if (row.state !== 'PENDING' || token === undefined) return { outcome: 'ENDED', row: toResult(row) };
      if (row.retry_in_ms !== null && row.retry_in_ms > 0)
        return { outcome: 'HELD', retryInMs: row.retry_in_ms };
      await query(
        `UPDATE hosted_link.results
        SET fence = fence + 1, unanswered_calls = unanswered_calls + 1,
          leased_until = clock_timestamp() + $2 * interval '1 millisecond'
        WHERE result_id = $1`,
        [resultId, leaseMs],
      );
      return {
        outcome: 'LEASED',
        row: toResult(row),
        fence: row.fence + 1,
        token,
        unansweredCalls: row.unanswered_calls,
      };
    });
  }

  async release(
    resultId: string,
    fence: number,
    { errorCode, requestId, answered }: AnsweredCall & { answered: boolean },
  ): Promise<void> {
    await this.#database.transaction(async (transaction) => {
      const released = await transaction.query(
        `UPDATE hosted_link.results
        SET leased_until = NULL, error_code = $3, request_ids = ${appended('$4')},
          unanswered_calls = unanswered_calls - $5
        WHERE result_id = $1 AND fence = $2 AND state = 'PENDING' AND leased_until IS NOT NULL
        RETURNING 1`,
        [resultId, fence, errorCode, requestId, answered ? 1 : 0],
      );
      if (released.length === 0) await refuseUnknown(transaction, resultId);
    });
  }

  async link(resultId: string, item: NewItem): Promise<void> {
    const sealed = await this.#cipher.seal(item.accessToken, ITEM_ACCESS_TOKEN.contextOf(item.itemId));
    await this.#database.transaction(async (transaction) => {
      const { query } = transaction;
      const [result] = await query<{ session_key: string; user_hash: string | null }>(
        `SELECT session_key, user_hash FROM hosted_link.results JOIN hosted_link.sessions USING (session_key)
        WHERE result_id = $1 FOR UPDATE OF results`,
        [resultId],
      );
      if (!result) throw unknownResult(resultId);
      const [stored] = await query<{ removed: boolean }>(
        `INSERT INTO hosted_link.items AS item (item_id, session_key, user_hash, environment, institution_id,
          institution_name, key_id, wrapped_key, sealed_access_token)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (item_id) DO UPDATE SET
          institution_id = coalesce(excluded.institution_id, item.institution_id),
          institution_name = coalesce(excluded.institution_name, item.institution_name),
          key_id = CASE WHEN item.removed_at IS NULL THEN excluded.key_id END,
          wrapped_key = CASE WHEN item.removed_at IS NULL THEN excluded.wrapped_key END,
          sealed_access_token = CASE WHEN item.removed_at IS NULL THEN excluded.sealed_access_token END
        RETURNING removed_at IS NOT NULL AS removed`,
        [
          item.itemId,
          result.session_key,
          result.user_hash,
          this.#environment,
          item.institutionId,
          item.institutionName,
          sealed.keyId,
          sealed.wrappedKey,
          sealed.ciphertext,
        ],
      );
      await query(
        `UPDATE hosted_link.results
        SET state = $3, item_id = $2, error_code = NULL, request_ids = ${appended('$4')},
          ended_at = CASE WHEN state = $3 AND item_id = $2 THEN ended_at ELSE now() END,
          leased_until = NULL, key_id = NULL, wrapped_key = NULL, sealed_token = NULL
        WHERE result_id = $1`,
        [resultId, item.itemId, stored!.removed ? 'REMOVED' : 'LINKED', item.requestId],
      );
    });
  }

  async end(
    resultId: string,
    fence: number,
    state: Exclude<ResultState, 'PENDING' | 'LINKED'>,
    { errorCode, requestId }: AnsweredCall,
  ): Promise<void> {
    await this.#database.transaction(async (transaction) => {
      const ended = await transaction.query(
        `UPDATE hosted_link.results
        SET state = $3, error_code = $4, request_ids = ${appended('$5')}, ended_at = now(),
          leased_until = NULL, key_id = NULL, wrapped_key = NULL, sealed_token = NULL
        WHERE result_id = $1 AND fence = $2 AND state = 'PENDING'
        RETURNING 1`,
        [resultId, fence, state, errorCode, requestId],
      );
      if (ended.length === 0) await refuseUnknown(transaction, resultId);
    });
  }

  /** The token of a result, before any lock is taken; undefined when the result has ended. Never changes until then. */
  async #openToken(resultId: string): Promise<Secret | undefined> {
    const [row] = await this.#database.transaction(({ query }) =>
      query<{ key_id: string; wrapped_key: Buffer; sealed_token: Buffer }>(
        `SELECT key_id, wrapped_key, sealed_token FROM hosted_link.results
        WHERE result_id = $1 AND state = 'PENDING'`,
        [resultId],
      ),
    );
    return (
      row &&
      this.#cipher.open(
        { keyId: row.key_id, wrappedKey: row.wrapped_key, ciphertext: row.sealed_token },
        RESULT_TOKEN.contextOf(resultId),
      )
    );
  }
}

function resultIdOf(token: Secret): string {
  return createHash('sha256').update(token.reveal()).digest('hex');
}

function unknownResult(resultId: string): VaultError {
  return new VaultError('RESULT_UNKNOWN', `the vault has no result ${resultId}`);
}

async function refuseUnknown({ query }: Transaction, resultId: string): Promise<void> {
  const rows = await query('SELECT 1 FROM hosted_link.results WHERE result_id = $1', [resultId]);
  if (rows.length === 0) throw unknownResult(resultId);
}

/** All rows of a session, oldest first. */
export async function listResults({ query }: Transaction, sessionKey: string): Promise<ResultRow[]> {
  const rows = await query<Row>(
    `SELECT ${COLUMNS} FROM hosted_link.results WHERE session_key = $1 ORDER BY seen_at, result_id`,
    [sessionKey],
  );
  return rows.map(toResult);
}

function toResult(row: Row): ResultRow {
  return {
    resultId: row.result_id,
    sessionKey: row.session_key,
    kind: row.kind,
    state: row.state,
    itemId: row.item_id ?? undefined,
    errorCode: row.error_code ?? undefined,
    requestIds: row.request_ids,
    seenAt: row.seen_at,
    endedAt: row.ended_at ?? undefined,
  };
}
