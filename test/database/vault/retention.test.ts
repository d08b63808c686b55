import { randomUUID } from 'node:crypto';
import { describeOnEachDatabase, newKeys, prepareVault } from '../../../testing/databases';
import { userHash } from '../../../src/secrets/digest';
import { Secret } from '../../../src/secrets/secret';
import { openVault, type Vault } from '../../../src/vault';
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

  const sql = <Row>(text: string) => runSql<Row>(databaseUrl, text);
  const claimOf = (key: string, user = key) => ({
    key,
    plaidFlow: 'link_delivery' as const,
    firstRunId: 'run',
    requestDigest: `digest of ${key}`,
    plaidSessionHash: userHash(key),
    traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
    userHash: userHash(user),
  });

  /** A session that has ended with a linked item. */
  async function linked(key: string, user = key): Promise<string> {
    await vault.sessions.claim(claimOf(key, user));
    const accessToken = new Secret(`access-sandbox-${randomUUID()}`);
    const [row] = await vault.results.record(key, [{ kind: 'access_token', token: accessToken }]);
    const itemId = `item-${key}`;
    await vault.results.link(row!.resultId, {
      itemId,
      accessToken,
      institutionName: 'First Fictitious Bank',
      requestId: 'request',
    });
    await vault.sessions.end(key, 'COMPLETED', 'run');
    return itemId;
  }
  async function pending(key: string): Promise<string> {
    const token = new Secret(`public-sandbox-${randomUUID()}`);
    const rows = await vault.results.record(key, [{ kind: 'public_token', token }]);
    return rows.find(({ state }) => state === 'PENDING')!.resultId;
  }
  /** Makes everything older by so many days. */
  async function age(days: number): Promise<void> {
    const by = `interval '${days} days'`;
    await sql(`UPDATE hosted_link.sessions SET created_at = created_at - ${by}, ended_at = ended_at - ${by}`);
    await sql(`UPDATE hosted_link.results SET seen_at = seen_at - ${by}, ended_at = ended_at - ${by}`);
    await sql(`UPDATE hosted_link.items SET linked_at = linked_at - ${by}, removed_at = removed_at - ${by}`);
    await sql(`UPDATE hosted_link.erased_users SET erased_at = erased_at - ${by}`);
  }
  const sessionRow = async (key: string) =>
    (
      await sql<Record<string, unknown>>(`SELECT * FROM hosted_link.sessions WHERE session_key = '${key}'`)
    )[0]!;

  describe('the retention rule', () => {
    test('strips what ended long enough ago, and nothing before', async () => {
      const itemId = await linked('old');
      await age(DAYS - 1);
      expect(await vault.retention.purgeExpired(DAYS)).toEqual({ sessions: 0, results: 0, items: 0 });
      await age(2);
      expect(await vault.retention.purgeExpired(DAYS)).toEqual({ sessions: 1, results: 1, items: 0 });
      expect(await vault.retention.purgeExpired(DAYS)).toEqual({ sessions: 0, results: 0, items: 0 });
      expect(await sessionRow('old')).toMatchObject({
        session_key: 'old',
        state: 'COMPLETED',
        purged_at: expect.any(Date),
        user_hash: null,
        plaid_session_hash: null,
        traceparent: null,
        key_id: null,
        wrapped_key: null,
        sealed_request_digest: null,
      });
      expect(await vault.results.list('old')).toEqual([]);
      // The item is alive: it is read as before, and found by its person.
      const read = { itemId, actor: 'test', purpose: 'compare' };
      expect(await vault.withAccessToken(read, async (token) => token.reveal())).toMatch(/^access-sandbox-/);
      expect(await vault.items.list({ userHash: userHash('old') })).toMatchObject([
        { itemId, institutionName: 'First Fictitious Bank' },
      ]);
    });

    test('keeps the promise: a purged key never stands for another session, whatever the request', async () => {
      await linked('kept');
      await age(DAYS + 1);
      await vault.retention.purgeExpired(DAYS);
      for (const requestDigest of ['digest of kept', 'another']) {
        for (const firstRunId of ['run', 'later']) {
          expect(await vault.sessions.claim({ ...claimOf('kept'), requestDigest, firstRunId })).toMatchObject(
            {
              claimedBefore: true,
              row: { key: 'kept', state: 'COMPLETED', plaidSessionHash: undefined },
            },
          );
        }
      }
      expect(await sessionRow('kept')).toMatchObject({ user_hash: null, plaid_session_hash: null });
    });

    test('never touches a session that has not ended, or one with a result that is pending or uncertain', async () => {
      await vault.sessions.claim(claimOf('waiting'));
      const waiting = await pending('waiting');
      await linked('exchanging');
      const exchanging = await pending('exchanging');
      await linked('uncertain');
      const uncertain = await pending('uncertain');
      const lease = await vault.results.acquire(uncertain, 60_000);
      if (lease.outcome !== 'LEASED') throw new Error(lease.outcome);
      await vault.results.end(uncertain, lease.fence, 'UNCERTAIN', { errorCode: 'NO_ANSWER_TWICE' });
      await age(DAYS * 10);
      const before = await Promise.all(['waiting', 'exchanging', 'uncertain'].map(sessionRow));
      expect(await vault.retention.purgeExpired(DAYS)).toEqual({ sessions: 0, results: 0, items: 0 });
      expect(await Promise.all(['waiting', 'exchanging', 'uncertain'].map(sessionRow))).toEqual(before);
      for (const resultId of [waiting, exchanging])
        expect(await vault.results.acquire(resultId, 60_000)).toMatchObject({ outcome: 'LEASED' });
      // Once it has ended, its time begins.
      const again = await vault.results.acquire(exchanging, 60_000);
      expect(again.outcome).toBe('HELD');
      await vault.results.end(exchanging, 1, 'EXPIRED', { errorCode: 'X' });
      expect((await vault.retention.purgeExpired(DAYS)).sessions).toBe(0);
      await age(DAYS + 1);
      expect((await vault.retention.purgeExpired(DAYS)).sessions).toBe(1);
      expect(await sessionRow('exchanging')).toMatchObject({ purged_at: expect.any(Date) });
    });

    test('strips removed items but for their ids, and leaves the audit', async () => {
      const itemId = await linked('removed');
      await vault.withAccessToken({ itemId, actor: 'test', purpose: 'read' }, () => Promise.resolve());
      await vault.items.markRemoved(itemId);
      await age(DAYS + 1);
      expect(await vault.retention.purgeExpired(DAYS)).toEqual({ sessions: 1, results: 1, items: 1 });
      expect(await vault.items.get(itemId)).toEqual({
        itemId,
        sessionKey: 'removed',
        userHash: undefined,
        institutionId: undefined,
        institutionName: undefined,
        linkedAt: expect.any(Date),
        healthyAt: undefined,
        removedAt: expect.any(Date),
      });
      expect(await vault.audit.list()).toHaveLength(1);
    });

    test('goes through more than a batch, and workers at once share it', async () => {
      await sql(
        `INSERT INTO hosted_link.vault_keys (key_id, check_value) VALUES ('bulk', decode(repeat('00', 32), 'hex'))`,
      );
      await sql(
        `INSERT INTO hosted_link.sessions
          (session_key, plaid_flow, state, first_run_id, ended_at, key_id, wrapped_key, sealed_request_digest)
        SELECT 'bulk-' || n, 'link_delivery', 'EXPIRED', 'run', now() - interval '1 year', 'bulk', '', ''
        FROM generate_series(1, 250) AS n`,
      );
      const other = openVault({ databaseUrl, keys, environment: 'sandbox' }).catch((error: unknown) => error);
      // The made-up key is missed: rows that are to be purged still count as in use.
      expect(await other).toMatchObject({ code: 'KEY_UNKNOWN' });
      const shares = await Promise.all([1, 2, 3].map(() => vault.retention.purgeExpired(DAYS)));
      expect(shares.reduce((sum, { sessions }) => sum + sessions, 0)).toBe(250);
      await (await openVault({ databaseUrl, keys, environment: 'sandbox' })).close();
    });
  });

  describe('a forgotten person', () => {
    test('is purged as soon as what is there has ended, and others are left alone', async () => {
      const itemId = await linked('person-1', 'person');
      await linked('other');
      await vault.sessions.claim(claimOf('person-2', 'person'));
      expect(await vault.retention.find(userHash('person'))).toEqual({
        runningSessions: ['person-2'],
        endedSessions: ['person-1'],
        liveItems: [itemId],
        pendingResults: 0,
        uncertainResults: 0,
      });
      await vault.retention.writeTombstone(userHash('person'));
      await vault.items.markRemoved(itemId);
      expect(await vault.retention.purgeExpired(DAYS)).toEqual({ sessions: 1, results: 1, items: 1 });
      expect(await sessionRow('person-1')).toMatchObject({ purged_at: expect.any(Date), user_hash: null });
      expect(await sessionRow('person-2')).toMatchObject({ purged_at: null });
      expect(await sessionRow('other')).toMatchObject({ purged_at: null });
      expect(await vault.items.get(itemId)).toMatchObject({
        userHash: undefined,
        institutionName: undefined,
      });

      await vault.sessions.end('person-2', 'CANCELLED', 'run');
      expect(await vault.retention.purgeExpired(DAYS)).toEqual({ sessions: 1, results: 0, items: 0 });
      expect(await vault.retention.find(userHash('person'))).toEqual({
        runningSessions: [],
        endedSessions: [],
        liveItems: [],
        pendingResults: 0,
        uncertainResults: 0,
      });
      const text = JSON.stringify(await sql('SELECT * FROM hosted_link.sessions, hosted_link.items'));
      expect(text).not.toContain(userHash('person'));
    });

    test('may come back: what is linked after is kept like anybody’s', async () => {
      await vault.retention.writeTombstone(userHash('person'));
      await age(1);
      await linked('back', 'person');
      expect(await vault.retention.purgeExpired(DAYS)).toEqual({ sessions: 0, results: 0, items: 0 });
      await vault.retention.writeTombstone(userHash('person'));
      expect((await vault.retention.purgeExpired(DAYS)).sessions).toBe(1);
    });

    test('keeps an exchange that is under way until it has ended', async () => {
      await linked('busy', 'person');
      const resultId = await pending('busy');
      await vault.retention.writeTombstone(userHash('person'));
      expect((await vault.retention.purgeExpired(DAYS)).sessions).toBe(0);
      expect(await vault.retention.find(userHash('person'))).toMatchObject({ pendingResults: 1 });
      const lease = await vault.results.acquire(resultId, 60_000);
      if (lease.outcome !== 'LEASED') throw new Error(lease.outcome);
      await vault.results.end(resultId, lease.fence, 'EXPIRED', { errorCode: 'X' });
      expect((await vault.retention.purgeExpired(DAYS)).sessions).toBe(1);
    });
  });

  test('a session whose workflow is gone is ended as failed, and one that has ended stays as it is', async () => {
    await vault.sessions.claim(claimOf('lost'));
    await linked('done');
    await vault.retention.endLost('lost');
    await vault.retention.endLost('done');
    expect(await vault.sessions.get('lost')).toMatchObject({ state: 'FAILED', endedAt: expect.any(Date) });
    expect(await vault.sessions.get('done')).toMatchObject({ state: 'COMPLETED' });
  });
});
