import { createHash, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { type Activities, createActivities } from '../../../src/activities';
import { userHash } from '../../../src/secrets/digest';
import { PlaidApiError, PlaidNoAnswerError } from '../../../src/plaid/errors';
import type { ExchangedItem, PlaidClient } from '../../../src/plaid/plaid';
import { Secret } from '../../../src/secrets/secret';
import type { ResultState } from '../../../src/domain/states';
import type { NewItem, Vault } from '../../../src/vault';
import { type PgliteOwner, startPglite } from '../../../testing/pglite';
import { runSql } from '../../../testing/postgres';
import { runActivity } from '../../../testing/run-activity';
import { makeFolder, prepareVault } from '../../../testing/databases';

const RUNS = 60;

/** The first two public tokens are of one account, the third is of another. */
const ACCOUNTS = ['0001', '0001', '0002'];

const EXCHANGE = '/item/public_token/exchange';

/** How Plaid, or the way to it, meets one call. */
const ANSWERS = ['OK', 'RATE_LIMIT', 'INVALID_FIELD', 'LOST_BEFORE', 'LOST_AFTER'] as const;
type Answer = (typeof ANSWERS)[number];

type Step =
  | { do: 'see' | 'lease over' | 'late' | 'crash'; token: number }
  | { do: 'attempt'; token: number; answer: Answer }
  | { do: 'resolve'; token: number; as: 'NO_ITEM' | 'REMOVED' };

const token = fc.integer({ min: 0, max: ACCOUNTS.length - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constantFrom('see', 'lease over', 'late', 'crash'), token }),
  {
    arbitrary: fc.record({ do: fc.constant('attempt'), token, answer: fc.constantFrom(...ANSWERS) }),
    weight: 2,
  },
  fc.record({ do: fc.constant('resolve'), token, as: fc.constantFrom('NO_ITEM', 'REMOVED') }),
);

/** Plaid as far as an exchange goes: a public token is good once. */
class OneUsePlaid {
  answer: Answer = 'OK';
  /** Items made, by public token; of `LOST_AFTER` too. */
  readonly made = new Map<string, ExchangedItem>();
  readonly calls = new Map<string, number>();

  async exchange(publicToken: Secret): Promise<ExchangedItem> {
    const text = publicToken.reveal();
    this.calls.set(text, (this.calls.get(text) ?? 0) + 1);
    if (this.answer === 'LOST_BEFORE') throw new PlaidNoAnswerError(EXCHANGE, true, 'ECONNRESET');
    if (this.answer === 'RATE_LIMIT') throw apiError('RATE_LIMIT_EXCEEDED', 'RATE_LIMIT', 429);
    if (this.made.has(text)) throw apiError('INVALID_INPUT', 'INVALID_PUBLIC_TOKEN', 400);
    if (this.answer === 'INVALID_FIELD') throw apiError('INVALID_REQUEST', 'INVALID_FIELD', 400);
    const accessToken = new Secret(`access-sandbox-${randomUUID()}`);
    const item = { accessToken, itemId: `item-${randomUUID()}`, requestId: randomUUID() };
    this.made.set(text, item);
    if (this.answer === 'LOST_AFTER') throw new PlaidNoAnswerError(EXCHANGE, true, 'ECONNRESET');
    return item;
  }
}

function apiError(type: string, code: string, status: number): PlaidApiError {
  return new PlaidApiError(EXCHANGE, type, code, status, randomUUID());
}

