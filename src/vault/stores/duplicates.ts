import { haveCommonAccount, openAccounts, type SealedAccounts } from './accounts';
import type { Cipher } from '../crypto/cipher';
import type { Database, Transaction } from '../database/database';
import { ITEM_ACCOUNTS, RESULT_ACCOUNTS } from '../crypto/sealed-values';
import type { SeenAccount } from '../../secrets/seen-token';

/** Whose result it is, and what it is compared by. */
export interface Comparable {
  resultId: string;
  userHash: string;
  institutionId: string;
  accounts: readonly SeenAccount[];
}

/** What a result was held against, before any lock was taken. */
export interface Comparison extends Pick<Comparable, 'resultId' | 'userHash' | 'institutionId'> {
  /** Item ids and result ids, and whether each has an account in common with the result. */
  compared: ReadonlyMap<string, boolean>;
}

/** What keeps a result from being exchanged now. */
export type Obstacle =
  /** The person has this account already. */
  | { kind: 'ITEM'; itemId: string }
  /** Another result of the person's with this account is being exchanged, or one came up that has not been compared yet. */
  | { kind: 'RESULT' };

/**
 * How long a result whose call has no answer holds up another one with the same account, counted from when it was seen. Its
 * second try comes within minutes; should nobody make it, enough of the other public token's 30 minutes is left.
 */
const UNANSWERED_HOLDS_UP = "interval '10 minutes'";

interface CandidateRow extends SealedAccounts {
  kind: 'ITEM' | 'RESULT';
  id: string;
  under_way: boolean;
}

/** What the person has at the institution, or may soon have: live items, the oldest first, then results that wait for their exchange. */
const CANDIDATES = `
  SELECT 'ITEM' AS kind, item_id AS id, false AS under_way, linked_at AS since,
    accounts_key_id, accounts_wrapped_key, sealed_accounts
  FROM hosted_link.items
  WHERE user_hash = $1 AND institution_id = $2 AND removed_at IS NULL AND sealed_accounts IS NOT NULL
  UNION ALL
  SELECT 'RESULT', result_id,
    coalesce(leased_until > clock_timestamp(), false)
      OR (unanswered_calls > 0 AND seen_at > clock_timestamp() - ${UNANSWERED_HOLDS_UP}),
    seen_at, results.accounts_key_id, results.accounts_wrapped_key, results.sealed_accounts
  FROM hosted_link.results JOIN hosted_link.sessions USING (session_key)
  WHERE sessions.user_hash = $1 AND institution_id = $2 AND results.state = 'PENDING' AND kind = 'public_token'
    AND result_id <> $3 AND results.sealed_accounts IS NOT NULL
  ORDER BY kind, since, id`;

/**
 * Opens the accounts of all that a result may be a duplicate of, outside of any lock: the key provider may be a service. What
 * is opened never changes, so ids are enough to hold it against what is there under the lock.
 */
export async function compareAccounts(
  database: Database,
  cipher: Cipher,
  { accounts, ...result }: Comparable,
): Promise<Comparison> {
  const rows = await database.transaction((transaction) => candidates(transaction, result));
  const compared = await Promise.all(
    rows.map(async (row) => {
      const value = row.kind === 'ITEM' ? ITEM_ACCOUNTS : RESULT_ACCOUNTS;
      const others = await openAccounts(cipher, value, row.id, row);
      return [row.id, haveCommonAccount(accounts, others)] as const;
    }),
  );
  return { ...result, compared: new Map(compared) };
}

/** Lets those who decide about results of one person take turns, until the transaction ends. Take it before any row's lock. */
export async function lockPerson(
  { query }: Pick<Transaction, 'query'>,
  { userHash }: Pick<Comparison, 'userHash'>,
): Promise<void> {
  await query("SELECT pg_advisory_xact_lock(('x' || left($1, 16))::bit(64)::bigint)", [userHash]);
}

/** What keeps the result from being exchanged, under {@link lockPerson}. */
export async function findObstacle(
  transaction: Transaction,
  { compared, ...result }: Comparison,
): Promise<Obstacle | undefined> {
  const rows = await candidates(transaction, result);
  const standing = rows.filter(({ kind, under_way }) => kind === 'ITEM' || under_way);
  const item = standing.find(({ kind, id }) => kind === 'ITEM' && compared.get(id));
  if (item) return { kind: 'ITEM', itemId: item.id };
  const holdsUp = standing.some(({ id }) => compared.get(id) ?? true);
  return holdsUp ? { kind: 'RESULT' } : undefined;
}

async function candidates(
  { query }: Transaction,
  { userHash, institutionId, resultId }: Omit<Comparable, 'accounts'>,
): Promise<CandidateRow[]> {
  return await query<CandidateRow>(CANDIDATES, [userHash, institutionId, resultId]);
}
