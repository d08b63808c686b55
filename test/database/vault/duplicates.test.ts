import type { SeenAccount, SeenToken } from '../../../src/secrets/seen-token';
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { userHash } from '../../../src/secrets/digest';
import { Secret } from '../../../src/secrets/secret';
import { type Acquired, openVault, type Vault } from '../../../src/vault';
import { lockPerson } from '../../../src/vault/stores/duplicates';
import { runSql } from '../../../testing/postgres';
import { until } from '../../../testing/until';
import { describeOnEachDatabase, newKeys, prepareVault } from '../../../testing/databases';

const LONG_LEASE_MS = 600_000;

const CHECKING: SeenAccount = { name: 'Everyday Checking', mask: '4821' };
const SAVINGS: SeenAccount = { name: 'Rainy Day Savings', mask: '1177' };
const LOAN: SeenAccount = { name: 'Car Loan', mask: '7730' };

describeOnEachDatabase((server) => {
  let databaseUrl: string;
  /** Two workers, each with connections of its own. */
  let vault: Vault;
  let other: Vault;
  let person: string;

  beforeAll(async () => {
    databaseUrl = await server.emptyDatabase();
    const keys = newKeys();
    vault = await prepareVault(databaseUrl, keys);
    other = await openVault({ databaseUrl, keys, environment: 'sandbox' });
  });
  afterAll(async () => {
    await vault.close();
    await other.close();
  });
  beforeEach(() => {
    person = userHash(randomUUID());
  });

  async function startSession(user: string | null = person): Promise<string> {
    const key = randomUUID();
    await vault.sessions.claim({
      key,
      plaidFlow: 'hosted_link',
      firstRunId: 'run',
      requestDigest: 'digest',
      userHash: user ?? undefined,
    });
    return key;
  }

  /** Records a public token of a bank, as a session of the person sees it, and gives its result id. */
  async function see(
    accounts: SeenAccount[],
    { session, ...told }: Partial<SeenToken> & { session?: string } = {},
  ): Promise<string> {
    const token = new Secret(`public-sandbox-${randomUUID()}`);
    const seen = { kind: 'public_token', token, institutionId: 'ins_1', accounts, ...told } as const;
    const rows = await vault.results.record(session ?? (await startSession()), [seen]);
    return rows.at(-1)!.resultId;
  }

  const acquire = (resultId: string, holder = vault) =>
    holder.results.acquire(resultId, LONG_LEASE_MS, { refuseDuplicates: true });

  async function lease(resultId: string, holder = vault) {
    const acquired = await acquire(resultId, holder);
    if (acquired.outcome !== 'LEASED') throw new Error(`not leased but ${acquired.outcome}`);
    return acquired;
  }

  /** Exchanges a result whose lease is held, and gives the item's id. */
  async function link({ row, accounts }: Extract<Acquired, { outcome: 'LEASED' }>): Promise<string> {
    const itemId = `item-${randomUUID()}`;
    const accessToken = new Secret(`access-sandbox-${randomUUID()}`);
    await vault.results.link(row.resultId, { itemId, accessToken, accounts, requestId: 'request' });
    return itemId;
  }
  const linkNew = async (accounts: SeenAccount[], told: Parameters<typeof see>[1] = {}) =>
    await link(await lease(await see(accounts, told)));

  const HELD = { outcome: 'HELD', by: 'DUPLICATE', retryInMs: expect.any(Number) as number };

  test('a public token of an account that the person has already is not exchanged, and names the item', async () => {
    const itemId = await linkNew([CHECKING, SAVINGS]);
    const resultId = await see([CHECKING, SAVINGS]);
    const ended = { state: 'DUPLICATE', itemId, errorCode: undefined, endedAt: expect.any(Date) as Date };
    expect(await acquire(resultId)).toMatchObject({ outcome: 'ENDED', row: ended });
    expect(await vault.results.get(resultId)).toMatchObject(ended);
    expect(await acquire(resultId)).toMatchObject({ outcome: 'ENDED', row: ended });
    const [row] = await runSql<Record<string, unknown>>(
      databaseUrl,
      `SELECT sealed_token, sealed_accounts, fence FROM hosted_link.results WHERE result_id = '${resultId}'`,
    );
    expect(row).toEqual({ sealed_token: null, sealed_accounts: null, fence: 0 });
  });

  test('one account in common is enough', async () => {
    const itemId = await linkNew([CHECKING, SAVINGS]);
    expect(await acquire(await see([LOAN, SAVINGS]))).toMatchObject({ row: { state: 'DUPLICATE', itemId } });
  });

  test('of several items that it may be, the one that was linked first is named', async () => {
    const first = await linkNew([CHECKING]);
    await linkNew([SAVINGS]);
    expect(await acquire(await see([SAVINGS, CHECKING]))).toMatchObject({ row: { itemId: first } });
  });

  test.each<[what: string, accounts: SeenAccount[], told: Parameters<typeof see>[1]]>([
    ['another account', [LOAN], {}],
    ['another institution', [CHECKING], { institutionId: 'ins_2' }],
    ['an institution that Plaid did not tell', [CHECKING], { institutionId: undefined }],
    ['no accounts that Plaid told', [], {}],
    ['the same name with another mask', [{ ...CHECKING, mask: '4822' }], {}],
    ['the same mask with another name', [{ ...CHECKING, name: 'Checking' }], {}],
  ])('%s is exchanged', async (_what, accounts, told) => {
    await linkNew([CHECKING, SAVINGS]);
    expect((await acquire(await see(accounts, told))).outcome).toBe('LEASED');
  });

  test.each(['name', 'mask'] as const)(
    'accounts of whose %s Plaid told nothing are not compared',
    async (field) => {
      const account = { ...CHECKING, [field]: undefined };
      await linkNew([account]);
      expect((await acquire(await see([account]))).outcome).toBe('LEASED');
    },
  );

  test('the same account of another person, or of a session without a user id, is exchanged', async () => {
    await linkNew([CHECKING]);
    const another = await startSession(userHash('another'));
    const nobody = await startSession(null);
    expect((await acquire(await see([CHECKING], { session: another }))).outcome).toBe('LEASED');
    expect((await acquire(await see([CHECKING], { session: nobody }))).outcome).toBe('LEASED');
  });

  test('an item that was removed is no reason against a new one', async () => {
    const itemId = await linkNew([CHECKING]);
    const duplicate = await see([CHECKING]);
    await acquire(duplicate);
    await vault.items.markRemoved(itemId);
    expect(await vault.results.get(duplicate)).toMatchObject({ state: 'DUPLICATE', itemId });
    expect((await acquire(await see([CHECKING]))).outcome).toBe('LEASED');
  });

  test('without refuseDuplicates, and for an access token, nothing is compared', async () => {
    await linkNew([CHECKING]);
    const allowed = await see([CHECKING]);
    expect((await vault.results.acquire(allowed, LONG_LEASE_MS)).outcome).toBe('LEASED');
    const made = await see([CHECKING], {
      kind: 'access_token',
      token: new Secret(`access-sandbox-${randomUUID()}`),
    });
    expect((await acquire(made)).outcome).toBe('LEASED');
  });

  test('while another one with the same account is exchanged, it waits, and then is its duplicate', async () => {
    const [first, second] = [await see([CHECKING]), await see([CHECKING])];
    const leased = await lease(first);
    expect(await acquire(second, other)).toEqual(HELD);
    const itemId = await link(leased);
    expect(await acquire(second, other)).toMatchObject({ row: { state: 'DUPLICATE', itemId } });
  });

  test('it takes the place of another one that Plaid refused, for now or for good', async () => {
    const [first, second] = [await see([CHECKING]), await see([CHECKING])];
    const { fence } = await lease(first);
    await vault.results.release(first, fence, { errorCode: 'RATE_LIMIT_EXCEEDED/X', answered: true });
    const leased = await lease(second, other);
    expect(await acquire(first)).toEqual(HELD);
    const itemId = await link(leased);
    expect(await acquire(first)).toMatchObject({ row: { state: 'DUPLICATE', itemId } });

    const [third, fourth] = [await see([LOAN]), await see([LOAN])];
    const refused = await lease(third);
    await vault.results.end(third, refused.fence, 'FAILED', { errorCode: 'INVALID_REQUEST/X' });
    expect((await acquire(fourth)).outcome).toBe('LEASED');
  });

  test('it waits for the second try of one whose answer was lost, which is never itself a duplicate', async () => {
    const [first, second] = [await see([CHECKING]), await see([CHECKING])];
    const { fence } = await lease(first);
    await vault.results.release(first, fence, { errorCode: 'NO_ANSWER', answered: false });
    expect(await acquire(second)).toEqual(HELD);
    // Meanwhile somebody linked the account without asking.
    const allowed = await see([CHECKING]);
    await link(
      (await vault.results.acquire(allowed, LONG_LEASE_MS)) as Extract<Acquired, { outcome: 'LEASED' }>,
    );
    const again = await lease(first);
    expect(again.unansweredCalls).toBe(1);
  });

  test('it waits no longer than ten minutes for a second try that nobody makes', async () => {
    const [first, second] = [await see([CHECKING]), await see([CHECKING])];
    const { fence } = await lease(first);
    await vault.results.release(first, fence, { errorCode: 'NO_ANSWER', answered: false });
    await runSql(
      databaseUrl,
      `UPDATE hosted_link.results SET seen_at = seen_at - interval '11 minutes' WHERE result_id = '${first}'`,
    );
    expect((await acquire(second)).outcome).toBe('LEASED');
  });

  test('of results of one session, and of sessions at once, exactly one is exchanged', async () => {
    const session = await startSession();
    const results = [
      await see([CHECKING, SAVINGS], { session }),
      await see([CHECKING], { session }),
      await see([SAVINGS, CHECKING]),
      await see([CHECKING, LOAN]),
    ];
    const exchanged: string[] = [];
    const bringToEnd = async (resultId: string, holder: Vault) => {
      for (;;) {
        const acquired = await acquire(resultId, holder);
        if (acquired.outcome === 'ENDED') return acquired.row;
        if (acquired.outcome === 'LEASED') exchanged.push(await link(acquired));
      }
    };
    const ended = await Promise.all(
      results.map((resultId, index) => bringToEnd(resultId, index % 2 === 0 ? vault : other)),
    );
    expect(exchanged).toHaveLength(1);
    expect(new Set(ended.map(({ itemId }) => itemId))).toEqual(new Set(exchanged));
    expect(ended.map(({ state }) => state).sort()).toEqual(['DUPLICATE', 'DUPLICATE', 'DUPLICATE', 'LINKED']);
    expect(await vault.items.list({ userHash: person })).toHaveLength(1);
  });

  // PGlite has one backend, on which transactions take turns anyway.
  if (server.name === 'PostgreSQL') {
    test('those who decide about one person take turns', async () => {
      const [first, second] = [await see([CHECKING]), await see([CHECKING])];
      const decider = new Client({ connectionString: databaseUrl });
      await decider.connect();
      try {
        await decider.query('BEGIN');
        await lockPerson(
          { query: async (text, values) => (await decider.query(text, [...values!])).rows },
          { userHash: person },
        );
        const decided = [acquire(first), acquire(second, other)];
        const waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
        await until('both wait', async () => (await runSql(databaseUrl, waiting)).length === 2);
        await decider.query('COMMIT');
        const outcomes = (await Promise.all(decided)).map(({ outcome }) => outcome);
        expect(outcomes.sort()).toEqual(['HELD', 'LEASED']);
      } finally {
        await decider.end();
      }
    });
  }
});
