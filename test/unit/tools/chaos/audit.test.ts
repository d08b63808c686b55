import { audit } from '../../../../tools/chaos/audit';
import type { ChaosOutcome, Finding, StoredItem } from '../../../../tools/chaos/collect';
import { sha256 } from '../../../../tools/chaos/exchange-calls';
import type { LedgerJson } from '../../../../src/sandbox';
import type { ResultRow } from '../../../../src/vault';

type Session = LedgerJson['sessions'][number];
type Item = LedgerJson['items'][number];
type PublicToken = LedgerJson['publicTokens'][number];

const SESSION_ID = 'a1b2c3d4-0000-4000-8000-000000000001';
const PUBLIC_TOKEN = 'public-sandbox-audit-test-1';
const RESULT_ID = sha256(PUBLIC_TOKEN);
const ADDRESS = '+14155550001';

/** What differs from a run with one session that was sent, completed, and exchanged once for one item, which is stored. */
interface Differences {
  state?: Finding['report']['state'];
  report?: Partial<Finding['report']>;
  request?: Partial<Finding['session']['request']>;
  row?: Finding['row'];
  session?: Partial<Session>;
  moreSessions?: Partial<Session>[];
  item?: Partial<Item>;
  moreItems?: Partial<Item>[];
  publicToken?: Partial<PublicToken>;
  morePublicTokens?: Partial<PublicToken>[];
  result?: Partial<ResultRow>;
  results?: ResultRow[];
  stored?: Partial<StoredItem>;
  items?: StoredItem[];
  webhooks?: Partial<LedgerJson['webhooks'][number]>[];
  calls?: ChaosOutcome['calls'];
  disruptions?: ChaosOutcome['disruptions'];
  unfinished?: ChaosOutcome['unfinished'];
}

function problemsOf(differences: Differences): string[] {
  const { state = 'COMPLETED', ...its } = differences;
  const session = (changes: Partial<Session> = {}) =>
    ({
      sessionId: SESSION_ID,
      status: 'COMPLETED',
      addressees: [ADDRESS],
      linkSessions: [],
      ...changes,
    }) as Session;
  const item = (changes: Partial<Item> = {}) =>
    ({ itemId: 'item-1', accessToken: 'access-1', sessionId: SESSION_ID, live: true, ...changes }) as Item;
  const publicToken = (changes: Partial<PublicToken> = {}): PublicToken => ({
    publicToken: PUBLIC_TOKEN,
    sessionId: SESSION_ID,
    itemId: 'item-1',
    exchanges: { succeeded: 1, refused: 0 },
    ...changes,
  });
  const finding = {
    session: {
      key: 'one',
      script: 'completed',
      plaidSessionId: SESSION_ID,
      request: { delivery: { method: 'SMS', address: ADDRESS }, ...its.request },
    },
    report: { state, health: { kind: 'OK' }, plaidFlow: 'hosted_link', ...its.report },
    row: 'row' in its ? its.row : { state },
  } as Finding;
  const result = { resultId: RESULT_ID, sessionKey: 'one', state: 'LINKED', itemId: 'item-1', ...its.result };
  return audit({
    findings: [finding],
    results: its.results ?? [result as ResultRow],
    items: its.items ?? [{ itemId: 'item-1', hasIssuedToken: true, ...its.stored } as StoredItem],
    ledger: {
      sessions: [session(its.session), ...(its.moreSessions ?? []).map(session)],
      items: [item(its.item), ...(its.moreItems ?? []).map(item)],
      publicTokens: [publicToken(its.publicToken), ...(its.morePublicTokens ?? []).map(publicToken)],
      webhooks: (its.webhooks ?? []) as LedgerJson['webhooks'],
    } as LedgerJson,
    calls: its.calls ?? [{ resultId: RESULT_ID, at: 1_000, fate: 'ANSWERED' }],
    disruptions: its.disruptions ?? [],
    unfinished: its.unfinished ?? [],
  });
}

const call = (at: number, fate: ChaosOutcome['calls'][number]['fate']) => ({ resultId: RESULT_ID, at, fate });

/** A second try: Plaid refuses it, since the first one was a success. */
const secondTry = (
  fate: ChaosOutcome['calls'][number]['fate'],
  disruptions: ChaosOutcome['disruptions'] = [],
): Differences => ({
  publicToken: { exchanges: { succeeded: 1, refused: 1 } },
  calls: [call(1_000, fate), call(40_000, 'ANSWERED')],
  disruptions,
});