describe('any order of tokens, answers, crashes, lost leases and resolutions', () => {
  const folder = makeFolder();
  let database: PgliteOwner;
  let vault: Vault;

  beforeAll(async () => {
    database = await startPglite(folder.path);
    vault = await prepareVault(database.databaseUrl);
  }, 60_000);
  afterAll(async () => {
    await vault?.close();
    await database?.stop();
    folder.remove();
  });

  /** One person's session, and what happened to each of its public tokens. */
  async function play(steps: readonly Step[]) {
    const key = randomUUID();
    await vault.sessions.claim({
      key,
      plaidFlow: 'hosted_link',
      firstRunId: 'run',
      requestDigest: 'digest',
      userHash: userHash(key),
    });
    const plaid = new OneUsePlaid();
    const tokens = ACCOUNTS.map((mask) => ({ mask, token: new Secret(`public-sandbox-${randomUUID()}`) }));
    const ids = tokens.map((one) => createHash('sha256').update(one.token.reveal()).digest('hex'));
    /** What a process had in hand when it was cut off. */
    const inHand = new Map<number, NewItem>();
    const callsWhenLinked = new Map<string, number>();
    const activities: Activities = createActivities({
      plaid: { itemPublicTokenExchange: (one: Secret) => plaid.exchange(one) } as PlaidClient,
      vault,
      environment: 'sandbox',
      noticeClient: undefined as never,
      now: () => Promise.resolve(Date.now()),
    });
    const see = async (index: number) => {
      const { token: seen, mask } = tokens[index]!;
      const accounts = [{ name: 'Checking', mask }];
      await vault.results.record(key, [
        { kind: 'public_token', token: seen, institutionId: 'ins_1', accounts },
      ]);
    };
    const leaseOver = (index: number) =>
      runSql(
        database.databaseUrl,
        `UPDATE hosted_link.results SET leased_until = now() - interval '1 s'
        WHERE result_id = '${ids[index]}' AND leased_until IS NOT NULL`,
      );
    const attempt = async (index: number, answer: Answer) => {
      plaid.answer = answer;
      const view = await runActivity(activities.exchangeResult, ids[index]!).catch(() => undefined);
      if (view?.state === 'LINKED' && !callsWhenLinked.has(ids[index]!))
        callsWhenLinked.set(ids[index]!, plaid.calls.get(tokens[index]!.token.reveal()) ?? 0);
    };
    /** A worker is killed between Plaid's answer and the vault, or frozen there to go on late. */
    const crash = async (index: number) => {
      const acquired = await vault.results.acquire(ids[index]!, 30_000, { refuseDuplicates: true });
      if (acquired.outcome !== 'LEASED' || acquired.unansweredCalls >= 2) return;
      plaid.answer = 'OK';
      const item = await plaid.exchange(acquired.token).catch(() => undefined);
      if (item) inHand.set(index, { ...item, accounts: acquired.accounts });
    };
    for (const one of steps) {
      const index = one.token;
      await see(index);
      if (one.do === 'lease over') await leaseOver(index);
      else if (one.do === 'attempt') await attempt(index, one.answer);
      else if (one.do === 'crash') await crash(index);
      else if (one.do === 'resolve') await vault.results.resolve(ids[index]!, one.as).catch(() => undefined);
      else if (inHand.has(index)) await vault.results.link(ids[index]!, inHand.get(index)!);
    }
    for (let rounds = 0; rounds < 4; rounds++) {
      for (const index of tokens.keys()) {
        await see(index);
        await leaseOver(index);
        await attempt(index, 'OK');
      }
    }
    return { key, plaid, tokens, ids, callsWhenLinked };
  }

  it('ends in one legal state, with every public token exchanged at most once after a success', async () => {
    const ends = new Set<ResultState>();
    const property = fc.asyncProperty(fc.array(step, { maxLength: 25, size: 'max' }), async (steps) => {
      const { key, plaid, tokens, ids, callsWhenLinked } = await play(steps);
      const results = await vault.results.list(key);
      expect(results.map(({ resultId }) => resultId).sort()).toEqual([...ids].sort());
      for (const { resultId, state, itemId, errorCode } of results) {
        ends.add(state);
        const text = tokens[ids.indexOf(resultId)]!.token.reveal();
        const item = plaid.made.get(text);
        expect(state).not.toBe('PENDING');
        // No call follows a success that is on record.
        if (callsWhenLinked.has(resultId)) expect(plaid.calls.get(text)).toBe(callsWhenLinked.get(resultId));
        if (state === 'LINKED') {
          const read = { itemId: itemId!, actor: 'test', purpose: 'compare' };
          expect(itemId).toBe(item!.itemId);
          await vault.withAccessToken(read, async (stored) => {
            expect(stored.reveal() === item!.accessToken.reveal()).toBe(true);
          });
        } else if (item) {
          // Plaid made an item that is not in the vault: only these say so.
          expect(state === 'UNCERTAIN' || errorCode?.startsWith('RESOLVED_')).toBe(true);
        }
      }
      const items = await vault.items.list({ sessionKey: key });
      expect(items).toHaveLength(results.filter(({ state }) => state === 'LINKED').length);
      // An account has a second item only when nobody could tell that it had a first.
      const lost = steps.some(
        (one) => one.do === 'crash' || (one.do === 'attempt' && one.answer.startsWith('LOST')),
      );
      if (!lost) expect(items.length).toBeLessThanOrEqual(new Set(ACCOUNTS).size);
    });
    await fc.assert(property, { numRuns: RUNS });
    expect([...ends]).toEqual(expect.arrayContaining(['LINKED', 'DUPLICATE', 'FAILED', 'UNCERTAIN']));
  }, 300_000);
});
