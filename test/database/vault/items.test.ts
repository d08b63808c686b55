import { randomUUID } from 'node:crypto';
import { describeOnEachDatabase, prepareVault } from '../../../testing/databases';
import { userHash } from '../../../src/secrets/digest';
import type { AccessRead, Vault } from '../../../src/vault';
import { Secret } from '../../../src/secrets/secret';
import { runSql } from '../../../testing/postgres';

describeOnEachDatabase((server) => {
  let databaseUrl: string;
  let vault: Vault;
  beforeAll(async () => {
    databaseUrl = await server.emptyDatabase();
    vault = await prepareVault(databaseUrl);
  });
  afterAll(() => vault.close());

  /** Links one item in a session of its own. */
  async function linkItem(
    userHash?: string,
  ): Promise<{ session: string; itemId: string; accessToken: Secret }> {
    const session = randomUUID();
    await vault.sessions.claim({
      key: session,
      plaidFlow: 'link_delivery',
      firstRunId: 'run',
      requestDigest: 'digest',
      userHash,
    });
    const accessToken = new Secret(`access-sandbox-${randomUUID()}`);
    const [row] = await vault.results.record(session, [{ kind: 'access_token', token: accessToken }]);
    const itemId = `item-${randomUUID()}`;
    await vault.results.link(row!.resultId, { itemId, accessToken, requestId: 'request' });
    return { session, itemId, accessToken };
  }
  const readOf = (itemId: string): AccessRead => ({ itemId, actor: 'ledger', purpose: 'monthly sync' });
  const auditOf = (itemId: string) =>
    runSql<{ actor: string; purpose: string; read_at: Date }>(
      databaseUrl,
      `SELECT actor, purpose, read_at FROM hosted_link.access_audit WHERE item_id = '${itemId}' ORDER BY read_id`,
    );

  test('items are listed without their tokens, all or of one session', async () => {
    const { session, itemId } = await linkItem();
    await linkItem();
    const items = await vault.items.list({ sessionKey: session });
    expect(items).toEqual([
      {
        itemId,
        sessionKey: session,
        userHash: undefined,
        institutionId: undefined,
        institutionName: undefined,
        linkedAt: expect.any(Date),
        healthyAt: undefined,
        removedAt: undefined,
      },
    ]);
    const all = await vault.items.list();
    expect(all.length).toBeGreaterThan(1);
    expect(all).toContainEqual(items[0]);
  });

  test('items of one person are listed, of whichever session, and one is got by its id', async () => {
    const person = userHash(randomUUID());
    const [one, two] = [await linkItem(person), await linkItem(person)];
    await linkItem(userHash('somebody else'));
    const items = await vault.items.list({ userHash: person });
    expect(items.map(({ itemId }) => itemId)).toEqual([one.itemId, two.itemId]);
    expect(await vault.items.list({ userHash: person, sessionKey: two.session })).toEqual([items[1]]);
    expect(await vault.items.get(one.itemId)).toEqual(items[0]);
    expect(await vault.items.get('none')).toBeUndefined();
  });

  test('what Plaid tells of an institution is filled in, and what it leaves out stays', async () => {
    const { session, itemId } = await linkItem();
    await vault.items.describe(itemId, { institutionId: 'ins_1' });
    await vault.items.describe(itemId, { institutionName: 'First Fictitious Bank' });
    expect(await vault.items.list({ sessionKey: session })).toMatchObject([
      { institutionId: 'ins_1', institutionName: 'First Fictitious Bank' },
    ]);
  });

  test('an access token is given after the read is on record for good', async () => {
    const { itemId, accessToken } = await linkItem();
    const answer = await vault.withAccessToken(readOf(itemId), async (token) => {
      expect(token.reveal()).toBe(accessToken.reveal());
      expect(await auditOf(itemId)).toEqual([
        { actor: 'ledger', purpose: 'monthly sync', read_at: expect.any(Date) },
      ]);
      return 'answer';
    });
    expect(answer).toBe('answer');
  });

  test('the read stays on record when its use fails, and the failure is passed on as it is', async () => {
    const { itemId } = await linkItem();
    const failure = new Error('the bank is closed');
    await expect(vault.withAccessToken(readOf(itemId), () => Promise.reject(failure))).rejects.toBe(failure);
    expect(await auditOf(itemId)).toHaveLength(1);
  });

  test.each([
    ['actor', ''],
    ['actor', 'a'.repeat(201)],
    ['purpose', ''],
    ['purpose', 'p'.repeat(201)],
  ])('a read with a %s of a wrong length is refused', async (field, text) => {
    const { itemId } = await linkItem();
    const use = jest.fn();
    await expect(vault.withAccessToken({ ...readOf(itemId), [field]: text }, use)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: `${field}: has ${text.length} characters; give 1 to 200`,
    });
    expect(use).not.toHaveBeenCalled();
    expect(await auditOf(itemId)).toEqual([]);
  });

  test('a removed item keeps its row without its token, and its result becomes REMOVED', async () => {
    const { session, itemId } = await linkItem();
    await vault.items.markRemoved(itemId);
    const [item] = await vault.items.list({ sessionKey: session });
    expect(item).toMatchObject({ itemId, removedAt: expect.any(Date) });
    expect(await vault.results.list(session)).toMatchObject([{ state: 'REMOVED', itemId }]);
    const use = jest.fn();
    await expect(vault.withAccessToken(readOf(itemId), use)).rejects.toMatchObject({ code: 'ITEM_REMOVED' });
    expect(use).not.toHaveBeenCalled();
    const [row] = await runSql<Record<string, unknown>>(
      databaseUrl,
      `SELECT key_id, wrapped_key, sealed_access_token FROM hosted_link.items WHERE item_id = '${itemId}'`,
    );
    expect(row).toEqual({ key_id: null, wrapped_key: null, sealed_access_token: null });

    await vault.items.markRemoved(itemId);
    expect(await vault.items.list({ sessionKey: session })).toEqual([item]);
  });

  test('a long list is read a page at a time, each item once, and live ones alone', async () => {
    const person = userHash('of many items');
    const items: string[] = [];
    for (let count = 0; count < 5; count++) items.push((await linkItem(person)).itemId);
    // Linked at the same time: the order is by id then.
    await runSql(databaseUrl, `UPDATE hosted_link.items SET linked_at = now() WHERE user_hash = '${person}'`);
    const read: string[] = [];
    for (;;) {
      const page = await vault.items.list({ userHash: person, limit: 2, after: read.at(-1) });
      read.push(...page.map(({ itemId }) => itemId));
      if (page.length < 2) break;
    }
    expect(read).toEqual([...items].sort());
    await vault.items.markRemoved(read[1]!);
    const live = await vault.items.list({ userHash: person, live: true, after: read[0], limit: 2 });
    expect(live.map(({ itemId }) => itemId)).toEqual([read[2], read[3]]);
    await expect(vault.items.list({ after: 'nobody' })).rejects.toMatchObject({ code: 'ITEM_UNKNOWN' });
  });

  test('an item that is not there is refused by every method', async () => {
    const calls = [
      () => vault.withAccessToken(readOf('none'), () => Promise.resolve()),
      () => vault.items.describe('none', { institutionId: 'ins_1' }),
      () => vault.items.markRemoved('none'),
    ];
    for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'ITEM_UNKNOWN' });
  });

  test('a token that was moved to another item by hand does not decrypt', async () => {
    const [one, two] = [await linkItem(), await linkItem()];
    await runSql(
      databaseUrl,
      `UPDATE hosted_link.items AS target
      SET wrapped_key = source.wrapped_key, sealed_access_token = source.sealed_access_token
      FROM hosted_link.items AS source WHERE target.item_id = '${one.itemId}' AND source.item_id = '${two.itemId}'`,
    );
    const use = jest.fn();
    await expect(vault.withAccessToken(readOf(one.itemId), use)).rejects.toMatchObject({
      code: 'DECRYPT_FAILED',
    });
    expect(use).not.toHaveBeenCalled();
    expect(await auditOf(one.itemId)).toHaveLength(1);
  });
});
