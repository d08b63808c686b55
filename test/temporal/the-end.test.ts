import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { VerifiedCallback } from 'hosted-link/callbacks';
import { createReceiver } from '../../examples/the-end/receiver';
import { linkedItems } from '../../examples/the-end/result';
import type { waitForLink } from '../../examples/the-end/workflows';
import { generateKeyRingText, parseKeyRing } from '../../src/secrets/key-ring';
import { onDevServer, startHarness, type Harness } from '../../testing/harness';
import { describeWithDevServer, devServer } from '../../testing/temporal';
import { until } from '../../testing/until';

const MINUTE_MS = 60_000;

describeWithDevServer('the examples of docs/learning-of-the-end.md', () => {
  const key = generateKeyRingText('callback');
  const kept = new Map<string, VerifiedCallback>();
  let receiver: Server;
  let url: string;
  let harness: Harness;
  afterAll(async () => {
    await harness?.close();
    receiver?.close();
  }, MINUTE_MS);
  const server = devServer({
    searchAttributes: { HostedLinkState: 'Keyword', HostedLinkPlaidFlow: 'Keyword' },
  });

  beforeAll(async () => {
    receiver = createReceiver({
      secrets: [key.split(':')[1]!],
      keep: async (callback) => {
        const isNew = !kept.has(callback.id);
        kept.set(callback.id, callback);
        return isNew;
      },
    });
    await once(receiver.listen(0, '127.0.0.1'), 'listening');
    url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
    const callbacks = { url, keys: parseKeyRing(key, 'callback key') };
    harness = await startHarness(onDevServer(server), { now: Date.now }, { callbacks });
    await harness.startApplicationWorker({
      taskQueue: 'application',
      workflowsPath: require.resolve('../../examples/the-end/workflows'),
    });
  }, MINUTE_MS);

  it('learn of the same end in three ways: by the result, by a signal and by a callback', async () => {
    const waiting = await harness.temporal.workflow.start<typeof waitForLink>('waitForLink', {
      workflowId: 'onboarding-42',
      taskQueue: 'application',
    });
    const linkToken = harness.sandbox.issueLinkToken({ items: 2 });
    await harness.client.start({ key: 'user-42', linkToken, notify: ['onboarding-42'] });
    harness.sandbox.session(linkToken).complete();

    const itemIds = await linkedItems(harness.client, 'user-42');
    expect(itemIds).toHaveLength(2);
    expect(await waiting.result()).toEqual({ key: 'user-42', state: 'COMPLETED', itemIds });
    await until('the callback is kept', () => kept.size > 0);
    expect([...kept.values()]).toMatchObject([
      { key: 'user-42', plaidFlow: 'link_delivery', state: 'COMPLETED', itemIds, sequence: 1 },
    ]);
  });

  it('take no callback that is not signed, and none that is too large', async () => {
    const post = async (body: string) => (await fetch(url, { method: 'POST', body })).status;
    const before = kept.size;
    expect(await post('{}')).toBe(401);
    expect(await post('x'.repeat(100_000))).toBe(413);
    expect(kept.size).toBe(before);
  });
});
