import { describeOnEachDatabase, prepareVault } from '../../../testing/databases';
import type { SessionClaim, Vault } from '../../../src/vault';
import { runSql } from '../../../testing/postgres';

const claimOf = (key: string, changes: Partial<SessionClaim> = {}): SessionClaim => ({
  key,
  plaidFlow: 'link_delivery',
  firstRunId: 'run-1',
  requestDigest: 'a'.repeat(64),
  ...changes,
});

describeOnEachDatabase((server) => {
  let databaseUrl: string;
  let vault: Vault;
  beforeAll(async () => {
    databaseUrl = await server.emptyDatabase();
    vault = await prepareVault(databaseUrl);
  });
  afterAll(() => vault.close());

  test('a claim makes the row, and a repeat by the same run finds it', async () => {
    const first = await vault.sessions.claim(claimOf('repeat'));
    expect(first).toEqual({
      row: {
        key: 'repeat',
        firstRunId: 'run-1',
        plaidFlow: 'link_delivery',
        state: 'CREATING',
        plaidSessionHash: undefined,
        createdAt: expect.any(Date),
        endedAt: undefined,
        purgedAt: undefined,
      },
      claimedBefore: false,
    });
    expect(await vault.sessions.claim(claimOf('repeat'))).toEqual(first);
    expect(await vault.sessions.get('repeat')).toEqual(first.row);
  });

  test('a later workflow with the same key and request learns that the row was claimed before', async () => {
    await vault.sessions.claim(claimOf('later'));
    const { claimedBefore, row } = await vault.sessions.claim(
      claimOf('later', { firstRunId: 'run-2', plaidSessionHash: 'b'.repeat(32) }),
    );
    expect(claimedBefore).toBe(true);
    expect(row.plaidSessionHash).toBeUndefined();
  });

  test('sessions are read by their keys, and open ones a page at a time', async () => {
    const keys = ['page-1', 'page-2', 'page-3', 'page-4'];
    for (const key of keys) await vault.sessions.claim(claimOf(key));
    await vault.sessions.end('page-2', 'EXPIRED', 'run-1');
    const found = await vault.sessions.getAll([...keys, 'page-5']);
    expect(found.map(({ key }) => key).sort()).toEqual(keys);
    const page = async (after: string) =>
      (await vault.sessions.listOpen({ after, limit: 2 })).map(({ key }) => key);
    expect(await page('page-0')).toEqual(['page-1', 'page-3']);
    expect((await page('page-3'))[0]).toBe('page-4');
  });

  test('the same run fills in the hash that was not known before, and never changes it', async () => {
    await vault.sessions.claim(claimOf('hash'));
    for (const hash of ['b'.repeat(32), 'c'.repeat(32)]) {
      const { row } = await vault.sessions.claim(claimOf('hash', { plaidSessionHash: hash }));
      expect(row.plaidSessionHash).toBe('b'.repeat(32));
    }
    expect((await vault.sessions.get('hash'))?.plaidSessionHash).toBe('b'.repeat(32));
  });

  test.each([
    ['by the same run', 'run-1'],
    ['by a later run', 'run-2'],
  ])('the same key with another request is refused, %s', async (_, firstRunId) => {
    await vault.sessions.claim(claimOf(`reused-${firstRunId}`));
    for (const requestDigest of ['d'.repeat(64), 'a'.repeat(63)]) {
      await expect(
        vault.sessions.claim(claimOf(`reused-${firstRunId}`, { firstRunId, requestDigest })),
      ).rejects.toMatchObject({
        code: 'KEY_REUSED',
        message: `the session key reused-${firstRunId} stands for another request; give this request a key of its own`,
      });
    }
  });

  test('of many claims at once exactly one run makes the row', async () => {
    const claims = await Promise.all(
      Array.from({ length: 12 }, (_, run) =>
        vault.sessions.claim(claimOf('race', { firstRunId: `run-${run}` })),
      ),
    );
    expect(claims.filter(({ claimedBefore }) => !claimedBefore)).toHaveLength(1);
  });

  test('an end state is kept once, and never overwritten', async () => {
    await vault.sessions.claim(claimOf('end'));
    await vault.sessions.end('end', 'COMPLETED', 'run-1');
    const ended = await vault.sessions.get('end');
    expect(ended).toMatchObject({ state: 'COMPLETED', endedAt: expect.any(Date) });
    await vault.sessions.end('end', 'COMPLETED', 'run-1');
    await vault.sessions.end('end', 'FAILED', 'run-1');
    expect(await vault.sessions.get('end')).toEqual(ended);
  });

  test('an end of a later workflow with the same key leaves the row as it is', async () => {
    await vault.sessions.claim(claimOf('earlier'));
    await vault.sessions.end('earlier', 'FAILED', 'run-2');
    expect(await vault.sessions.get('earlier')).toMatchObject({ state: 'CREATING', endedAt: undefined });
  });

  test('a state that is no end is refused', async () => {
    await vault.sessions.claim(claimOf('waiting'));
    await expect(vault.sessions.end('waiting', 'WAITING', 'run-1')).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    });
  });

  test('a session that is not there is not found, and cannot end', async () => {
    expect(await vault.sessions.get('none')).toBeUndefined();
    await expect(vault.sessions.end('none', 'FAILED', 'run-1')).rejects.toMatchObject({
      code: 'SESSION_UNKNOWN',
    });
  });

  test('a session is found by the hash of Plaid’s session id, once that is known', async () => {
    const plaidSessionHash = '7'.repeat(32);
    await vault.sessions.claim(claimOf('hashed'));
    expect(await vault.sessions.findByPlaidSession(plaidSessionHash)).toBeUndefined();
    const { row } = await vault.sessions.claim(claimOf('hashed', { plaidSessionHash }));
    expect(await vault.sessions.findByPlaidSession(plaidSessionHash)).toEqual(row);
    await vault.sessions.end('hashed', 'COMPLETED', 'run-1');
    expect(await vault.sessions.findByPlaidSession(plaidSessionHash)).toMatchObject({ state: 'COMPLETED' });
  });

  test('a claim keeps whose session it is', async () => {
    await vault.sessions.claim(claimOf('whose', { userHash: 'd'.repeat(32) }));
    expect(
      await runSql(databaseUrl, "SELECT user_hash FROM hosted_link.sessions WHERE session_key = 'whose'"),
    ).toEqual([{ user_hash: 'd'.repeat(32) }]);
  });

  test('a claim keeps where the trace begins, and a repeat does not move it', async () => {
    const traceparent = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`;
    await vault.sessions.claim(claimOf('traced', { traceparent }));
    const { row } = await vault.sessions.claim(
      claimOf('traced', { traceparent: traceparent.replaceAll('2', '3'), plaidSessionHash: '8'.repeat(32) }),
    );
    expect(row).toMatchObject({ traceparent, plaidSessionHash: '8'.repeat(32) });
  });

  test('what is no W3C traceparent is refused', async () => {
    const claim = claimOf('untraceable', { traceparent: 'user=ada' });
    await expect(vault.sessions.claim(claim)).rejects.toMatchObject({ code: 'VAULT_FAILED' });
  });

  test('the database holds the request digest sealed only', async () => {
    const requestDigest = '0123456789abcdef'.repeat(4);
    await vault.sessions.claim(claimOf('sealed', { requestDigest }));
    const [row] = await runSql<{ text: string }>(
      databaseUrl,
      "SELECT encode(convert_to(s::text, 'UTF8'), 'escape') AS text FROM hosted_link.sessions s WHERE session_key = 'sealed'",
    );
    expect(row!.text).toContain('sealed');
    expect(row!.text).not.toContain(requestDigest);
    expect(row!.text).not.toContain(Buffer.from(requestDigest).toString('hex'));
  });
});
