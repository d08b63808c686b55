import { sha256 } from '../../secrets/digest';
import { InputError } from '../../domain/input-error';
import type { SeenAccount, SeenToken, TokenKind } from '../../secrets/seen-token';
import type { Secret } from '../../secrets/secret';
import type { PlaidEnvironment } from '../../domain/link-token';
import type { ResultState } from '../../domain/states';
import { openAccounts, sealAccounts, type SealedAccounts } from './accounts';
import type { Cipher } from '../crypto/cipher';
import type { Database, Transaction } from '../database/database';
import { violates } from '../database/database-error';
import { type Comparable, compareAccounts, findObstacle, lockPerson } from './duplicates';
import {
  listResults,
  RESULT_COLUMNS,
  SqlResultReader,
  type StoredResult,
  toResult,
  unknownResult,
} from './result-reader';
import { RESULT_ACCOUNTS, RESULT_TOKEN } from '../crypto/sealed-values';
import { unknownSession } from './sessions';
import { sealItem, storeItem } from './store-item';
import type { Acquired, AnsweredCall, ResultStore, NewItem, Resolution, ResultRow } from './stores';
import { VaultError } from '../vault-error';

/** What ends with a result: the lease, and all that was sealed. */
const CLEARED = `leased_until = NULL, key_id = NULL, wrapped_key = NULL, sealed_token = NULL,
  accounts_key_id = NULL, accounts_wrapped_key = NULL, sealed_accounts = NULL`;

/** How soon a result looks again whether another one of the same person is done, in milliseconds. */
const DUPLICATE_RETRY_MS = 2_000;

/** A request id goes on the list once, however often its call is recorded. */
const appended = (parameter: string) =>
  `CASE WHEN ${parameter}::text IS NULL OR ${parameter} = ANY (request_ids) THEN request_ids
    ELSE array_append(request_ids, ${parameter}) END`;

interface LeasableRow extends StoredResult {
  retry_in_ms: number | null;
}

interface PendingRow extends SealedAccounts {
  kind: TokenKind;
  institution_id: string | null;
  user_hash: string | null;
  key_id: string;
  wrapped_key: Buffer;
  sealed_token: Buffer;
}

/** What is sealed of a PENDING result, opened, and whose it is. */
interface Pending {
  kind: TokenKind;
  institutionId: string | undefined;
  userHash: string | undefined;
  token: Secret;
  accounts: SeenAccount[];
}

/**
 * The `results` table. Its clock is the database's `clock_timestamp()`: `now()` is the transaction's start, and a
 * transaction may wait for a row's lock.
 */
export class SqlResultStore extends SqlResultReader implements ResultStore {
  readonly #database: Database;
  readonly #cipher: Cipher;
  readonly #environment: PlaidEnvironment;

  constructor(database: Database, cipher: Cipher, environment: PlaidEnvironment) {
    super(database);
    this.#database = database;
    this.#cipher = cipher;
    this.#environment = environment;
  }

