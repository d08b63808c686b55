import type { PlaidClient } from '../../../src/plaid/plaid';
import type { Sandbox } from '../../../src/sandbox';
import { Secret } from '../../../src/secrets/secret';
import type { Vault } from '../../../src/vault';
import { runSql } from '../../../testing/postgres';
import { runActivity } from '../../../testing/run-activity';
import { vaultAndPlaid } from '../../../testing/vault-and-plaid';

describe('the removal of a stored item', () => {
  const parts = vaultAndPlaid();
  let vault: Vault;
  let sandbox: Sandbox;
  let plaid: PlaidClient;
  beforeAll(() => {
    ({ vault, sandbox, plaid } = parts);
  });

  /** Links an item that a person has made at Plaid. */
  async function linkItem(key: string): Promise<{ itemId: string; accessToken: Secret }> {
    const linkToken = sandbox.issueLinkToken();
    await plaid.linkDeliveryCreate({ linkToken });
    sandbox.session(linkToken).complete();
    const issued = sandbox.ledger().toJSON().items.at(-1)!;
    const item = { itemId: issued.itemId, accessToken: new Secret(issued.accessToken), requestId: 'linked' };
    await vault.sessions.claim({
      key,
      plaidFlow: 'link_delivery',
      firstRunId: 'run',
      requestDigest: 'digest',
    });
    const [row] = await vault.results.record(key, [{ kind: 'access_token', token: item.accessToken }]);
    await vault.results.link(row!.resultId, item);
    return item;
  }

  const removeItem = (itemId: string): Promise<void> => runActivity(parts.activities.removeItem, itemId);
  const isLive = (itemId: string) =>
    sandbox
      .ledger()
      .toJSON()
      .items.find((item) => item.itemId === itemId)!.live;
  const readsOf = (itemId: string) =>
    runSql<{ actor: string; purpose: string }>(
      parts.databaseUrl,
      `SELECT actor, purpose FROM hosted_link.access_audit WHERE item_id = '${itemId}'`,
    );

  it('removes it at Plaid and its token from the vault, after the read is on record', async () => {
    const { itemId } = await linkItem('stored');
    await removeItem(itemId);
    expect(isLive(itemId)).toBe(false);
    expect(await vault.items.get(itemId)).toMatchObject({ removedAt: expect.any(Date) as Date });
    expect(await vault.results.list('stored')).toMatchObject([{ state: 'REMOVED', itemId }]);
    expect(await readsOf(itemId)).toEqual([{ actor: 'hosted-link worker', purpose: 'remove item' }]);
  });

  it('is done by a repeat when it was cut off between Plaid and the vault', async () => {
    const { itemId } = await linkItem('cut-off');
    const { markRemoved } = vault.items;
    vault.items.markRemoved = () => Promise.reject(new Error('the worker is gone'));
    try {
      await expect(removeItem(itemId)).rejects.toThrow('the worker is gone');
    } finally {
      vault.items.markRemoved = markRemoved;
    }
    expect(isLive(itemId)).toBe(false);
    await removeItem(itemId);
    expect(await vault.items.get(itemId)).toMatchObject({ removedAt: expect.any(Date) as Date });
    await removeItem(itemId);
    expect(await readsOf(itemId)).toHaveLength(2);
  });

  it.each(['ITEM_NOT_FOUND', 'INVALID_ACCESS_TOKEN', 'ITEM_CONCURRENTLY_DELETED'])(
    'counts %s as done',
    async (errorCode) => {
      const { itemId } = await linkItem(errorCode);
      const errorType = errorCode === 'INVALID_ACCESS_TOKEN' ? 'INVALID_INPUT' : 'ITEM_ERROR';
      sandbox.fault('/item/remove', { kind: 'plaid_error', status: 400, errorType, errorCode });
      await removeItem(itemId);
      expect(await vault.items.get(itemId)).toMatchObject({ removedAt: expect.any(Date) as Date });
    },
  );

  it.each([
    { what: 'refuses', fault: { kind: 'plaid_error', status: 500, errorType: 'API_ERROR', errorCode: 'X' } },
    { what: 'does not answer', fault: { kind: 'reset_before_work' } },
  ] as const)('keeps the token while Plaid $what', async ({ what, fault }) => {
    const { itemId, accessToken } = await linkItem(what.replaceAll(' ', '-'));
    sandbox.fault('/item/remove', fault);
    await expect(removeItem(itemId)).rejects.toThrow('/item/remove');
    expect(await vault.items.get(itemId)).toMatchObject({ removedAt: undefined });
    const read = { itemId, actor: 'test', purpose: 'compare' };
    await vault.withAccessToken(read, async (token) => {
      expect(token.reveal() === accessToken.reveal()).toBe(true);
    });
  });

  it('refuses an item that is not there', async () => {
    await expect(removeItem('nobody')).rejects.toMatchObject({ code: 'ITEM_UNKNOWN' });
  });
});
