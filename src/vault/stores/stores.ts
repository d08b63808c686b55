import type { Secret } from '../../secrets/secret';
import type { SeenAccount, SeenToken, TokenKind } from '../../secrets/seen-token';
import type { PlaidFlow } from '../../domain/plaid-flow';
import type { CallbackState, ResultState, SessionState } from '../../domain/states';
import type { CallbackBody } from '../../domain/views';

/** A row of `sessions`: the promise "same key, same session", kept beyond Temporal's retention. */
export interface SessionRow {
  key: string;
  plaidFlow: PlaidFlow;
  state: SessionState;
  /** The first execution run id of the workflow whose session it is. */
  firstRunId: string;
  /** First 128 bits (32 hex digits) of the SHA-256 of Plaid's session id; undefined until it is known. */
  plaidSessionHash: string | undefined;
  /** The span that the session's trace begins with, as a W3C `traceparent`; undefined where nobody traced. */
  traceparent: string | undefined;
  createdAt: Date;
  /** When the session reached its end state. */
  endedAt: Date | undefined;
  /** When all that told of the person was taken out, and its results with it. */
  purgedAt: Date | undefined;
}

export interface SessionClaim {
  key: string;
  plaidFlow: PlaidFlow;
  /** The workflow's first execution run id: tells a repeat of this claim from a later workflow with the same key. */
  firstRunId: string;
  /** SHA-256 (hex) of the caller's request. Stored sealed, since it may be of a phone number. */
  requestDigest: string;
  plaidSessionHash?: string | undefined;
  /** Where the session's trace begins, when it is traced. */
  traceparent?: string | undefined;
  /** Whose session it is: `userHash` of the caller's user id. */
  userHash?: string | undefined;
}

/** A part of a list. */
export interface Page {
  /** Only rows after this one, given by its id. Default: from the first. */
  after?: string | undefined;
  /** The most rows, at least 1. Default: all. */
  limit?: number | undefined;
}

/** What may be read of sessions without a key. */
export interface SessionReader {
  get(key: string): Promise<SessionRow | undefined>;
  /** Those of these keys that there are, in no promised order. */
  getAll(keys: readonly string[]): Promise<SessionRow[]>;
  /** Sessions that have not ended, by their keys; a page goes on after a key, also one that is gone. */
  listOpen(page?: Page): Promise<SessionRow[]>;
  /** The session behind Plaid's session id, given by its `plaidSessionHash`; the newest, should there be several. */
  findByPlaidSession(plaidSessionHash: string): Promise<SessionRow | undefined>;
}

export interface SessionStore extends SessionReader {
  /**
   * Makes the row, or finds it. A repeat by the same first run id changes nothing but a `plaidSessionHash` that was not
   * known before. `claimedBefore` is true when another workflow (an earlier one with the same key) made the row.
   * A session that was purged is found whatever the request, which nobody can compare any more.
   * @throws VaultError KEY_REUSED when the key stands for another request
   */
  claim(claim: SessionClaim): Promise<{ row: SessionRow; claimedBefore: boolean }>;
  /**
   * Records the end state of the session that `firstRunId` claimed; repeating it is harmless. An end state is never
   * overwritten, and neither is anything of a row that another workflow claimed.
   * @throws VaultError SESSION_UNKNOWN
   */
  end(key: string, state: SessionState, firstRunId: string): Promise<void>;
}

/** One result of a session: a row of the exchange journal. Its id is the SHA-256 (hex) of the token that Plaid showed. */
export interface ResultRow {
  resultId: string;
  sessionKey: string;
  kind: TokenKind;
  state: ResultState;
  /** The item that came of it; with DUPLICATE, the one that the person has already; with UNCERTAIN, one that the vault has lost. */
  itemId: string | undefined;
  /** Why it ended as it did, when not LINKED or DUPLICATE, or why its last call made no item: Plaid's `TYPE/CODE`, or ours. */
  errorCode: string | undefined;
  /** Plaid's request ids of all calls made for it, oldest first, for Plaid's support. */
  requestIds: string[];
  /** Plaid's id of the link session that it came from, for Plaid's support. */
  linkSessionId: string | undefined;
  institutionId: string | undefined;
  institutionName: string | undefined;
  seenAt: Date;
  endedAt: Date | undefined;
}

