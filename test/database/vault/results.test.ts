import type { SeenToken } from '../../../src/secrets/seen-token';
import { createHash, randomUUID } from 'node:crypto';
import { describeOnEachDatabase, newKeys, prepareVault } from '../../../testing/databases';
import { type Acquired, openVault, type ResultRow, type Vault } from '../../../src/vault';
import { Secret } from '../../../src/secrets/secret';
import { runSql } from '../../../testing/postgres';

type Leased = Extract<Acquired, { outcome: 'LEASED' }>;

/** Longer than any test here. */
const LONG_LEASE_MS = 600_000;

describeOnEachDatabase((server) => {
  let databaseUrl: string;
  /** Two holders, each with connections of its own. */
  let vault: Vault;
  let other: Vault;
  let session: string;

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
  beforeEach(async () => {
    session = randomUUID();
    await vault.sessions.claim({
      key: session,
      plaidFlow: 'link_delivery',
      firstRunId: 'run',
      requestDigest: 'digest',
    });
  });

  const newToken = (kind: SeenToken['kind'] = 'public_token'): SeenToken => ({
    kind,
    token: new Secret(`${kind === 'public_token' ? 'public' : 'access'}-sandbox-${randomUUID()}`),
  });
  const newItem = (itemId = `item-${randomUUID()}`, requestId = 'request-link') => ({
    itemId,
    accessToken: new Secret(`access-sandbox-${randomUUID()}`),
    requestId,
  });
  async function recordOne(seen = newToken()): Promise<ResultRow> {
    return (await vault.results.record(session, [seen]))[0]!;
  }
  async function lease(resultId: string, leaseMs = LONG_LEASE_MS, holder = vault): Promise<Leased> {
    const acquired = await holder.results.acquire(resultId, leaseMs);
    if (acquired.outcome !== 'LEASED') throw new Error(`not leased but ${acquired.outcome}`);
    return acquired;
  }
  /** Asks again and again until the lease of another has run out. */
  async function leaseWhenFree(resultId: string, holder: Vault): Promise<Leased> {
    for (;;) {
      const acquired = await holder.results.acquire(resultId, LONG_LEASE_MS);
      if (acquired.outcome === 'LEASED') return acquired;
      if (acquired.outcome === 'ENDED') throw new Error('ended');
    }
  }
  async function read(resultId: string): Promise<ResultRow> {
    return (await vault.results.list(session)).find((row) => row.resultId === resultId)!;
  }
  const readToken = (itemId: string) =>
    vault.withAccessToken({ itemId, actor: 'test', purpose: 'compare' }, (token) =>
      Promise.resolve(token.reveal()),
    );
  async function sealedTokenOf(resultId: string): Promise<unknown> {
    const rows = await runSql<{ sealed_token: Buffer | null }>(
      databaseUrl,
      `SELECT sealed_token FROM hosted_link.results WHERE result_id = '${resultId}'`,
    );
    return rows[0]!.sealed_token;
  }

  test('tokens are recorded once each, by their hash, in the order they were seen', async () => {
    const [one, two] = [newToken(), newToken('access_token')];
    await vault.results.record(session, [one]);
    const rows = await vault.results.record(session, [two, one, two]);
    expect(rows.map(({ resultId, kind, state }) => ({ resultId, kind, state }))).toEqual(
      [one, two].map(({ kind, token }) => ({
        resultId: createHash('sha256').update(token.reveal()).digest('hex'),
        kind,
        state: 'PENDING',
      })),
    );
    expect(await vault.results.list(session)).toEqual(rows);
    expect(rows[0]).toEqual({
      resultId: expect.stringMatching(/^[0-9a-f]{64}$/),
      sessionKey: session,
      kind: 'public_token',
      state: 'PENDING',
      itemId: undefined,
      errorCode: undefined,
      requestIds: [],
      linkSessionId: undefined,
      institutionId: undefined,
      institutionName: undefined,
      seenAt: expect.any(Date),
      endedAt: undefined,
    });
  });

  test('what Plaid told of a token is kept with it, and its accounts are sealed until it ends', async () => {
    const accounts = [{ name: 'Everyday Checking', mask: '4821' }];
    const told = {
      linkSessionId: 'link-session-1',
      institutionId: 'ins_1',
      institutionName: 'First Fictitious Bank',
    };
    const row = await recordOne({ ...newToken(), ...told, accounts });
    expect(row).toMatchObject(told);
    expect(await vault.results.get(row.resultId)).toEqual(row);
    const sealed = async () => {
      const [columns] = await runSql<Record<string, Buffer | null>>(
        databaseUrl,
        `SELECT accounts_wrapped_key, sealed_accounts FROM hosted_link.results WHERE result_id = '${row.resultId}'`,
      );
      return Object.values(columns!);
    };
    const [wrapped, ciphertext] = await sealed();
    expect(wrapped).toBeInstanceOf(Buffer);
    expect(ciphertext!.includes('4821')).toBe(false);
    const { fence, accounts: opened } = await lease(row.resultId);
    expect(opened).toEqual(accounts);
    await vault.results.end(row.resultId, fence, 'FAILED', { errorCode: 'OTHER' });
    expect(await sealed()).toEqual([null, null]);
    expect(await vault.results.get(row.resultId)).toMatchObject(told);
  });

  test('an item takes over what its result was recorded with, unless Plaid told otherwise', async () => {
    const told = { institutionId: 'ins_1', institutionName: 'First Fictitious Bank' };
    const { resultId } = await recordOne({ ...newToken(), ...told });
    const item = newItem();
    await vault.results.link(resultId, { ...item, institutionName: 'First Bank' });
    const linked = { ...told, institutionName: 'First Bank' };
    expect(await vault.items.get(item.itemId)).toMatchObject(linked);
    expect(await vault.results.get(resultId)).toMatchObject(linked);
  });

  test('recording without tokens lists what is there', async () => {
    expect(await vault.results.record(session, [])).toEqual([]);
  });

  test('tokens of a session that is not there are refused', async () => {
    await expect(vault.results.record('nobody', [newToken()])).rejects.toMatchObject({
      code: 'SESSION_UNKNOWN',
    });
  });

  test('a lease gives the token as it was seen, and counts the call', async () => {
    const seen = newToken();
    const { resultId } = await recordOne(seen);
    const leased = await lease(resultId);
    expect(leased).toMatchObject({ fence: 1, unansweredCalls: 0, row: { resultId, state: 'PENDING' } });
    expect(leased.token.reveal()).toBe(seen.token.reveal());
  });

  test('of many that ask at once exactly one gets the lease', async () => {
    const { resultId } = await recordOne();
    const asked = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        (index % 2 === 0 ? vault : other).results.acquire(resultId, LONG_LEASE_MS),
      ),
    );
    expect(asked.filter(({ outcome }) => outcome === 'LEASED')).toHaveLength(1);
    for (const acquired of asked) {
      if (acquired.outcome !== 'HELD') continue;
      expect(acquired.retryInMs).toBeGreaterThan(0);
      expect(acquired.retryInMs).toBeLessThanOrEqual(LONG_LEASE_MS);
    }
  });

  test('a lease that ran out goes to the next holder, and the first can change nothing more', async () => {
    const { resultId } = await recordOne();
    const first = await lease(resultId, 50);
    const second = await leaseWhenFree(resultId, other);
    expect(second).toMatchObject({ fence: first.fence + 1, unansweredCalls: 1 });
    const held = await read(resultId);

    await vault.results.release(resultId, first.fence, {
      errorCode: 'LATE',
      requestId: 'late',
      answered: true,
    });
    await vault.results.end(resultId, first.fence, 'FAILED', { errorCode: 'LATE', requestId: 'late' });
    expect(await read(resultId)).toEqual(held);
    expect((await vault.results.acquire(resultId, 1)).outcome).toBe('HELD');
  });

  test('a lease cannot run out by the clock of a process', async () => {
    const { resultId } = await recordOne();
    await lease(resultId);
    const clock = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 10 * LONG_LEASE_MS);
    try {
      expect((await other.results.acquire(resultId, 1)).outcome).toBe('HELD');
    } finally {
      clock.mockRestore();
    }
  });

  test('an answered call that was given back does not count as unanswered, a lost one does', async () => {
    const { resultId } = await recordOne();
    const first = await lease(resultId);
    await vault.results.release(resultId, first.fence, {
      errorCode: 'RATE_LIMIT_EXCEEDED/X',
      requestId: 'request-1',
      answered: true,
    });
    const second = await lease(resultId);
    expect(second).toMatchObject({ fence: 2, unansweredCalls: 0 });
    await vault.results.release(resultId, second.fence, { errorCode: 'NO_ANSWER', answered: false });
    expect(await lease(resultId)).toMatchObject({ fence: 3, unansweredCalls: 1 });
    expect(await read(resultId)).toMatchObject({ errorCode: 'NO_ANSWER', requestIds: ['request-1'] });
  });

  test('giving a lease back twice counts once', async () => {
    const { resultId } = await recordOne();
    const lost = await lease(resultId);
    await vault.results.release(resultId, lost.fence, { errorCode: 'NO_ANSWER', answered: false });
    const { fence } = await lease(resultId);
    for (let times = 0; times < 2; times++) {
      await vault.results.release(resultId, fence, { errorCode: 'REFUSED', answered: true });
    }
    expect(await lease(resultId)).toMatchObject({ unansweredCalls: 1 });
  });

  test.each([0, -1, 1.5, NaN])('a lease of %p milliseconds is refused', async (leaseMs) => {
    const { resultId } = await recordOne();
    await expect(vault.results.acquire(resultId, leaseMs)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });

  test('linking stores the token sealed, ends the result and deletes its own token', async () => {
    const { resultId } = await recordOne();
    await lease(resultId);
    const item = { ...newItem(), institutionId: 'ins_1', institutionName: 'First Fictitious Bank' };
    await vault.results.link(resultId, item);
    expect(await read(resultId)).toMatchObject({
      state: 'LINKED',
      itemId: item.itemId,
      errorCode: undefined,
      requestIds: ['request-link'],
      endedAt: expect.any(Date),
    });
    expect(await readToken(item.itemId)).toBe(item.accessToken.reveal());
    expect(await sealedTokenOf(resultId)).toBeNull();
    const [stored] = await runSql<{ sealed_access_token: Buffer }>(
      databaseUrl,
      `SELECT sealed_access_token FROM hosted_link.items WHERE item_id = '${item.itemId}'`,
    );
    expect(stored!.sealed_access_token.includes(item.accessToken.reveal())).toBe(false);
    expect(await vault.results.acquire(resultId, 1)).toMatchObject({
      outcome: 'ENDED',
      row: { state: 'LINKED' },
    });
  });

  test('linking again changes nothing but the token, which is the newest', async () => {
    const { resultId } = await recordOne();
    const item = { ...newItem(), institutionName: 'First Fictitious Bank' };
    await vault.results.link(resultId, item);
    const [linked, items] = [await read(resultId), await vault.items.list({ sessionKey: session })];
    const again = newItem(item.itemId);
    await vault.results.link(resultId, again);
    expect(await read(resultId)).toEqual(linked);
    expect(await vault.items.list({ sessionKey: session })).toEqual(items);
    expect(await readToken(item.itemId)).toBe(again.accessToken.reveal());
  });

  test.each(['UNCERTAIN', 'EXPIRED', 'FAILED', 'REMOVED'] as const)(
    'a late success wins over %s',
    async (state) => {
      const { resultId } = await recordOne();
      const { fence } = await lease(resultId);
      await vault.results.end(resultId, fence, state, { errorCode: 'ENDED_SO', requestId: 'request-end' });
      expect(await read(resultId)).toMatchObject({ state, errorCode: 'ENDED_SO' });
      expect(await sealedTokenOf(resultId)).toBeNull();

      const item = newItem();
      await vault.results.link(resultId, item);
      expect(await read(resultId)).toMatchObject({
        state: 'LINKED',
        itemId: item.itemId,
        errorCode: undefined,
        requestIds: ['request-end', 'request-link'],
      });
    },
  );

  test('a success without a lease wins, and the later holder finds the result ended', async () => {
    const { resultId } = await recordOne();
    await lease(resultId, 50);
    const second = await leaseWhenFree(resultId, other);
    await vault.results.link(resultId, newItem());
    await other.results.end(resultId, second.fence, 'UNCERTAIN', { errorCode: 'INVALID_PUBLIC_TOKEN' });
    expect(await read(resultId)).toMatchObject({ state: 'LINKED', errorCode: undefined });
  });

  test('an end is kept: nothing but a success changes it', async () => {
    const { resultId } = await recordOne();
    const { fence } = await lease(resultId);
    await vault.results.end(resultId, fence, 'UNCERTAIN', { errorCode: 'NO_ANSWER' });
    const ended = await read(resultId);
    await vault.results.end(resultId, fence, 'FAILED', { errorCode: 'OTHER' });
    await vault.results.release(resultId, fence, { errorCode: 'OTHER', answered: true });
    expect(await read(resultId)).toEqual(ended);
  });

  test('a token that is seen again after its end stays ended', async () => {
    const seen = newToken();
    const { resultId } = await recordOne(seen);
    await vault.results.link(resultId, newItem());
    const linked = await read(resultId);
    expect(await recordOne(seen)).toEqual(linked);
    expect(await sealedTokenOf(resultId)).toBeNull();
  });

  test('two exchanges of one result keep both items, and the result shows the last', async () => {
    const { resultId } = await recordOne();
    const [first, last] = [newItem(), newItem(undefined, 'request-2')];
    await vault.results.link(resultId, first);
    await vault.results.link(resultId, last);
    expect(await read(resultId)).toMatchObject({
      itemId: last.itemId,
      requestIds: ['request-link', 'request-2'],
    });
    expect((await vault.items.list({ sessionKey: session })).map(({ itemId }) => itemId)).toEqual([
      first.itemId,
      last.itemId,
    ]);
    expect(await readToken(first.itemId)).toBe(first.accessToken.reveal());
  });

  test('the item of two results is one item, and keeps the session that linked it first', async () => {
    const rows = await vault.results.record(session, [newToken(), newToken()]);
    const item = newItem();
    await Promise.all(
      rows.map(({ resultId }, index) => (index === 0 ? vault : other).results.link(resultId, item)),
    );
    expect((await vault.results.list(session)).map(({ state, itemId }) => [state, itemId])).toEqual([
      ['LINKED', item.itemId],
      ['LINKED', item.itemId],
    ]);
    expect(await vault.items.list({ sessionKey: session })).toHaveLength(1);
  });

  test('an item that was removed at Plaid is not brought back by a repeat of its link', async () => {
    const { resultId } = await recordOne();
    const item = newItem();
    await vault.results.link(resultId, item);
    await vault.items.markRemoved(item.itemId);
    await vault.results.link(resultId, item);
    expect(await read(resultId)).toMatchObject({ state: 'REMOVED', itemId: item.itemId });
    await expect(readToken(item.itemId)).rejects.toMatchObject({ code: 'ITEM_REMOVED' });
  });

  test.each([
    ['NO_ITEM', 'FAILED'],
    ['REMOVED', 'REMOVED'],
  ] as const)(
    'an uncertain result that is resolved by %s is %s, once and for good',
    async (resolution, state) => {
      const { resultId } = await recordOne();
      await expect(vault.results.resolve(resultId, resolution)).rejects.toMatchObject({
        code: 'RESULT_NOT_UNCERTAIN',
      });
      const { fence } = await lease(resultId);
      await vault.results.end(resultId, fence, 'UNCERTAIN', {
        errorCode: 'NO_ANSWER',
        requestId: 'request-1',
      });
      const resolved = await vault.results.resolve(resultId, resolution);
      expect(resolved).toMatchObject({
        state,
        errorCode: `RESOLVED_${resolution}`,
        requestIds: ['request-1'],
      });
      expect(await vault.results.resolve(resultId, resolution)).toEqual(resolved);
      const other = resolution === 'REMOVED' ? 'NO_ITEM' : 'REMOVED';
      await expect(vault.results.resolve(resultId, other)).rejects.toMatchObject({
        code: 'RESULT_NOT_UNCERTAIN',
      });
      await vault.results.link(resultId, newItem());
      expect(await read(resultId)).toMatchObject({ state: 'LINKED', errorCode: undefined });
    },
  );

  test('results are found by their state and session', async () => {
    const [first, second] = [await recordOne(), await recordOne(newToken())];
    const { fence } = await lease(first.resultId);
    await vault.results.end(first.resultId, fence, 'UNCERTAIN', { errorCode: 'NO_ANSWER' });
    const found = await vault.results.find({ state: 'UNCERTAIN', sessionKey: session });
    expect(found).toEqual([await read(first.resultId)]);
    expect(await vault.results.find({ sessionKey: session })).toHaveLength(2);
    expect((await vault.results.find()).map(({ resultId }) => resultId)).toContain(second.resultId);
  });

  test('a long list of results is read a page at a time, each result once', async () => {
    const rows: ResultRow[] = [];
    for (let count = 0; count < 5; count++) {
      const known = rows.map(({ resultId }) => resultId);
      const all = await vault.results.record(session, [newToken()]);
      rows.push(all.find(({ resultId }) => !known.includes(resultId))!);
    }
    const read: string[] = [];
    for (;;) {
      const page = await vault.results.find({ sessionKey: session, limit: 2, after: read.at(-1) });
      read.push(...page.map(({ resultId }) => resultId));
      if (page.length < 2) break;
    }
    expect(read).toEqual(rows.map(({ resultId }) => resultId));
    const none = '0'.repeat(64);
    await expect(vault.results.find({ after: none })).rejects.toMatchObject({ code: 'RESULT_UNKNOWN' });
  });

  test('a result that is not there is refused by every method', async () => {
    const none = '0'.repeat(64);
    const calls = [
      () => vault.results.acquire(none, 1),
      () => vault.results.release(none, 1, { errorCode: 'X', answered: true }),
      () => vault.results.end(none, 1, 'FAILED', { errorCode: 'X' }),
      () => vault.results.link(none, newItem()),
      () => vault.results.resolve(none, 'NO_ITEM'),
    ];
    for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'RESULT_UNKNOWN' });
  });
});
