import { describeOnEachDatabase, prepareVault } from '../../../testing/databases';
import { Secret } from '../../../src/secrets/secret';
import { openRecords, type Vault, type VaultRecords } from '../../../src/vault';
import { runSql } from '../../../testing/postgres';

describeOnEachDatabase((server) => {
  let vault: Vault;
  let records: VaultRecords;
  let databaseUrl: string;

  beforeAll(async () => {
    databaseUrl = await server.emptyDatabase();
    vault = await prepareVault(databaseUrl);
    records = await openRecords(databaseUrl);
    await vault.sessions.claim({
      key: 'session',
      plaidFlow: 'link_delivery',
      firstRunId: 'run',
      requestDigest: 'digest',
    });
    for (const itemId of ['item-1', 'item-2']) {
      const accessToken = new Secret(`access-sandbox-${itemId}`);
      const rows = await vault.results.record('session', [{ kind: 'access_token', token: accessToken }]);
      const { resultId } = rows.find(({ state }) => state === 'PENDING')!;
      await vault.results.link(resultId, { itemId, accessToken, requestId: 'request' });
    }
    await read('item-1', 'ledger', 'monthly sync');
    await read('item-2', 'ledger', 'monthly sync');
    await read('item-1', 'support', 'ticket 4711');
    // A day apart, in the order of the reads.
    await runSql(
      databaseUrl,
      "UPDATE hosted_link.access_audit SET read_at = timestamptz '2026-03-01T00:00Z' + read_id * interval '1 day'",
    );
  });
  afterAll(() => Promise.all([vault.close(), records.close()]));

  const read = (itemId: string, actor: string, purpose: string) =>
    vault.withAccessToken({ itemId, actor, purpose }, () => Promise.resolve());
  const shown = async (filter?: Parameters<VaultRecords['audit']['list']>[0]) =>
    (await records.audit.list(filter)).map(({ itemId, actor }) => `${actor} ${itemId}`);

  test('reads are listed with who, what for and when, newest first, and without a token', async () => {
    const [newest, ...older] = await records.audit.list();
    expect(newest).toEqual({
      readId: 3,
      itemId: 'item-1',
      actor: 'support',
      purpose: 'ticket 4711',
      readAt: new Date('2026-03-04T00:00Z'),
    });
    expect(older.map(({ readId }) => readId)).toEqual([2, 1]);
    expect(JSON.stringify([newest, ...older])).not.toContain('access-sandbox');
  });

  test('reads are found by item, by actor and by both', async () => {
    expect(await shown({ itemId: 'item-1' })).toEqual(['support item-1', 'ledger item-1']);
    expect(await shown({ actor: 'ledger' })).toEqual(['ledger item-2', 'ledger item-1']);
    expect(await shown({ itemId: 'item-2', actor: 'support' })).toEqual([]);
  });

  test('reads are found by time: from the first moment on, before the last', async () => {
    const [since, until] = [new Date('2026-03-03T00:00Z'), new Date('2026-03-04T00:00Z')];
    expect(await shown({ since })).toEqual(['support item-1', 'ledger item-2']);
    expect(await shown({ until })).toEqual(['ledger item-2', 'ledger item-1']);
    expect(await shown({ since, until })).toEqual(['ledger item-2']);
  });

  test('a limit gives the newest', async () => {
    expect(await shown({ limit: 1 })).toEqual(['support item-1']);
  });
});
