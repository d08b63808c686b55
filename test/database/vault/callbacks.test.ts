import { randomUUID } from 'node:crypto';
import { describeOnEachDatabase, newKeys, prepareVault } from '../../../testing/databases';
import { Secret } from '../../../src/secrets/secret';
import { openRecords, type NewCallback, type Vault } from '../../../src/vault';
import { runSql } from '../../../testing/postgres';

const DAYS = 90;

describeOnEachDatabase((server) => {
  const keys = newKeys();
  let databaseUrl: string;
  let vault: Vault;

  beforeEach(async () => {
    databaseUrl = await server.emptyDatabase();
    vault = await prepareVault(databaseUrl, keys);
  });
  afterEach(() => vault.close());

  const callback = (key: string, toldBy = 'run-1'): NewCallback => ({
    key,
    toldBy,
    plaidFlow: 'hosted_link',
    state: 'COMPLETED',
    itemIds: ['item-1', 'item-2'],
  });
  const sequences = async (key: string) =>
    (await vault.callbacks.list({ key })).map(({ sequence, callbackState }) => [sequence, callbackState]);

  test('a callback is PENDING with the next number of its session, also when its session has no row', async () => {
    await vault.callbacks.queue(callback('one'));
    await vault.callbacks.queue({ ...callback('one', 'run-2'), state: 'FAILED', itemIds: [] });
    await vault.callbacks.queue(callback('other'));
    expect(await vault.callbacks.list()).toEqual([
      {
        key: 'one',
        sequence: 1,
        plaidFlow: 'hosted_link',
        state: 'COMPLETED',
        itemIds: ['item-1', 'item-2'],
        callbackState: 'PENDING',
        answer: undefined,
        queuedAt: expect.any(Date),
        endedAt: undefined,
      },
      expect.objectContaining({ key: 'one', sequence: 2, state: 'FAILED', itemIds: [] }),
      expect.objectContaining({ key: 'other', sequence: 1 }),
    ]);
  });

  test('queued again by the same run it is the same one, also once it has ended', async () => {
    await vault.callbacks.queue(callback('one'));
    await vault.callbacks.queue({ ...callback('one'), itemIds: [] });
    await vault.callbacks.end('one', 1, 'DELIVERED', 'HTTP_200');
    await vault.callbacks.queue(callback('one'));
    expect(await vault.callbacks.list()).toEqual([
      expect.objectContaining({ sequence: 1, callbackState: 'DELIVERED', itemIds: ['item-1', 'item-2'] }),
    ]);
  });

  test('many that are queued at once get each a number of their own, in the order of the list', async () => {
    const runs = Array.from({ length: 12 }, (_, run) => `run-${run}`);
    await Promise.all(runs.map((run) => vault.callbacks.queue(callback('busy', run))));
    expect((await sequences('busy')).map(([sequence]) => sequence)).toEqual(
      runs.map((_, index) => index + 1),
    );
  });

  test('it ends once, and what is found by state follows', async () => {
    await vault.callbacks.queue(callback('one'));
    await vault.callbacks.end('one', 1, 'GIVEN_UP', 'HTTP_503');
    await vault.callbacks.end('one', 1, 'DELIVERED', 'HTTP_200');
    const records = await openRecords(databaseUrl);
    expect(await records.callbacks.list({ callbackState: 'GIVEN_UP' })).toEqual([
      expect.objectContaining({ key: 'one', answer: 'HTTP_503', endedAt: expect.any(Date) }),
    ]);
    expect(await records.callbacks.list({ callbackState: 'PENDING' })).toEqual([]);
    await records.close();
  });

  test('all of a session are PENDING again on request', async () => {
    for (const run of ['run-1', 'run-2']) await vault.callbacks.queue(callback('one', run));
    await vault.callbacks.queue(callback('other'));
    await vault.callbacks.end('one', 1, 'GIVEN_UP', 'HTTP_410');
    await vault.callbacks.end('one', 2, 'DELIVERED', 'HTTP_204');
    await vault.callbacks.end('other', 1, 'DELIVERED', 'HTTP_204');
    expect(await vault.callbacks.requeue('one')).toBe(2);
    expect(await sequences('one')).toEqual([
      [1, 'PENDING'],
      [2, 'PENDING'],
    ]);
    expect(await sequences('other')).toEqual([[1, 'DELIVERED']]);
    expect(await vault.callbacks.requeue('nobody')).toBe(0);
  });

  test('the retention rule deletes it when it has ended long ago and its session is purged, not before', async () => {
    const age = (days: number) =>
      runSql(
        databaseUrl,
        `UPDATE hosted_link.callbacks SET ended_at = ended_at - interval '${days} days';
        UPDATE hosted_link.sessions SET ended_at = ended_at - interval '${days} days';
        UPDATE hosted_link.results SET ended_at = ended_at - interval '${days} days'`,
      );
    for (const key of ['purged', 'uncertain']) {
      await vault.sessions.claim({
        key,
        plaidFlow: 'link_delivery',
        firstRunId: 'run',
        requestDigest: 'digest',
      });
      await vault.callbacks.queue(callback(key));
      await vault.callbacks.end(key, 1, 'DELIVERED', 'HTTP_200');
    }
    // Once that is resolved, its session is told of again.
    const token = { kind: 'public_token' as const, token: new Secret(`public-sandbox-${randomUUID()}`) };
    const [row] = await vault.results.record('uncertain', [token]);
    const { resultId } = row!;
    const acquired = await vault.results.acquire(resultId, 60_000);
    const fence = acquired.outcome === 'LEASED' ? acquired.fence : -1;
    await vault.results.end(resultId, fence, 'UNCERTAIN', { errorCode: 'NO_ANSWER_TWICE' });
    for (const key of ['purged', 'uncertain']) await vault.sessions.end(key, 'COMPLETED', 'run');
    await vault.callbacks.queue(callback('pending-without-row'));
    await vault.callbacks.queue(callback('ended-without-row'));
    await vault.callbacks.end('ended-without-row', 1, 'GIVEN_UP', 'HTTP_500');

    await age(DAYS - 1);
    await vault.retention.purgeExpired(DAYS);
    expect(await vault.callbacks.list()).toHaveLength(4);
    await age(2);
    await vault.retention.purgeExpired(DAYS);
    expect((await vault.callbacks.list()).map(({ key }) => key).sort()).toEqual([
      'pending-without-row',
      'uncertain',
    ]);
  });
});
