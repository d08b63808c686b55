import { removalWorkflowId } from '../../src/domain/ids';
import { onDevServer, startHarness, type Harness } from '../../testing/harness';
import { describeWithDevServer, devServer } from '../../testing/temporal';

const MINUTE_MS = 60_000;

describeWithDevServer('the removal of a stored item, by the client', () => {
  let harness: Harness;
  afterAll(async () => await harness?.close(), MINUTE_MS);
  const server = devServer();
  beforeAll(async () => {
    harness = await startHarness(onDevServer(server), { now: Date.now });
  }, MINUTE_MS);

  async function linkItem(key: string): Promise<string> {
    const linkToken = harness.sandbox.issueLinkToken();
    await harness.client.start({ key, linkToken });
    harness.sandbox.session(linkToken).complete();
    await harness.client.checkNow(key);
    const { results } = await harness.client.waitForFinalStatus(key);
    return results[0]!.itemId!;
  }
  const isLive = (itemId: string) =>
    harness.sandbox
      .ledger()
      .toJSON()
      .items.find((item) => item.itemId === itemId)!.live;

  it('removes it at Plaid and in the vault, and twice is once', async () => {
    const itemId = await linkItem('removed');
    await Promise.all([harness.client.removeItem(itemId), harness.client.removeItem(itemId)]);
    expect(isLive(itemId)).toBe(false);
    expect(await harness.client.status('removed')).toMatchObject({
      state: 'COMPLETED',
      results: [{ state: 'REMOVED', itemId }],
    });
    await harness.client.removeItem(itemId);
  });

  it('tells what Plaid refused for good, and can be asked for again', async () => {
    const itemId = await linkItem('refused');
    const [errorType, errorCode] = ['INVALID_REQUEST', 'INVALID_FIELD'];
    harness.sandbox.fault('/item/remove', { kind: 'plaid_error', status: 400, errorType, errorCode });
    await expect(harness.client.removeItem(itemId)).rejects.toMatchObject({
      code: 'REMOVE_FAILED',
      plaidError: { type: 'INVALID_REQUEST/INVALID_FIELD' },
    });
    expect(isLive(itemId)).toBe(true);
    await harness.client.removeItem(itemId);
    expect(isLive(itemId)).toBe(false);
  });

  it('goes on when its caller’s time is up, or its call is cancelled, and is done once a worker runs', async () => {
    const itemId = await linkItem('waiting');
    await harness.stopWorkers();
    await expect(harness.client.removeItem(itemId, { timeoutMs: 1_000 })).rejects.toMatchObject({
      code: 'REMOVE_TIMEOUT',
    });
    const cancelled = new AbortController();
    const call = harness.temporal.withAbortSignal(cancelled.signal, () => harness.client.removeItem(itemId));
    setImmediate(() => cancelled.abort());
    await expect(call).rejects.toMatchObject({ code: 'REMOVE_TIMEOUT' });
    expect(isLive(itemId)).toBe(true);
    await harness.startWorkers();
    await harness.temporal.workflow.getHandle(removalWorkflowId(itemId)).result();
    expect(isLive(itemId)).toBe(false);
  });

  it('is refused for an item that is not there, and for what is no item id', async () => {
    await expect(harness.client.removeItem('nobody')).rejects.toMatchObject({ code: 'ITEM_UNKNOWN' });
    const token = 'access-sandbox-00000000-0000-4000-8000-000000000000';
    for (const itemId of [token, '', 'an item'])
      await expect(harness.client.removeItem(itemId)).rejects.toMatchObject({ field: 'itemId' });
  });
});
