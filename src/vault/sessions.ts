import { timingSafeEqual } from 'node:crypto';
import { InputError } from '../input-error';
import { Secret } from '../secret';
import { isEndState, type LinkApiName, type SessionState } from '../session';
import type { Cipher, SealContext } from './cipher';
import type { Database } from './database';
import { type SessionClaim, type SessionRow, type SessionStore, VaultError } from './vault';

const COLUMNS = 'session_key, link_api, state, first_run_id, plaid_session_hash, created_at, ended_at';

interface Row {
  session_key: string;
  link_api: LinkApiName;
  state: SessionState;
  first_run_id: string;
  plaid_session_hash: string | null;
  created_at: Date;
  ended_at: Date | null;
}

interface SealedRow extends Row {
  key_id: string;
  wrapped_key: Buffer;
  sealed_request_digest: Buffer;
}

/** The `sessions` table. */
export class SqlSessionStore implements SessionStore {
  readonly #database: Database;
  readonly #cipher: Cipher;

  constructor(database: Database, cipher: Cipher) {
    this.#database = database;
    this.#cipher = cipher;
  }

  async claim(claim: SessionClaim): Promise<{ row: SessionRow; claimedBefore: boolean }> {
    const context = digestContext(claim.key);
    return this.#database.transaction(async ({ query }) => {
      const select = `SELECT ${COLUMNS}, key_id, wrapped_key, sealed_request_digest FROM hosted_link.sessions
        WHERE session_key = $1 FOR UPDATE`;
      let [found] = await query<SealedRow>(select, [claim.key]);
      if (!found) {
        const sealed = this.#cipher.seal(new Secret(claim.requestDigest), context);
        await query(
          `INSERT INTO hosted_link.sessions
            (session_key, link_api, first_run_id, plaid_session_hash, user_hash, key_id, wrapped_key,
              sealed_request_digest)
          VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
          ON CONFLICT (session_key) DO NOTHING`,
          [
            claim.key,
            claim.linkApi,
            claim.firstRunId,
            claim.plaidSessionHash,
            claim.userHash,
            sealed.keyId,
            sealed.wrappedKey,
            sealed.ciphertext,
          ],
        );
        [found] = await query<SealedRow>(select, [claim.key]);
      }
      if (!found)
        throw new VaultError('VAULT_FAILED', `session ${claim.key} was deleted while it was claimed`);
      const digest = this.#cipher.open(
        {
          keyId: found.key_id,
          wrappedKey: found.wrapped_key,
          ciphertext: found.sealed_request_digest,
        },
        context,
      );
      if (found.link_api !== claim.linkApi || !sameText(digest.reveal(), claim.requestDigest)) {
        throw new VaultError(
          'KEY_REUSED',
          `the session key ${claim.key} stands for another request; give this request a key of its own`,
        );
      }
      const claimedBefore = found.first_run_id !== claim.firstRunId;
      if (!claimedBefore && found.plaid_session_hash === null && claim.plaidSessionHash !== undefined) {
        await query('UPDATE hosted_link.sessions SET plaid_session_hash = $2 WHERE session_key = $1', [
          claim.key,
          claim.plaidSessionHash,
        ]);
        found.plaid_session_hash = claim.plaidSessionHash;
      }
      return { row: toSession(found), claimedBefore };
    });
  }

  async end(key: string, state: SessionState): Promise<void> {
    if (!isEndState(state)) throw new InputError('state', `${state} is not an end state; give one`);
    await this.#database.transaction(async ({ query }) => {
      const ended = await query(
        `UPDATE hosted_link.sessions
        SET state = CASE WHEN ended_at IS NULL THEN $2 ELSE state END, ended_at = coalesce(ended_at, now())
        WHERE session_key = $1 RETURNING 1`,
        [key, state],
      );
      if (ended.length === 0) throw unknownSession(key);
    });
  }

  async get(key: string): Promise<SessionRow | undefined> {
    return this.#database.transaction(async ({ query }) => {
      const [row] = await query<Row>(`SELECT ${COLUMNS} FROM hosted_link.sessions WHERE session_key = $1`, [
        key,
      ]);
      return row && toSession(row);
    });
  }

  async findByPlaidSession(plaidSessionHash: string): Promise<SessionRow | undefined> {
    return this.#database.transaction(async ({ query }) => {
      const [row] = await query<Row>(
        `SELECT ${COLUMNS} FROM hosted_link.sessions WHERE plaid_session_hash = $1
        ORDER BY created_at DESC LIMIT 1`,
        [plaidSessionHash],
      );
      return row && toSession(row);
    });
  }
}

/** What every method throws that is given a key without a row. */
export function unknownSession(key: string): VaultError {
  return new VaultError('SESSION_UNKNOWN', `the vault has no session with the key ${key}`);
}

function digestContext(key: string): SealContext {
  return { purpose: 'session.request_digest', rowId: key, itemId: '' };
}

function toSession(row: Row): SessionRow {
  return {
    key: row.session_key,
    linkApi: row.link_api,
    state: row.state,
    plaidSessionHash: row.plaid_session_hash ?? undefined,
    createdAt: row.created_at,
    endedAt: row.ended_at ?? undefined,
  };
}

function sameText(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
