import { timingSafeEqual } from 'node:crypto';
import { InputError } from '../../domain/input-error';
import { Secret } from '../../secrets/secret';
import type { PlaidFlow } from '../../domain/plaid-flow';
import { isEndState, type SessionState } from '../../domain/states';
import type { Cipher } from '../crypto/cipher';
import type { Database } from '../database/database';
import { REQUEST_DIGEST } from '../crypto/sealed-values';
import type { Page, SessionClaim, SessionReader, SessionRow, SessionStore } from './stores';
import { VaultError } from '../vault-error';

const COLUMNS =
  'session_key, plaid_flow, state, first_run_id, plaid_session_hash, traceparent, created_at, ended_at, purged_at';
const SEALED_COLUMNS = `${COLUMNS}, key_id, wrapped_key, sealed_request_digest`;

interface Row {
  session_key: string;
  plaid_flow: PlaidFlow;
  state: SessionState;
  first_run_id: string;
  plaid_session_hash: string | null;
  traceparent: string | null;
  created_at: Date;
  ended_at: Date | null;
  purged_at: Date | null;
}

/** Its sealed columns are null once the session has been purged. */
interface SealedRow extends Row {
  key_id: string | null;
  wrapped_key: Buffer;
  sealed_request_digest: Buffer;
}

/** What may be read of the `sessions` table without a key. */
export class SqlSessionReader implements SessionReader {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async get(key: string): Promise<SessionRow | undefined> {
    const [row] = await this.#database.query<Row>(
      `SELECT ${COLUMNS} FROM hosted_link.sessions WHERE session_key = $1`,
      [key],
    );
    return row && toSession(row);
  }

  async getAll(keys: readonly string[]): Promise<SessionRow[]> {
    const rows = await this.#database.query<Row>(
      `SELECT ${COLUMNS} FROM hosted_link.sessions WHERE session_key = ANY ($1)`,
      [keys],
    );
    return rows.map(toSession);
  }

  async listOpen({ after, limit }: Page = {}): Promise<SessionRow[]> {
    const rows = await this.#database.query<Row>(
      `SELECT ${COLUMNS} FROM hosted_link.sessions
      WHERE ended_at IS NULL AND ($1::text IS NULL OR session_key > $1) ORDER BY session_key LIMIT $2`,
      [after, limit],
    );
    return rows.map(toSession);
  }

  async findByPlaidSession(plaidSessionHash: string): Promise<SessionRow | undefined> {
    const [row] = await this.#database.query<Row>(
      `SELECT ${COLUMNS} FROM hosted_link.sessions WHERE plaid_session_hash = $1
      ORDER BY created_at DESC LIMIT 1`,
      [plaidSessionHash],
    );
    return row && toSession(row);
  }
}

/** The `sessions` table. */
export class SqlSessionStore extends SqlSessionReader implements SessionStore {
  readonly #database: Database;
  readonly #cipher: Cipher;

  constructor(database: Database, cipher: Cipher) {
    super(database);
    this.#database = database;
    this.#cipher = cipher;
  }

  async claim(claim: SessionClaim): Promise<{ row: SessionRow; claimedBefore: boolean }> {
    // Most keys are new ones.
    const made = await this.#make(claim);
    if (made) return { row: toSession(made), claimedBefore: false };
    const found = await this.#find(claim.key);
    if (!found) throw new VaultError('VAULT_FAILED', `session ${claim.key} was deleted while it was claimed`);
    // Whichever request this is: the key stands for a session that ended long ago.
    if (found.key_id === null) return { row: toSession(found), claimedBefore: true };
    const digest = await this.#cipher.open(
      { keyId: found.key_id, wrappedKey: found.wrapped_key, ciphertext: found.sealed_request_digest },
      REQUEST_DIGEST.contextOf(claim.key),
    );
    if (found.plaid_flow !== claim.plaidFlow || !sameText(digest.reveal(), claim.requestDigest)) {
      throw new VaultError(
        'KEY_REUSED',
        `the session key ${claim.key} stands for another request`,
        'give this request a key of its own',
      );
    }
    const claimedBefore = found.first_run_id !== claim.firstRunId;
    const knowsMore = !claimedBefore && found.plaid_session_hash === null && claim.plaidSessionHash;
    return { row: toSession(knowsMore ? await this.#fillIn(claim) : found), claimedBefore };
  }

  async end(key: string, state: SessionState, firstRunId: string): Promise<void> {
    if (!isEndState(state)) throw new InputError('state', `${state} is not an end state`, 'give one');
    const ended = await this.#database.query(
      `UPDATE hosted_link.sessions SET state = $2, ended_at = now()
      WHERE session_key = $1 AND first_run_id = $3 AND ended_at IS NULL RETURNING 1`,
      [key, state, firstRunId],
    );
    if (ended.length > 0) return;
    const known = await this.#database.query('SELECT 1 FROM hosted_link.sessions WHERE session_key = $1', [
      key,
    ]);
    if (known.length === 0) throw unknownSession(key);
  }

  async #find(key: string): Promise<SealedRow | undefined> {
    const [row] = await this.#database.query<SealedRow>(
      `SELECT ${SEALED_COLUMNS} FROM hosted_link.sessions WHERE session_key = $1`,
      [key],
    );
    return row;
  }

  /** Makes the row; undefined when there is one. */
  async #make(claim: SessionClaim): Promise<Row | undefined> {
    const sealed = await this.#cipher.seal(
      new Secret(claim.requestDigest),
      REQUEST_DIGEST.contextOf(claim.key),
    );
    const [row] = await this.#database.query<Row>(
      `INSERT INTO hosted_link.sessions
          (session_key, plaid_flow, first_run_id, plaid_session_hash, traceparent, user_hash, key_id, wrapped_key,
            sealed_request_digest)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (session_key) DO NOTHING
        RETURNING ${COLUMNS}`,
      [
        claim.key,
        claim.plaidFlow,
        claim.firstRunId,
        claim.plaidSessionHash,
        claim.traceparent,
        claim.userHash,
        sealed.keyId,
        sealed.wrappedKey,
        sealed.ciphertext,
      ],
    );
    return row;
  }

  /** Adds what was not known when the row was made. What is there already stays. */
  async #fillIn({ key, plaidSessionHash }: SessionClaim): Promise<Row> {
    const [row] = await this.#database.query<Row>(
      `UPDATE hosted_link.sessions SET plaid_session_hash = coalesce(plaid_session_hash, $2)
        WHERE session_key = $1 RETURNING ${COLUMNS}`,
      [key, plaidSessionHash],
    );
    if (!row) throw unknownSession(key);
    return row;
  }
}

/** What every method throws that is given a key without a row. */
export function unknownSession(key: string): VaultError {
  return new VaultError('SESSION_UNKNOWN', `the vault has no session with the key ${key}`);
}

function toSession(row: Row): SessionRow {
  return {
    key: row.session_key,
    plaidFlow: row.plaid_flow,
    state: row.state,
    firstRunId: row.first_run_id,
    plaidSessionHash: row.plaid_session_hash ?? undefined,
    traceparent: row.traceparent ?? undefined,
    createdAt: row.created_at,
    endedAt: row.ended_at ?? undefined,
    purgedAt: row.purged_at ?? undefined,
  };
}

function sameText(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
