import { createHash, randomUUID } from 'node:crypto';
import { describeOnEachDatabase, prepareVault } from '../../../testing/databases';
import { userHash } from '../../../src/secrets/digest';
import { Secret } from '../../../src/secrets/secret';
import type { LostResult, Vault } from '../../../src/vault';
import { runSql } from '../../../testing/postgres';

describeOnEachDatabase((server) => {
  let databaseUrl: string;
  let vault: Vault;
  let key: string;
  beforeAll(async () => {
    databaseUrl = await server.emptyDatabase();
    vault = await prepareVault(databaseUrl);
  });
  afterAll(() => vault.close());
  beforeEach(async () => {
    key = randomUUID();
    await vault.sessions.claim(claimOf(key));
  });

  const claimOf = (sessionKey: string) => ({
    key: sessionKey,
    plaidFlow: 'hosted_link' as const,
    firstRunId: 'run',
    requestDigest: `digest of ${sessionKey}`,
    plaidSessionHash: userHash(`session ${sessionKey}`),
    userHash: userHash(`person ${sessionKey}`),
  });
  const entered = async (subject: string) =>
    (await vault.repairs.list(1_000)).filter((entry) => entry.subject === subject).map(({ kind }) => kind);
  const lostResult = (token: string): LostResult => ({
    resultId: createHash('sha256').update(token).digest('hex'),
    sessionKey: key,
    kind: 'public_token',
    state: 'UNCERTAIN',
    lostItemId: 'item-lost',
    errorCode: 'LOST_IN_RESTORE',
    requestIds: ['request-1'],
    linkSessionId: 'link-session-1',
  });
  async function linkItem(): Promise<string> {
    const accessToken = new Secret(`access-sandbox-${randomUUID()}`);
    const [row] = await vault.results.record(key, [{ kind: 'access_token', token: accessToken }]);
    const itemId = `item-${randomUUID()}`;
    await vault.results.link(row!.resultId, { itemId, accessToken, requestId: 'request' });
    return itemId;
  }

  test('a session’s row is made again as it was, once, and stands for the same request', async () => {
    const lost = randomUUID();
    const session = {
      ...claimOf(lost),
      createdAt: new Date('2026-01-02T03:04:05.678Z'),
      end: { state: 'EXPIRED' as const, at: new Date('2026-01-03T00:00:00Z') },
    };
    expect(await vault.repairs.restoreSession(session)).toBe(true);
    expect(await vault.repairs.restoreSession({ ...session, end: undefined })).toBe(false);
    expect(await vault.sessions.get(lost)).toEqual({
      key: lost,
      plaidFlow: 'hosted_link',
      state: 'EXPIRED',
      firstRunId: 'run',
      plaidSessionHash: userHash(`session ${lost}`),
      createdAt: new Date('2026-01-02T03:04:05.678Z'),
      endedAt: new Date('2026-01-03T00:00:00Z'),
      purgedAt: undefined,
    });
    expect(await vault.sessions.claim(claimOf(lost))).toMatchObject({ claimedBefore: false });
    await expect(vault.sessions.claim({ ...claimOf(lost), requestDigest: 'other' })).rejects.toMatchObject({
      code: 'KEY_REUSED',
    });
    expect(await vault.retention.find(userHash(`person ${lost}`))).toMatchObject({ endedSessions: [lost] });
    expect(await entered(lost)).toEqual(['SESSION_RESTORED']);
  });

  test('an end is recorded of the session that has it, once', async () => {
    const end = { state: 'CANCELLED' as const, at: new Date('2026-01-03T00:00:00Z') };
    expect(await vault.repairs.endSession(key, 'another run', end)).toBe(false);
    expect(await vault.repairs.endSession(key, 'run', end)).toBe(true);
    expect(await vault.repairs.endSession(key, 'run', { ...end, state: 'EXPIRED' })).toBe(false);
    expect(await vault.repairs.endLost(key)).toBe(false);
    expect(await vault.sessions.get(key)).toMatchObject({ state: 'CANCELLED', endedAt: end.at });
    expect(await entered(key)).toEqual(['SESSION_ENDED']);
  });

  test('a session that is lost is ended as failed, once', async () => {
    expect(await vault.repairs.endLost(key)).toBe(true);
    expect(await vault.repairs.endLost(key)).toBe(false);
    expect(await vault.sessions.get(key)).toMatchObject({ state: 'FAILED' });
    expect(await entered(key)).toEqual(['SESSION_ENDED']);
  });

  test('a lost result is entered with its item, is not recorded as new when its token is seen again, and can be resolved', async () => {
    const token = `public-sandbox-${randomUUID()}`;
    const lost = lostResult(token);
    expect(await vault.repairs.restoreResult(lost)).toBe(true);
    expect(await vault.repairs.restoreResult(lost)).toBe(false);
    await vault.results.record(key, [{ kind: 'public_token', token: new Secret(token) }]);
    expect(await vault.results.list(key)).toMatchObject([
      {
        resultId: lost.resultId,
        state: 'UNCERTAIN',
        itemId: 'item-lost',
        errorCode: 'LOST_IN_RESTORE',
        requestIds: ['request-1'],
        linkSessionId: 'link-session-1',
      },
    ]);
    expect(await vault.results.acquire(lost.resultId, 60_000)).toMatchObject({ outcome: 'ENDED' });
    expect(await vault.results.resolve(lost.resultId, 'REMOVED')).toMatchObject({
      state: 'REMOVED',
      itemId: 'item-lost',
    });
    expect(await entered(lost.resultId)).toEqual(['RESULT_RESTORED']);
  });

  test('an end is entered over a result that is pending; who holds its lease cannot undo that, and its token is deleted', async () => {
    const token = `public-sandbox-${randomUUID()}`;
    const lost = lostResult(token);
    const { resultId } = lost;
    await vault.results.record(key, [
      { kind: 'public_token', token: new Secret(token), accounts: [{ name: 'Everyday', mask: '0001' }] },
    ]);
    const lease = await vault.results.acquire(resultId, 60_000);
    if (lease.outcome !== 'LEASED') throw new Error(lease.outcome);
    expect(await vault.repairs.restoreResult({ ...lost, state: 'EXPIRED', lostItemId: undefined })).toBe(
      true,
    );
    await vault.results.end(resultId, lease.fence, 'FAILED', { errorCode: 'X' });
    expect(await vault.results.get(resultId)).toMatchObject({ state: 'EXPIRED', itemId: undefined });
    const [row] = await runSql<object>(
      databaseUrl,
      `SELECT sealed_token, sealed_accounts FROM hosted_link.results WHERE result_id = '${resultId}'`,
    );
    expect(row).toEqual({ sealed_token: null, sealed_accounts: null });
  });

  test('an item that is gone loses its token, and is entered once', async () => {
    const itemId = await linkItem();
    expect(await vault.repairs.removeItem(itemId)).toBe(true);
    expect(await vault.repairs.removeItem(itemId)).toBe(false);
    expect(await vault.items.get(itemId)).toMatchObject({ removedAt: expect.any(Date) });
    expect(await vault.results.list(key)).toMatchObject([{ state: 'REMOVED', itemId }]);
    await expect(vault.repairs.removeItem('nobody')).rejects.toMatchObject({ code: 'ITEM_UNKNOWN' });
    expect(await entered(itemId)).toEqual(['ITEM_REMOVED']);
  });

  test('a tombstone is left as of its time, and a later one stays', async () => {
    const person = userHash(`person ${key}`);
    const itemId = await linkItem();
    expect(await vault.retention.forgottenAt(person)).toBeUndefined();
    const before = new Date('2026-01-02T00:00:00Z');
    expect(await vault.repairs.restoreTombstone(person, before)).toBe(true);
    expect(await vault.repairs.restoreTombstone(person, before)).toBe(false);
    expect(await vault.retention.forgottenAt(person)).toEqual(before);
    // Linked after: the person came back.
    const forgotten = async () => (await vault.retention.listForgottenItems()).map((item) => item.itemId);
    expect(await forgotten()).not.toContain(itemId);
    await vault.retention.writeTombstone(person);
    expect(await forgotten()).toContain(itemId);
    expect(await vault.repairs.restoreTombstone(person, new Date('2026-01-03T00:00:00Z'))).toBe(false);
    expect(await forgotten()).toContain(itemId);
    expect(await entered(person)).toEqual(['TOMBSTONE_RESTORED']);
    await vault.items.markRemoved(itemId);
    expect(await forgotten()).not.toContain(itemId);
  });

  test('the newest repairs are listed first, as many as are asked for', async () => {
    await vault.repairs.enter('REMOVAL_STARTED', 'first');
    await vault.repairs.enter('EXCHANGE_STARTED', 'second');
    expect(await vault.repairs.list(2)).toEqual([
      {
        repairId: expect.any(Number),
        kind: 'EXCHANGE_STARTED',
        subject: 'second',
        repairedAt: expect.any(Date),
      },
      {
        repairId: expect.any(Number),
        kind: 'REMOVAL_STARTED',
        subject: 'first',
        repairedAt: expect.any(Date),
      },
    ]);
  });
});
