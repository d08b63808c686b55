import { verifyOutcome, type Outcome } from '../../../../tools/demo/verify-outcome';
import type { ExpectedEnd } from '../../../../tools/demo/scenarios';
import type { LedgerJson } from '../../../../src/sandbox';
import type { ResultState } from '../../../../src/domain/states';

const plaidSessionId = 'b52635f1-95fd-42b6-8076-ea6a502943f0';

const expected: ExpectedEnd = {
  state: 'COMPLETED',
  statuses: ['CREATED', 'OPENED', 'COMPLETED'],
  results: ['LINKED'],
  messages: ['SMS'],
};

const removed: ExpectedEnd = { ...expected, state: 'CANCELLED', results: ['REMOVED'] };

/** A session that ended as {@link expected}, with its one item in the vault and at Plaid. */
function outcome(): Outcome {
  return {
    plaidSessionId,
    report: { state: 'COMPLETED', plaidStatus: 'COMPLETED', results: [itemReport('LINKED')] },
    items: [{ itemId: 'item-1', institutionName: 'Tallgrass Mutual', removedAt: undefined }],
    ledger: ledger(),
  };
}

function itemReport(state: ResultState): Outcome['report']['results'][number] {
  return {
    state,
    itemId: 'item-1',
    institutionName: 'Tallgrass Mutual',
    errorCode: undefined,
    requestIds: [],
    linkSessionId: undefined,
  };
}

function ledger(): LedgerJson {
  const none: string[] = [];
  return {
    secrets: {
      accessTokens: none,
      publicTokens: none,
      linkTokens: none,
      sessionIds: none,
      hostedUrls: none,
      plaidSecrets: none,
      phoneNumbers: none,
      emailAddresses: none,
    },
    sessions: [
      {
        sessionId: plaidSessionId,
        status: 'COMPLETED',
        history: (['CREATED', 'OPENED', 'COMPLETED'] as const).map((status) => ({ status, at: '' })),
        expiresAt: '',
        itemIds: ['item-1'],
        linkSessions: [],
        messages: { SMS: 1, EMAIL: 0 },
        addressees: ['+14155550123'],
        timesTokensShown: 1,
      },
    ],
    publicTokens: [
      {
        publicToken: 'public-sandbox-1',
        sessionId: plaidSessionId,
        itemId: 'item-1',
        exchanges: { succeeded: 1, refused: 0 },
      },
    ],
    items: [
      {
        accessToken: 'access-sandbox-1',
        itemId: 'item-1',
        sessionId: plaidSessionId,
        institutionId: 'ins_990004',
        institutionName: 'Tallgrass Mutual',
        accounts: [],
        webhook: null,
        errorCode: null,
        live: true,
        createdAt: '',
        removedAt: null,
      },
    ],
    webhooks: [],
  };
}

it('finds nothing wrong with a session that ended as it should', () => {
  expect(verifyOutcome(expected, outcome())).toEqual([]);
});

it('finds nothing wrong with a cancelled session whose item was removed', () => {
  const ended = outcome();
  ended.report = { state: 'CANCELLED', plaidStatus: 'COMPLETED', results: [itemReport('REMOVED')] };
  ended.items = [];
  ended.ledger.items[0]!.live = false;
  expect(verifyOutcome(removed, ended)).toEqual([]);
});

it.each<[string, (ended: Outcome) => void, string[]]>([
  ['another state', ({ report }) => (report.state = 'FAILED'), ['state: expected COMPLETED, found FAILED']],
  [
    'another last word of Plaid',
    ({ report }) => (report.plaidStatus = undefined),
    ['what Plaid said last: expected COMPLETED, found none'],
  ],
  [
    'another way through the page',
    ({ ledger: { sessions } }) => sessions[0]!.history.splice(1, 1),
    ['what Plaid said in turn: expected CREATED, OPENED, COMPLETED, found CREATED, COMPLETED'],
  ],
  [
    'a result that ended otherwise',
    ({ report }) => (report.results = [itemReport('UNCERTAIN')]),
    ['results: expected LINKED, found UNCERTAIN'],
  ],
  [
    'an item that is missing in the vault',
    (ended) => (ended.items = []),
    ['items in the vault: expected item-1 at Tallgrass Mutual, found none'],
  ],
  [
    'an item whose institution is not known in the vault',
    ({ items }) => (items[0]!.institutionName = undefined),
    ['items in the vault: expected item-1 at Tallgrass Mutual, found item-1 at undefined'],
  ],
  [
    'an item that Plaid no longer has',
    ({ ledger: { items } }) => (items[0]!.live = false),
    [
      'items in the vault: expected none, found item-1 at Tallgrass Mutual',
      'live items at Plaid: expected 1, found 0',
    ],
  ],
  [
    'a public token that was tried twice',
    ({ ledger: { publicTokens } }) => (publicTokens[0]!.exchanges.refused = 1),
    ['exchanges of a public token: expected 1 done, 0 refused, found 1 done, 1 refused'],
  ],
  [
    'a second message',
    ({ ledger: { sessions } }) => (sessions[0]!.messages.SMS = 2),
    ['messages sent by Plaid: expected SMS, found SMS, SMS'],
  ],
  [
    'no session at Plaid',
    ({ ledger: { sessions } }) => sessions.splice(0),
    ['Plaid does not know the session'],
  ],
])('names %s', (_what, change, problems) => {
  const ended = outcome();
  change(ended);
  expect(verifyOutcome(expected, ended)).toEqual(problems);
});

it('names an item that a cancelled session left behind at Plaid', () => {
  const ended = outcome();
  ended.report = { state: 'CANCELLED', plaidStatus: 'COMPLETED', results: [itemReport('REMOVED')] };
  ended.items = [];
  expect(verifyOutcome(removed, ended)).toEqual([
    'items in the vault: expected item-1 at Tallgrass Mutual, found none',
    'live items at Plaid: expected 0, found 1',
  ]);
});
