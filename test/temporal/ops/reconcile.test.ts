import { Client } from '@temporalio/client';
import { createPayloadCodec } from '../../../src/codec/payload-codec';
import { userHash } from '../../../src/secrets/digest';
import { generateKeyRingText, parseKeyRing } from '../../../src/secrets/key-ring';
import { type Discrepancy, PlaidPace, reconcile, type ReconcileContext } from '../../../src/ops/reconcile';
import { exchangeWorkflowId, removalWorkflowId } from '../../../src/domain/ids';
import { LINK_TOKEN_REQUEST } from '../../../testing/plaid-calls';
import { onDevServer, startHarness, type Harness } from '../../../testing/harness';
import { runSql } from '../../../testing/postgres';
import { describeWithDevServer, devServer } from '../../../testing/temporal';
import { until } from '../../../testing/until';

const MINUTE_MS = 60_000;

type Found = Omit<Discrepancy, 'message' | 'remedy'>;

/** What a restore of a whole deployment finds is tested in test/integration/restore.test.ts; these are the rarer kinds. */
describeWithDevServer('reconcile', () => {
  let harness: Harness;
  // Before the server's own, since hooks run in this order.
  afterAll(async () => await harness?.close(), MINUTE_MS);
  const server = devServer();
  beforeAll(async () => {
    harness = await startHarness(onDevServer(server), { now: Date.now });
  }, MINUTE_MS);

  async function find(options: Partial<ReconcileContext> = {}): Promise<Found[]> {
    const { vault, temporal, plaid } = harness;
    const context = {
      ...{ vault, temporal, plaid, pace: new PlaidPace(1_000), rules: { environment: 'sandbox' as const } },
      ...{ fix: false, endLost: false },
      ...options,
    };
    const found: Found[] = [];
    for await (const { message, remedy, ...one } of reconcile(context)) {
      expect([message, remedy]).toEqual([expect.stringMatching(/\w/), expect.stringMatching(/\w/)]);
      found.push(one);
    }
    return found;
  }
  const sql = <Row>(text: string) => runSql<Row>(harness.databaseUrl, text);

  /** Links an item in a session of `hosted_link`, and gives it with its result. */
  async function link(key: string): Promise<{ itemId: string; resultId: string }> {
    const { client, sandbox, vault } = harness;
    const linkTokenRequest = { ...LINK_TOKEN_REQUEST, user: { client_user_id: `person-${key}` } };
    const { url } = await client.start({ key, plaidFlow: 'hosted_link', linkTokenRequest });
    sandbox.session(url!.split('/').at(-1)!).complete();
    await client.checkNow(key);
    await client.waitForFinalStatus(key);
    const [row] = await vault.results.list(key);
    expect(row).toMatchObject({ state: 'LINKED' });
    return { itemId: row!.itemId!, resultId: row!.resultId };
  }

  it('finds nothing in a deployment that is sound, nor in one whose sessions were purged', async () => {
    const { itemId } = await link('sound');
    expect(await find()).toEqual([]);
    await harness.client.removeItem(itemId);
    await sql(
      "UPDATE hosted_link.sessions SET ended_at = now() - interval '2 days' WHERE session_key = 'sound'",
    );
    await sql(
      "UPDATE hosted_link.results SET ended_at = now() - interval '2 days' WHERE session_key = 'sound'",
    );
    expect(await harness.vault.retention.purgeExpired(1)).toMatchObject({ sessions: 1, results: 1 });
    expect(await find({ fix: true })).toEqual([]);
  });

  it('misses the row of a session that Plaid refused, and none of one whose key stood for an earlier session', async () => {
    const { client, sandbox, vault } = harness;
    const start = (key: string) => client.start({ key, linkToken: sandbox.issueLinkToken() });
    sandbox.fault('/link_delivery/create', {
      kind: 'plaid_error',
      status: 400,
      errorType: 'INVALID_INPUT',
      errorCode: 'INVALID_LINK_TOKEN',
    });
    await expect(start('refused-create')).rejects.toMatchObject({ code: 'CREATE_FAILED' });
    const claim = { plaidFlow: 'link_delivery', firstRunId: 'earlier', requestDigest: 'earlier' } as const;
    await vault.sessions.claim({ key: 'taken', ...claim });
    await expect(start('taken')).rejects.toMatchObject({ code: 'KEY_REUSED' });
    await until('both have ended', async () =>
      (await Promise.all(['refused-create', 'taken'].map((key) => client.status(key)))).every(
        ({ state }) => state === 'FAILED',
      ),
    );
    await sql("DELETE FROM hosted_link.sessions WHERE session_key IN ('refused-create', 'taken')");
    const found = { kind: 'SESSION_ROW_LOST', sessionKey: 'refused-create' };
    expect(await find({ fix: true })).toEqual([{ ...found, repaired: true }]);
    expect(await vault.sessions.get('refused-create')).toMatchObject({ state: 'FAILED' });
    expect(await find()).toEqual([]);
  });

  it(
    'keeps a running exchange from using a public token once more whose result the vault has lost',
    async () => {
      const { client, sandbox, temporal, vault } = harness;
      const linkTokenRequest = LINK_TOKEN_REQUEST;
      const { url } = await client.start({ key: 'lost', plaidFlow: 'hosted_link', linkTokenRequest });
      const mend = sandbox.fault(
        '/item/public_token/exchange',
        { kind: 'plaid_error', status: 503, errorType: 'API_ERROR', errorCode: 'PLANNED_MAINTENANCE' },
        { times: Infinity },
      );
      sandbox.session(url!.split('/').at(-1)!).complete();
      await client.checkNow('lost');
      const handle = temporal.workflow.getHandle(exchangeWorkflowId('lost'));
      const attempts = async () => {
        const { raw } = await handle.describe();
        return raw.pendingActivities?.[0]?.attempt ?? 0;
      };
      // It does not exist at first.
      await until('the exchange was tried', async () => (await attempts().catch(() => 0)) > 1);
      const [row] = await vault.results.list('lost');
      await sql("DELETE FROM hosted_link.results WHERE session_key = 'lost'");
      const found = { kind: 'RESULT_LOST', sessionKey: 'lost', resultId: row!.resultId };
      expect(await find()).toEqual([{ ...found, repaired: false }]);
      expect(await find({ fix: true })).toEqual([{ ...found, repaired: true }]);
      mend();
      await handle.result();
      expect(await vault.results.list('lost')).toMatchObject([{ state: 'UNCERTAIN' }]);
      const { publicTokens } = sandbox.ledger().toJSON();
      expect(publicTokens.at(-1)!.exchanges).toEqual({ succeeded: 0, refused: 0 });
      expect(await find()).toEqual([]);
    },
    2 * MINUTE_MS,
  );

  it('removes an item of a person who was forgotten, though it was there before and is at Plaid', async () => {
    const { itemId } = await link('person');
    await harness.vault.retention.writeTombstone(userHash('person-person'));
    const found = { kind: 'FORGOTTEN_ITEM', itemId, userHash: userHash('person-person') };
    expect(await find()).toEqual([{ ...found, repaired: false }]);
    expect(await find({ fix: true })).toEqual([{ ...found, repaired: true }]);
    await harness.temporal.workflow.getHandle(removalWorkflowId(itemId)).result();
    expect(await find()).toEqual([]);
    const items = harness.sandbox.ledger().toJSON().items;
    expect(items.find((item) => item.itemId === itemId)!.live).toBe(false);
  });

  it('leaves alone a token that Plaid does not take, and one that does not decrypt', async () => {
    const [refused, damaged] = [await link('refused'), await link('damaged')];
    const { accessToken } = harness.sandbox
      .ledger()
      .toJSON()
      .items.find(({ itemId }) => itemId === refused.itemId)!;
    const [errorType, errorCode] = ['INVALID_INPUT', 'INVALID_ACCESS_TOKEN'];
    harness.sandbox.fault(
      '/item/get',
      { kind: 'plaid_error', status: 400, errorType, errorCode },
      { times: Infinity, matching: (body) => body['access_token'] === accessToken },
    );
    await sql(
      `UPDATE hosted_link.items SET sealed_access_token = sealed_access_token || '\\x00' WHERE item_id = '${damaged.itemId}'`,
    );
    const expected = [
      { kind: 'TOKEN_REFUSED', itemId: refused.itemId, sessionKey: 'refused', repaired: false },
      { kind: 'ITEM_UNREADABLE', itemId: damaged.itemId, sessionKey: 'damaged', repaired: false },
    ];
    expect(await find({ fix: true })).toEqual(expected);
    expect(await harness.vault.items.get(refused.itemId)).toMatchObject({ removedAt: undefined });
    await sql(`UPDATE hosted_link.items SET removed_at = now(), key_id = NULL, wrapped_key = NULL,
      sealed_access_token = NULL, accounts_key_id = NULL, accounts_wrapped_key = NULL, sealed_accounts = NULL
      WHERE item_id IN ('${refused.itemId}', '${damaged.itemId}')`);
  });

  it('names a history whose key is missing, and goes on with the others', async () => {
    await link('unreadable');
    await sql("DELETE FROM hosted_link.results WHERE session_key = 'unreadable'");
    const ring = parseKeyRing(generateKeyRingText('another'), 'another ring');
    const { connection, namespace } = onDevServer(server);
    const temporal = new Client({
      connection,
      namespace,
      dataConverter: { payloadCodecs: [createPayloadCodec(ring)] },
    });
    const found = await find({ temporal });
    expect(new Set(found.map(({ kind }) => kind))).toEqual(new Set(['WORKFLOW_UNREADABLE']));
    expect(found.map(({ workflowId }) => workflowId)).toContain(exchangeWorkflowId('unreadable'));
  });
});