/** What somebody found of an UNCERTAIN result: Plaid made no item, or made one that has been removed. */
export type Resolution = 'NO_ITEM' | 'REMOVED';

/** Which results to find; those that fit all of what is given. */
export interface ResultFilter extends Page {
  sessionKey?: string | undefined;
  state?: ResultState | undefined;
}

/** What may be read of results without a key. Lists are in the order in which they were seen. */
export interface ResultReader {
  /** All of one session. */
  list(sessionKey: string): Promise<ResultRow[]>;
  /** @throws VaultError RESULT_UNKNOWN when `after` is not there */
  find(filter?: ResultFilter): Promise<ResultRow[]>;
  get(resultId: string): Promise<ResultRow | undefined>;
}

/** What {@link ResultStore.acquire} found. */
export type Acquired =
  | { outcome: 'ENDED'; row: ResultRow }
  /** Ask again in `retryInMs`: another attempt holds the lease until then, or another result with the same account comes first. */
  | { outcome: 'HELD'; by: 'ATTEMPT' | 'DUPLICATE'; retryInMs: number }
  | {
      outcome: 'LEASED';
      row: ResultRow;
      /** Grows by one with each lease: a later holder's is larger. */
      fence: number;
      token: Secret;
      /** The accounts that it was recorded with; none when Plaid told none. */
      accounts: SeenAccount[];
      /** Earlier calls that were begun and have no definite answer on record. */
      unansweredCalls: number;
    };

/** A result's item, ready to be stored. */
export interface NewItem {
  itemId: string;
  accessToken: Secret;
  /** Default: what the result was recorded with. */
  institutionId?: string | undefined;
  institutionName?: string | undefined;
  accounts?: readonly SeenAccount[] | undefined;
  requestId: string;
}

/** How a call for a result came out when it made no item. */
export interface AnsweredCall {
  errorCode: string;
  requestId?: string | undefined;
}

/**
 * The exchange journal. No transaction is held across HTTP: `acquire` commits that a call is about to be made, and one of
 * `release`, `link` and `end` commits what came of it. A crash in between leaves the call on record as unanswered.
 */
export interface ResultStore extends ResultReader {
  /**
   * Keeps each token, sealed, by its hash; what is there already stays as it is, also with another session that recorded it
   * first. Gives all rows of the session.
   * @throws VaultError SESSION_UNKNOWN
   */
  record(sessionKey: string, tokens: readonly SeenToken[]): Promise<ResultRow[]>;
  /**
   * Takes the lease of a PENDING result for `leaseMs` (a whole number, at least 1) by the database's clock, and counts a call
   * as begun. The lease begins before the answer arrives: a holder counts from before it asked.
   *
   * With `refuseDuplicates` a public token whose exchange has not been begun ends as DUPLICATE instead, when the person (by
   * the user hash of the sessions) has a live item at the same institution with at least one of its accounts, by name and
   * mask. While another result of the person's with one of its accounts is being exchanged, it is HELD. Where the user, the
   * institution, or name and mask are not known, nothing is a duplicate.
   */
  acquire(
    resultId: string,
    leaseMs: number,
    options?: { refuseDuplicates?: boolean | undefined },
  ): Promise<Acquired>;
  /**
   * Gives the lease back for a later try. `answered` true: the call surely made no item, so it no longer counts as
   * unanswered. Does nothing when the fence has been passed.
   */
  release(resultId: string, fence: number, call: AnsweredCall & { answered: boolean }): Promise<void>;
  /**
   * Stores the item's access token and accounts, sealed, and ends the result as LINKED, in one transaction. Idempotent by item id, and
   * without a look at the fence: a late success always wins, also over UNCERTAIN, EXPIRED and FAILED. A repeat stores the
   * newest token; two item ids for one result (two exchanges) are both kept, and the result shows the last. An item that was
   * removed at Plaid stays removed, and the result becomes REMOVED.
   */
  link(resultId: string, item: NewItem): Promise<void>;
  /** Ends a PENDING result in another state and deletes its sealed token and accounts. Does nothing when the fence has been passed. */
  end(
    resultId: string,
    fence: number,
    state: Exclude<ResultState, 'PENDING' | 'LINKED' | 'DUPLICATE'>,
    call: AnsweredCall,
  ): Promise<void>;
  /**
   * Ends an UNCERTAIN result as FAILED (NO_ITEM) or REMOVED, with the error code RESOLVED_<resolution>. The same once more
   * changes nothing. A late success still wins.
   * @throws VaultError RESULT_UNKNOWN, or RESULT_NOT_UNCERTAIN
   */
  resolve(resultId: string, resolution: Resolution): Promise<ResultRow>;
}

