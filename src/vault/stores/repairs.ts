import type { TokenKind } from '../../secrets/seen-token';
import { Secret } from '../../secrets/secret';
import type { SessionState } from '../../domain/states';
import type { Cipher } from '../crypto/cipher';
import type { Database, Transaction } from '../database/database';
import { removeRow } from './items';
import { endLostRow, leaveTombstone } from './retention';
import { REQUEST_DIGEST } from '../crypto/sealed-values';
import type { SessionClaim } from './stores';

/** What was changed. Its subject: a session key, an item id (`ITEM_`, but for a lost item), a result id, or a user hash. */
export type RepairKind =
  | 'SESSION_RESTORED'
  | 'SESSION_ENDED'
  | 'RESULT_RESTORED'
  | 'EXCHANGE_STARTED'
  | 'ITEM_REMOVED'
  | 'REMOVAL_STARTED'
  | 'TOMBSTONE_RESTORED';

/** One change that was made to bring the vault, Temporal and Plaid together again. */
export interface RepairEntry {
  repairId: number;
  kind: RepairKind;
  subject: string;
  repairedAt: Date;
}

/** What was repaired, for good. */
export interface RepairLog {
  /** The newest first, at most `limit`. */
  list(limit: number): Promise<RepairEntry[]>;
}

/** A session whose row a restore lost, as its workflow tells of it. */
export interface LostSession extends SessionClaim {
  createdAt: Date;
  /** Undefined while its workflow runs. */
  end: SessionEnd | undefined;
}

export interface SessionEnd {
  /** An end state. */
  state: SessionState;
  at: Date;
}

/** A result whose end a restore lost. */
export interface LostResult {
  resultId: string;
  sessionKey: string;
  kind: TokenKind;
  /** UNCERTAIN: an item may exist, or surely does, of which nobody has the access token. */
  state: 'UNCERTAIN' | 'EXPIRED' | 'FAILED' | 'REMOVED';
  /** With UNCERTAIN: the item, where it is known. */
  lostItemId?: string | undefined;
  errorCode: string;
  requestIds: readonly string[];
  linkSessionId: string | undefined;
}

/**
 * What `hosted-link reconcile` may change. Each repeats harmlessly, and says whether it changed anything; what it changed is
 * entered in the same transaction.
 */
export interface Repairs extends RepairLog {
  /** Makes the row of a session again. One that is there stays as it is. */
  restoreSession(session: LostSession): Promise<boolean>;
  /** Records the end of the session that `firstRunId` claimed, unless one is known. */
  endSession(key: string, firstRunId: string, end: SessionEnd): Promise<boolean>;
  /** Ends a session as FAILED whose workflow is lost for good. */
  endLost(key: string): Promise<boolean>;
  /** Enters the end of a result; also over one that is PENDING, whose token must not be used once more. One that has ended stays as it is. */
  restoreResult(result: LostResult): Promise<boolean>;
  /**
   * Marks an item as removed that Plaid does not know any more, and deletes its token.
   * @throws VaultError ITEM_UNKNOWN
   */
  removeItem(itemId: string): Promise<boolean>;
  /** Leaves the tombstone of somebody who was forgotten at that time, unless there is a later one. */
  restoreTombstone(userHash: string, at: Date): Promise<boolean>;
  /** Enters what is about to be done outside of the vault. */
  enter(kind: 'EXCHANGE_STARTED' | 'REMOVAL_STARTED', subject: string): Promise<void>;
}

/** What may be read of the `repairs` table without a key. */
export class SqlRepairLog implements RepairLog {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async list(limit: number): Promise<RepairEntry[]> {
    return this.#database.query<RepairEntry>(
      `SELECT repair_id::float8 AS "repairId", kind, subject, repaired_at AS "repairedAt"
        FROM hosted_link.repairs ORDER BY repair_id DESC LIMIT $1`,
      [limit],
    );
  }
}

/** The `repairs` table, and what it tells of. */
export class SqlRepairs extends SqlRepairLog implements Repairs {
  readonly #database: Database;
  readonly #cipher: Cipher;

  constructor(database: Database, cipher: Cipher) {
    super(database);
    this.#database = database;
    this.#cipher = cipher;
  }

