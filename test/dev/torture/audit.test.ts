import { audit, type Finding } from '../../../dev/torture/audit';
import type { StatusReport } from '../../../src/client';
import type { LedgerJson } from '../../../src/sandbox';
import { Secret } from '../../../src/secret';
import type { Vault } from '../../../src/vault';

const SESSION_ID = 'a1b2c3d4-0000-4000-8000-000000000001';
const ITEM = { itemId: 'item-1', accessToken: 'access-sandbox-audit-test-1', sessionId: SESSION_ID };

type Item = LedgerJson['items'][number];
type Result = StatusReport['items'][number];

const ledgerItem = (changes: Partial<Item> = {}): Item => ({
  ...ITEM,
  institutionId: 'ins_1',
  institutionName: 'A bank',
  accounts: [],
  webhook: null,
  errorCode: null,
  live: true,
  createdAt: '2026-01-01T00:00:00Z',
  removedAt: null,
  ...changes,
});

const result = (changes: Partial<Result> = {}): Result =>
  ({ state: 'LINKED', itemId: ITEM.itemId, requestIds: [], ...changes }) as Result;

/** A run with one session, which completed with one item, and what differs from that. */
async function problemsOf({
  report = {},
  session = {},
  items = [ledgerItem()],
  publicTokens = [],
  stored = [{ itemId: ITEM.itemId, token: ITEM.accessToken }],
}: {
  report?: Partial<StatusReport>;
  session?: Partial<LedgerJson['sessions'][number]>;
  items?: Item[];
  publicTokens?: LedgerJson['publicTokens'];
  stored?: { itemId: string; token?: string; removedAt?: Date }[];
}): Promise<string[]> {
  const finding: Finding = {
    visit: { key: 'one', story: 'completed', plaidSessionId: SESSION_ID, refused: undefined },
    report: {
      state: 'COMPLETED',
      health: { kind: 'OK' },
      items: [result()],
      ...report,
    } as StatusReport,
  };
  const ledger = {
    sessions: [{ sessionId: SESSION_ID, status: 'COMPLETED', messages: { SMS: 0, EMAIL: 0 }, ...session }],
    items,
    publicTokens,
  } as unknown as LedgerJson;
  const vault = {
    items: { list: async () => stored },
    withAccessToken: async ({ itemId }: { itemId: string }, use: (token: Secret) => unknown) =>
      use(new Secret(stored.find((item) => item.itemId === itemId)!.token!)),
  } as unknown as Vault;
  return await audit([finding], ledger, vault);
}

describe('the audit of a torture run', () => {
  it('finds nothing wrong with a session whose item is stored once', async () => {
    expect(await problemsOf({})).toEqual([]);
  });

  it('takes a result that is UNCERTAIN for a live item that is not stored', async () => {
    const uncertain = { report: { items: [result({ state: 'UNCERTAIN', itemId: undefined })] }, stored: [] };
    expect(await problemsOf(uncertain)).toEqual([]);
  });

  it.each<[string, Parameters<typeof problemsOf>[0], RegExp]>([
    ['a live item that is not stored', { report: { items: [] }, stored: [] }, /1 live items are not stored/],
    [
      'a session that has not ended and does not say why',
      { report: { state: 'WAITING' }, session: { status: 'OPENED' } },
      /still WAITING, without a reason/,
    ],
    [
      'a result without an end',
      { report: { items: [result(), result({ state: 'PENDING', itemId: undefined })] } },
      /still PENDING/,
    ],
    [
      'a completion that was missed',
      { report: { state: 'EXPIRED' } },
      /Plaid says COMPLETED, but it ended as EXPIRED/,
    ],
    ['two messages', { session: { messages: { SMS: 2, EMAIL: 0 } } }, /Plaid sent 2 messages/],
    [
      'a public token that was exchanged twice',
      {
        publicTokens: [
          {
            publicToken: 'public-sandbox-1',
            sessionId: SESSION_ID,
            itemId: ITEM.itemId,
            exchanges: { succeeded: 2, refused: 0 },
          },
        ],
      },
      /exchanged 2 times/,
    ],
    [
      'an item that a cancelled session left behind',
      { report: { state: 'CANCELLED' } },
      /cancelled, but left 1 live items behind/,
    ],
    [
      'a token that is not the one that was issued',
      { stored: [{ itemId: ITEM.itemId, token: 'access-sandbox-another' }] },
      /not the one that Plaid issued/,
    ],
    [
      'a stored item that was removed at Plaid',
      { items: [ledgerItem({ live: false })] },
      /was removed at Plaid/,
    ],
    [
      'an item that is removed in the vault only',
      { stored: [{ itemId: ITEM.itemId, removedAt: new Date() }] },
      /removed in the vault, but lives at Plaid/,
    ],
    [
      'an item that Plaid never made',
      { stored: [{ itemId: 'item-2', token: 'x' }] },
      /item-2, which Plaid never made/,
    ],
    [
      'a live item of a session that the run does not know',
      { items: [ledgerItem(), ledgerItem({ itemId: 'item-3', sessionId: 'another' })] },
      /item-3 lives at Plaid, and no session/,
    ],
  ])('finds %s', async (_, run, problem) => {
    expect(await problemsOf(run)).toEqual(expect.arrayContaining([expect.stringMatching(problem)]));
  });
});