/** An item as it may be shown: without its token and its accounts. */
export interface ItemRow {
  itemId: string;
  /** The session that linked it first. */
  sessionKey: string;
  /** Whose item it is: `userHash` of the user id of its session. */
  userHash: string | undefined;
  institutionId: string | undefined;
  institutionName: string | undefined;
  linkedAt: Date;
  /** When a session in update mode mended it last. */
  healthyAt: Date | undefined;
  /** When it was removed at Plaid, and its access token deleted. */
  removedAt: Date | undefined;
}

/** Which items to list; those that fit all of what is given. */
export interface ItemFilter extends Page {
  sessionKey?: string | undefined;
  userHash?: string | undefined;
  /** True: only those that are not removed. */
  live?: boolean | undefined;
}

export interface ItemStore {
  /**
   * In the order in which they were linked.
   * @throws VaultError ITEM_UNKNOWN when `after` is not there
   */
  list(filter?: ItemFilter): Promise<ItemRow[]>;
  get(itemId: string): Promise<ItemRow | undefined>;
  /** Fills in what `/item/get` told. */
  describe(
    itemId: string,
    institution: { institutionId?: string | undefined; institutionName?: string | undefined },
  ): Promise<void>;
  /**
   * Marks the item as mended now, and gives the time.
   * @throws VaultError ITEM_UNKNOWN
   */
  markMended(itemId: string): Promise<Date>;
  /**
   * Marks the item as removed at Plaid and deletes its sealed token and accounts. The result that it came from becomes
   * REMOVED; what was a duplicate of it stays DUPLICATE.
   */
  markRemoved(itemId: string): Promise<void>;
}

/** A callback that has been queued. */
export interface CallbackRow extends CallbackBody {
  callbackState: CallbackState;
  /** How it ended: `HTTP_<status>`, a code such as `ECONNREFUSED`, or `CANCELLED`; undefined while it is PENDING. */
  answer: string | undefined;
  queuedAt: Date;
  /** When it was taken, or given up. */
  endedAt: Date | undefined;
}

/** Which callbacks to list; those that fit all of what is given. */
export interface CallbackFilter {
  key?: string | undefined;
  callbackState?: CallbackState | undefined;
}

/** A callback that is to be queued. */
export interface NewCallback extends Omit<CallbackBody, 'sequence'> {
  /** The run id of the workflow that tells of the session: it tells a repeat from another callback. */
  toldBy: string;
}

/** What may be done about callbacks without a key. */
export interface CallbackReader {
  /** In the order in which they were queued. */
  list(filter?: CallbackFilter): Promise<CallbackRow[]>;
  /** Makes all callbacks of a session PENDING again, and tells how many that are. */
  requeue(key: string): Promise<number>;
}

/** The callbacks over HTTP, and what became of each: what is sent is what stands here. */
export interface CallbackStore extends CallbackReader {
  /** Gives the callback the next sequence number of its session. To repeat it changes nothing. */
  queue(callback: NewCallback): Promise<void>;
  /** Ends a PENDING one. Does nothing to one that has ended. */
  end(key: string, sequence: number, state: Exclude<CallbackState, 'PENDING'>, answer: string): Promise<void>;
}

/** Why somebody reads an access token; goes to the audit table. */
export interface AccessRead {
  itemId: string;
  /** Who reads, such as a service's name. 1 to 200 characters. */
  actor: string;
  /** What for. 1 to 200 characters. */
  purpose: string;
}