describe('the audit of a chaos run', () => {
  it.each<[string, Differences]>([
    ['a session whose item is stored once', {}],
    [
      'a live item of which a result that is UNCERTAIN tells',
      { result: { state: 'UNCERTAIN', itemId: undefined }, items: [] },
    ],
    [
      'the same of a cancelled session',
      { state: 'CANCELLED', result: { state: 'UNCERTAIN', itemId: undefined }, items: [] },
    ],
    [
      'an item of a cancelled session that was removed',
      {
        state: 'CANCELLED',
        item: { live: false },
        result: { state: 'REMOVED' },
        stored: { removedAt: new Date() },
      },
    ],
    [
      'a public token of a cancelled session that died unseen',
      {
        state: 'CANCELLED',
        item: { live: false },
        publicToken: { itemId: null, exchanges: { succeeded: 0, refused: 0 } },
        results: [],
        items: [],
        calls: [],
      },
    ],
    [
      'a completion by a person who connected a bank, and left',
      {
        session: {
          status: 'EXPIRED',
          linkSessions: [{ finishedAt: '2026-01-01T00:00:00Z', results: 1 }] as Session['linkSessions'],
        },
      },
    ],
    [
      'a session whose link token expired before it could be made',
      {
        state: 'FAILED',
        report: { lastError: { type: 'INVALID_INPUT/INVALID_LINK_TOKEN' } as Finding['report']['lastError'] },
        session: { sessionId: 'another', addressees: [] },
        item: { sessionId: 'another', live: false },
        publicToken: { sessionId: 'another', itemId: null, exchanges: { succeeded: 0, refused: 0 } },
        results: [],
        items: [],
      },
    ],
    [
      'a session that Plaid had made when its answer was lost, and whose link token expired before the next try',
      {
        state: 'FAILED',
        report: { lastError: { type: 'INVALID_INPUT/INVALID_LINK_TOKEN' } as Finding['report']['lastError'] },
        session: { status: 'EXPIRED', addressees: [] },
        item: { sessionId: 'another', live: false },
        publicToken: { sessionId: 'another', itemId: null, exchanges: { succeeded: 0, refused: 0 } },
        results: [],
        items: [],
      },
    ],
    ['webhooks of which some were lost', { webhooks: [{ outcome: 'LOST' }, { outcome: 'DELIVERED' }] }],
    ['a second try after an answer that was lost', secondTry('ANSWER_LOST')],
    [
      'a second try after a disruption',
      secondTry('ANSWERED', [{ name: 'worker 1 killed', from: 1_100, to: 4_000 }]),
    ],
    ['a second try after a refusal before the work', { calls: [call(1, 'NOT_DONE'), call(2, 'ANSWERED')] }],
  ])('finds nothing wrong with %s', (_, run) => {
    expect(problemsOf(run)).toEqual([]);
  });

  it.each<[string, Differences, RegExp]>([
    ['a lost item', { results: [], items: [] }, /item-1 lives at Plaid, and no result stands for it/],
    ['an item that was not stored', { items: [] }, /LINKED, but its item is not stored/],
    [
      'an item that a result which is not UNCERTAIN gave up',
      { result: { state: 'FAILED' }, items: [] },
      /item-1 lives at Plaid, but is not stored: its result in one is FAILED/,
    ],
    [
      'a public token that was never seen',
      {
        morePublicTokens: [
          { publicToken: 'public-2', itemId: null, exchanges: { succeeded: 0, refused: 0 } },
        ],
      },
      /1 of its results were never seen/,
    ],
    [
      'an access token that was never seen',
      { report: { plaidFlow: 'link_delivery' }, moreItems: [{ itemId: 'item-2', accessToken: 'access-2' }] },
      /1 of its results were never seen/,
    ],
    [
      'an item that is called UNCERTAIN although it is stored',
      { result: { state: 'UNCERTAIN' } },
      /UNCERTAIN, but its item is stored/,
    ],
    [
      'a second item of one token',
      { publicToken: { exchanges: { succeeded: 2, refused: 0 } } },
      /was exchanged 2 times/,
    ],
    [
      'a token that was exchanged again after an answer',
      secondTry('ANSWERED'),
      /again, although there was an answer/,
    ],
    [
      'the same after a disruption that came later',
      secondTry('ANSWERED', [{ name: 'worker 1 killed', from: 50_000, to: 60_000 }]),
      /again, although there was an answer/,
    ],
    [
      'a third try',
      { publicToken: { exchanges: { succeeded: 1, refused: 2 } } },
      /was sent to be exchanged 3 times/,
    ],
    ['two messages of one session', { session: { addressees: [ADDRESS, ADDRESS] } }, /Plaid sent 2 messages/],
    [
      'two messages of two sessions at Plaid',
      { moreSessions: [{ sessionId: 'another' }] },
      /Plaid sent 2 messages/,
    ],
    ['a message that was not sent', { session: { addressees: [] } }, /Plaid sent 0 messages/],
    [
      'an item that a cancelled session left behind',
      { state: 'CANCELLED' },
      /item-1 lives at Plaid, although its session one was cancelled/,
    ],
    [
      'a session that has not ended and does not say why',
      { state: 'WAITING', session: { status: 'OPENED' } },
      /still WAITING, without a reason/,
    ],
    [
      'a session that has not ended and says why',
      { state: 'WAITING', report: { health: { kind: 'ERRORS' } as Finding['report']['health'] } },
      /still WAITING$/,
    ],
    ['a session that has FAILED', { state: 'FAILED' }, /has FAILED: without a reason/],
    ['a completion that was missed', { state: 'EXPIRED' }, /Plaid says COMPLETED, but it ended as EXPIRED/],
    [
      'a completion that Plaid does not know of',
      { session: { status: 'EXITED' } },
      /Plaid says EXITED, but it ended as COMPLETED/,
    ],
    [
      'a session that Plaid does not know',
      { session: { sessionId: 'another' } },
      /Plaid has no such session/,
    ],
    [
      'a vault that has another state',
      { row: { state: 'WAITING' } as Finding['row'] },
      /is COMPLETED, but WAITING in the vault/,
    ],
    ['a vault that has no such session', { row: undefined }, /but not there in the vault/],
    ['a result without an end', { result: { state: 'PENDING' } }, /is still PENDING/],
    [
      'a result of no token',
      { result: { resultId: sha256('public-x') } },
      /of no token that Plaid handed out/,
    ],
    [
      'a result that another session has',
      { publicToken: { sessionId: 'another' } },
      /is of a token of another session/,
    ],
    ["another item's id", { result: { itemId: 'item-2' } }, /LINKED with an item that is not its own/],
    ['a DUPLICATE that was exchanged', { result: { state: 'DUPLICATE' } }, /is DUPLICATE, but was exchanged/],
    [
      'a DUPLICATE of nothing',
      {
        publicToken: { itemId: null, exchanges: { succeeded: 0, refused: 0 } },
        result: { state: 'DUPLICATE', itemId: 'item-9' },
      },
      /is DUPLICATE of an item that is not there/,
    ],
    [
      'a token that is not the one that was issued',
      { stored: { hasIssuedToken: false } },
      /not the one that Plaid issued/,
    ],
    ['a stored item that was removed at Plaid', { item: { live: false } }, /was removed at Plaid/],
    [
      'an item that is removed in the vault only',
      { stored: { removedAt: new Date() } },
      /removed in the vault, but lives at Plaid/,
    ],
    [
      'an item that Plaid never made',
      { items: [{ itemId: 'item-2', hasIssuedToken: true } as StoredItem] },
      /item-2, which Plaid never made/,
    ],
    [
      'an item that is not repaired after a session in update mode',
      { request: { update: { itemId: 'item-1' } }, item: { errorCode: 'ITEM_LOGIN_REQUIRED' } },
      /Plaid says ITEM_LOGIN_REQUIRED of its item/,
    ],
    [
      'an item that was repaired unnoticed',
      { request: { update: { itemId: 'item-1' } } },
      /is healthy again, but not in the vault/,
    ],
    [
      'a session in update mode that does not report its item as healthy',
      { request: { update: { itemId: 'item-1' } }, stored: { healthyAt: new Date() } },
      /is healthy again, but not in its status/,
    ],
    [
      'a receiver that took no webhook',
      { webhooks: [{ outcome: 'PENDING' }] },
      /not one of the 1 webhooks was taken/,
    ],
    [
      'a workflow that still runs',
      { unfinished: [{ workflowId: 'token-exchange/one', status: 'RUNNING' }] },
      /token-exchange\/one is RUNNING/,
    ],
  ])('finds %s', (_, run, problem) => {
    expect(problemsOf(run)).toEqual(expect.arrayContaining([expect.stringMatching(problem)]));
  });

  it('names no token', () => {
    expect(problemsOf(secondTry('ANSWERED')).join()).not.toContain(PUBLIC_TOKEN);
  });
});