  async record(sessionKey: string, tokens: readonly SeenToken[]): Promise<ResultRow[]> {
    const seen = await Promise.all(
      tokens.map(async (one) => {
        const resultId = resultIdOf(one.token);
        const [token, accounts] = await Promise.all([
          this.#cipher.seal(one.token, RESULT_TOKEN.contextOf(resultId)),
          sealAccounts(this.#cipher, RESULT_ACCOUNTS, resultId, one.accounts),
        ]);
        return { ...one, resultId, token, accounts };
      }),
    );
    // One order for all, so that two who record the same tokens do not wait for each other.
    seen.sort((a, b) => (a.resultId < b.resultId ? -1 : 1));
    return this.#database.transaction(async (transaction) => {
      for (const { resultId, kind, token, accounts, ...told } of seen) {
        try {
          await transaction.query(
            `INSERT INTO hosted_link.results (result_id, session_key, kind, link_session_id, institution_id,
              institution_name, key_id, wrapped_key, sealed_token, accounts_key_id, accounts_wrapped_key, sealed_accounts)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
            ON CONFLICT (result_id) DO NOTHING`,
            [
              resultId,
              sessionKey,
              kind,
              told.linkSessionId,
              told.institutionId,
              told.institutionName,
              token.keyId,
              token.wrappedKey,
              token.ciphertext,
              accounts.accounts_key_id,
              accounts.accounts_wrapped_key,
              accounts.sealed_accounts,
            ],
          );
        } catch (error) {
          if (violates(error, 'results_session_key_fkey')) throw unknownSession(sessionKey);
          throw error;
        }
      }
      return listResults(transaction, sessionKey);
    });
  }

  async acquire(
    resultId: string,
    leaseMs: number,
    { refuseDuplicates = false }: { refuseDuplicates?: boolean | undefined } = {},
  ): Promise<Acquired> {
    if (!Number.isSafeInteger(leaseMs) || leaseMs < 1)
      throw new InputError('leaseMs', 'is not a whole number of milliseconds', 'give one of at least 1');
    const pending = await this.#openPending(resultId);
    const comparable = refuseDuplicates ? comparableOf(resultId, pending) : undefined;
    const comparison = comparable && (await compareAccounts(this.#database, this.#cipher, comparable));
    return this.#database.transaction(async (transaction) => {
      const { query, finish } = transaction;
      if (comparison) await lockPerson(transaction, comparison);
      // The lock in a statement of its own: a clock read beside it is read before the wait for the lock.
      const [, [row]] = await Promise.all([
        query('SELECT 1 FROM hosted_link.results WHERE result_id = $1 FOR UPDATE', [resultId]),
        query<LeasableRow>(
          `SELECT ${RESULT_COLUMNS},
            ceil(extract(epoch FROM leased_until - clock_timestamp()) * 1000)::float8 AS retry_in_ms
          FROM hosted_link.results WHERE result_id = $1`,
          [resultId],
        ),
      ]);
      if (!row) throw unknownResult(resultId);
      if (row.state !== 'PENDING' || pending === undefined) return { outcome: 'ENDED', row: toResult(row) };
      if (row.retry_in_ms !== null && row.retry_in_ms > 0)
        return { outcome: 'HELD', by: 'ATTEMPT', retryInMs: row.retry_in_ms };
      // A call that was begun may have made an item: only its own second try can tell.
      const obstacle =
        comparison && row.unanswered_calls === 0 ? await findObstacle(transaction, comparison) : undefined;
      if (obstacle?.kind === 'RESULT')
        return { outcome: 'HELD', by: 'DUPLICATE', retryInMs: DUPLICATE_RETRY_MS };
      if (obstacle) return { outcome: 'ENDED', row: await endAsDuplicate(transaction, resultId, obstacle) };
      await finish(
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
        token: pending.token,
        accounts: pending.accounts,
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
    const sealed = await sealItem(this.#cipher, item);
    await this.#database.transaction(async (transaction) => {
      const stored = await storeItem(transaction, sealed, resultId, this.#environment);
      if (!stored) throw unknownResult(resultId);
      await transaction.finish(
        `UPDATE hosted_link.results
        SET state = $3, item_id = $2, error_code = NULL, request_ids = ${appended('$4')},
          institution_id = coalesce($5, institution_id), institution_name = coalesce($6, institution_name),
          ended_at = CASE WHEN state = $3 AND item_id = $2 THEN ended_at ELSE now() END, ${CLEARED}
        WHERE result_id = $1`,
        [
          resultId,
          item.itemId,
          stored.removed ? 'REMOVED' : 'LINKED',
          item.requestId,
          item.institutionId,
          item.institutionName,
        ],
      );
    });
  }

  async end(
    resultId: string,
    fence: number,
    state: Exclude<ResultState, 'PENDING' | 'LINKED' | 'DUPLICATE'>,
    { errorCode, requestId }: AnsweredCall,
  ): Promise<void> {
    await this.#database.transaction(async (transaction) => {
      const ended = await transaction.query(
        `UPDATE hosted_link.results
        SET state = $3, error_code = $4, request_ids = ${appended('$5')}, ended_at = now(), ${CLEARED}
        WHERE result_id = $1 AND fence = $2 AND state = 'PENDING'
        RETURNING 1`,
        [resultId, fence, state, errorCode, requestId],
      );
      if (ended.length === 0) await refuseUnknown(transaction, resultId);
    });
  }

  async resolve(resultId: string, resolution: Resolution): Promise<ResultRow> {
    const errorCode = `RESOLVED_${resolution}`;
    return this.#database.transaction(async ({ query }) => {
      const [resolved] = await query<StoredResult>(
        `UPDATE hosted_link.results SET state = $2, error_code = $3, ended_at = now()
        WHERE result_id = $1 AND state = 'UNCERTAIN' RETURNING ${RESULT_COLUMNS}`,
        [resultId, resolution === 'NO_ITEM' ? 'FAILED' : 'REMOVED', errorCode],
      );
      if (resolved) return toResult(resolved);
      const [row] = await query<StoredResult>(
        `SELECT ${RESULT_COLUMNS} FROM hosted_link.results WHERE result_id = $1`,
        [resultId],
      );
      if (!row) throw unknownResult(resultId);
      if (row.error_code === errorCode) return toResult(row);
      throw new VaultError(
        'RESULT_NOT_UNCERTAIN',
        `result ${resultId} is ${row.state}`,
        'nothing is to be resolved',
      );
    });
  }

  /** What is sealed of a result, opened before any lock is taken; undefined when it has ended. Never changes until then. */
  async #openPending(resultId: string): Promise<Pending | undefined> {
    const [row] = await this.#database.query<PendingRow>(
      `SELECT kind, institution_id, user_hash, results.key_id, results.wrapped_key, sealed_token,
          accounts_key_id, accounts_wrapped_key, sealed_accounts
        FROM hosted_link.results JOIN hosted_link.sessions USING (session_key)
        WHERE result_id = $1 AND results.state = 'PENDING'`,
      [resultId],
    );
    if (!row) return undefined;
    const sealed = { keyId: row.key_id, wrappedKey: row.wrapped_key, ciphertext: row.sealed_token };
    const [token, accounts] = await Promise.all([
      this.#cipher.open(sealed, RESULT_TOKEN.contextOf(resultId)),
      openAccounts(this.#cipher, RESULT_ACCOUNTS, resultId, row),
    ]);
    return {
      kind: row.kind,
      institutionId: row.institution_id ?? undefined,
      userHash: row.user_hash ?? undefined,
      token,
      accounts,
    };
  }
}

/** A result can be a duplicate only when its exchange is ours to make, and as far as Plaid and the caller told enough. */
function comparableOf(resultId: string, pending: Pending | undefined): Comparable | undefined {
  if (pending?.kind !== 'public_token') return undefined;
  const { userHash, institutionId, accounts } = pending;
  if (userHash === undefined || institutionId === undefined || accounts.length === 0) return undefined;
  return { resultId, userHash, institutionId, accounts };
}

async function endAsDuplicate(
  { query }: Transaction,
  resultId: string,
  { itemId }: { itemId: string },
): Promise<ResultRow> {
  const [row] = await query<StoredResult>(
    `UPDATE hosted_link.results
    SET state = 'DUPLICATE', item_id = $2, error_code = NULL, ended_at = now(), ${CLEARED}
    WHERE result_id = $1 RETURNING ${RESULT_COLUMNS}`,
    [resultId, itemId],
  );
  return toResult(row!);
}

function resultIdOf(token: Secret): string {
  return sha256(token.reveal());
}

async function refuseUnknown({ query }: Transaction, resultId: string): Promise<void> {
  const rows = await query('SELECT 1 FROM hosted_link.results WHERE result_id = $1', [resultId]);
  if (rows.length === 0) throw unknownResult(resultId);
}