  async restoreSession({ key, createdAt, end, ...claim }: LostSession): Promise<boolean> {
    const digest = new Secret(claim.requestDigest);
    const sealed = await this.#cipher.seal(digest, REQUEST_DIGEST.contextOf(key));
    return await this.#change('SESSION_RESTORED', key, ({ query }) =>
      query(
        `INSERT INTO hosted_link.sessions (session_key, plaid_flow, first_run_id, plaid_session_hash, user_hash, created_at,
          state, ended_at, key_id, wrapped_key, sealed_request_digest)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        ON CONFLICT (session_key) DO NOTHING RETURNING 1`,
        [
          key,
          claim.plaidFlow,
          claim.firstRunId,
          claim.plaidSessionHash,
          claim.userHash,
          createdAt,
          end?.state ?? 'CREATING',
          end?.at,
          sealed.keyId,
          sealed.wrappedKey,
          sealed.ciphertext,
        ],
      ),
    );
  }

  async endSession(key: string, firstRunId: string, { state, at }: SessionEnd): Promise<boolean> {
    return await this.#change('SESSION_ENDED', key, ({ query }) =>
      query(
        `UPDATE hosted_link.sessions SET state = $3, ended_at = $4
        WHERE session_key = $1 AND first_run_id = $2 AND ended_at IS NULL RETURNING 1`,
        [key, firstRunId, state, at],
      ),
    );
  }

  async endLost(key: string): Promise<boolean> {
    return await this.#change('SESSION_ENDED', key, (transaction) => endLostRow(transaction, key));
  }

  async restoreResult({ resultId, sessionKey, kind, state, ...told }: LostResult): Promise<boolean> {
    return await this.#change('RESULT_RESTORED', resultId, ({ query }) =>
      query(
        `INSERT INTO hosted_link.results AS result (result_id, session_key, kind, state, error_code, lost_item_id,
          request_ids, link_session_id, ended_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now())
        ON CONFLICT (result_id) DO UPDATE SET state = excluded.state, error_code = excluded.error_code,
          lost_item_id = excluded.lost_item_id, request_ids = excluded.request_ids, ended_at = excluded.ended_at,
          fence = result.fence + 1, leased_until = NULL, key_id = NULL, wrapped_key = NULL, sealed_token = NULL,
          accounts_key_id = NULL, accounts_wrapped_key = NULL, sealed_accounts = NULL
        WHERE result.state = 'PENDING' RETURNING 1`,
        [
          resultId,
          sessionKey,
          kind,
          state,
          told.errorCode,
          told.lostItemId,
          told.requestIds,
          told.linkSessionId,
        ],
      ),
    );
  }

  async removeItem(itemId: string): Promise<boolean> {
    return await this.#change('ITEM_REMOVED', itemId, async (transaction) => {
      const live = await transaction.query(
        'SELECT 1 FROM hosted_link.items WHERE item_id = $1 AND removed_at IS NULL',
        [itemId],
      );
      await removeRow(transaction, itemId);
      return live;
    });
  }

  async restoreTombstone(userHash: string, at: Date): Promise<boolean> {
    return await this.#change('TOMBSTONE_RESTORED', userHash, async (transaction) => {
      const older = await transaction.query(
        `SELECT 1 WHERE NOT EXISTS
          (SELECT FROM hosted_link.erased_users WHERE user_hash = $1 AND erased_at >= $2)`,
        [userHash, at],
      );
      await leaveTombstone(transaction, userHash, at);
      return older;
    });
  }

  async enter(kind: RepairKind, subject: string): Promise<void> {
    await this.#database.transaction((transaction) => enterRepair(transaction, kind, subject));
  }

  /** Enters a change, unless it changed no row. */
  async #change(
    kind: RepairKind,
    subject: string,
    change: (transaction: Transaction) => Promise<unknown[]>,
  ): Promise<boolean> {
    return this.#database.transaction(async (transaction) => {
      const changed = (await change(transaction)).length > 0;
      if (changed) await enterRepair(transaction, kind, subject);
      return changed;
    });
  }
}

async function enterRepair({ query }: Transaction, kind: RepairKind, subject: string): Promise<void> {
  await query('INSERT INTO hosted_link.repairs (kind, subject) VALUES ($1, $2)', [kind, subject]);
}
