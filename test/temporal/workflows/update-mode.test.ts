import type { PlaidFlow } from '../../../src/domain/plaid-flow';
import { LINK_TOKEN_REQUEST } from '../../../testing/plaid-calls';
import { describeWithTimeSkipping } from '../../../testing/temporal';
import { until } from '../../../testing/until';
import { HOUR_MS, MINUTE_MS, virtualTime } from '../../../testing/virtual-time';

const { products: _, ...REQUEST } = LINK_TOKEN_REQUEST;

describeWithTimeSkipping.each<PlaidFlow>(['hosted_link', 'link_delivery'])(
  'a session of %s in update mode',
  (plaidFlow) => {
    const virtual = virtualTime();
    const items = () => virtual.harness.sandbox.ledger().toJSON().items;
    const status = (key: string) => virtual.harness.client.status(key);

    /** An item in the vault whose bank asks for a new login. */
    async function brokenItem(): Promise<string> {
      const { key, linkToken } = await virtual.start();
      await virtual.person((sandbox) => sandbox.session(linkToken).complete());
      const itemId = (await virtual.result(key)).results[0]!.itemId!;
      virtual.harness.sandbox.item(itemId).requireLogin();
      return itemId;
    }

    async function startUpdate(itemId: string, key = `mend-${itemId}`) {
      return await virtual.startHosted({ key, plaidFlow, linkTokenRequest: REQUEST, update: { itemId } });
    }

    it('mends the item: nothing is exchanged, and its token stays as it was', async () => {
      const itemId = await brokenItem();
      const before = await accessTokenOf(itemId);
      const live = items().length;
      const { key, id } = await startUpdate(itemId);
      expect(await status(key)).toMatchObject({ state: 'WAITING' });
      expect((await status(key)).update).toEqual({ itemId });
      await virtual.person((sandbox) => sandbox.session(id).complete());
      const report = await virtual.result(key);
      expect(report).toMatchObject({
        state: 'COMPLETED',
        results: [],
        update: { itemId, healthyAt: expect.any(String) as string },
      });
      const [item] = (await virtual.harness.vault.items.list()).filter((one) => one.itemId === itemId);
      expect(item).toMatchObject({ healthyAt: new Date(report.update!.healthyAt!), removedAt: undefined });
      expect(virtual.harness.sandbox.item(itemId).errorCode).toBeUndefined();
      expect((await accessTokenOf(itemId)) === before).toBe(true);
      expect(items()).toHaveLength(live);
      expect(await virtual.harness.vault.results.list(key)).toEqual([]);
    });

    it('is COMPLETED without the item being mended when Plaid goes on showing its error', async () => {
      const itemId = await brokenItem();
      const { key, id } = await startUpdate(itemId);
      await virtual.person((sandbox) => sandbox.session(id).complete());
      virtual.harness.sandbox.item(itemId).requireLogin();
      const { state, update } = await virtual.result(key);
      expect([state, update]).toEqual(['COMPLETED', { itemId }]);
    });

    it('is EXPIRED when the person never comes, and the item stays', async () => {
      const itemId = await brokenItem();
      const { key } = await startUpdate(itemId);
      const { state, update } = await virtual.result(key);
      expect([state, update]).toEqual(['EXPIRED', { itemId }]);
      expect(items().find((item) => item.itemId === itemId)).toMatchObject({ live: true });
    });

    it('is CANCELLED at once, and the item stays', async () => {
      const itemId = await brokenItem();
      const { key, id } = await startUpdate(itemId);
      await virtual.harness.client.cancel(key);
      await until('it is cancelled', async () => (await status(key)).state === 'CANCELLED');
      await virtual.person((sandbox) => sandbox.session(id).complete());
      expect(await virtual.result(key)).toMatchObject({ state: 'CANCELLED', results: [] });
      await virtual.pass(HOUR_MS);
      expect(items().find((item) => item.itemId === itemId)).toMatchObject({ live: true });
    });

    it('refuses an item that the vault does not have, or has no more, and asks Plaid for nothing', async () => {
      await expect(startUpdate('nobodys-item')).rejects.toMatchObject({
        code: 'ITEM_UNKNOWN',
        message: expect.stringContaining('nobodys-item') as string,
      });
      const itemId = await brokenItem();
      await virtual.harness.vault.items.markRemoved(itemId);
      const linkTokens = virtual.harness.sandbox.ledger().toJSON().secrets.linkTokens.length;
      await expect(startUpdate(itemId)).rejects.toMatchObject({ code: 'ITEM_REMOVED' });
      expect(await status(`mend-${itemId}`)).toMatchObject({ state: 'FAILED' });
      expect(virtual.harness.sandbox.ledger().toJSON().secrets.linkTokens).toHaveLength(linkTokens);
    });

    it('of an item that Plaid does not know any more fails, with Plaid’s error', async () => {
      const itemId = await brokenItem();
      virtual.fault('/link/token/create', {
        kind: 'plaid_error',
        status: 400,
        errorType: 'ITEM_ERROR',
        errorCode: 'ITEM_NOT_FOUND',
      });
      await expect(startUpdate(itemId)).rejects.toMatchObject({
        code: 'CREATE_FAILED',
        plaidError: { type: 'ITEM_ERROR/ITEM_NOT_FOUND' },
      });
    });

    it('that Plaid sends is sent once', async () => {
      const itemId = await brokenItem();
      virtual.fault('/link/token/create', {
        kind: 'plaid_error',
        status: 429,
        errorType: 'RATE_LIMIT_EXCEEDED',
        errorCode: 'RATE_LIMIT',
      });
      const starting = virtual.startHosted({
        key: `sent-${itemId}`,
        plaidFlow,
        linkTokenRequest: REQUEST,
        update: { itemId },
        delivery: { method: 'SMS', address: '+14155550123' },
      });
      await virtual.pass(MINUTE_MS);
      const { id } = await starting;
      const { sessions } = virtual.harness.sandbox.ledger().toJSON();
      expect(sessions.find(({ sessionId }) => sessionId === id)!.messages.SMS).toBe(1);
      await virtual.person((sandbox) => sandbox.session(id).complete());
      expect(await virtual.result(`sent-${itemId}`)).toMatchObject({ state: 'COMPLETED' });
    });

    async function accessTokenOf(itemId: string): Promise<string> {
      const read = { itemId, actor: 'test', purpose: 'compare' };
      return await virtual.harness.vault.withAccessToken(read, (token) => Promise.resolve(token.reveal()));
    }
  },
);
