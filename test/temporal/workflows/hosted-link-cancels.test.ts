import { describeWithTimeSkipping } from '../../../testing/temporal';
import { until } from '../../../testing/until';
import { MINUTE_MS, virtualTime } from '../../../testing/virtual-time';

const SMS = { method: 'SMS', address: '+14155550123' } as const;

describeWithTimeSkipping('a cancel of a session of hosted_link', () => {
  const virtual = virtualTime();
  const ledger = () => virtual.harness.sandbox.ledger().toJSON();
  const publicTokensOf = (id: string) => ledger().publicTokens.filter(({ sessionId }) => sessionId === id);
  const liveItemsOf = (id: string) =>
    ledger().items.filter(({ sessionId, live }) => sessionId === id && live);
  const status = (key: string) => virtual.harness.client.status(key);

  it('during the create ends it at once, and the caller hears of it', async () => {
    const mend = virtual.outage();
    const starting = expect(virtual.startHosted({ key: 'creating' })).rejects.toMatchObject({
      code: 'SESSION_ENDED',
    });
    await virtual.passUntil('it has started', () =>
      status('creating').then(
        () => true,
        () => false,
      ),
    );
    await virtual.harness.client.cancel('creating');
    await starting;
    mend();
    expect(await virtual.result('creating')).toMatchObject({ state: 'CANCELLED' });
  });

  it('while Plaid is sending the link lets it finish, and one message goes out', async () => {
    let asked = false;
    virtual.fault(
      '/link/token/create',
      { kind: 'delay_before_work', holdMs: 500 },
      { matching: () => (asked = true) },
    );
    const starting = virtual.startHosted({ key: 'sending', delivery: SMS });
    await until('Plaid has been asked', () => asked);
    await virtual.harness.client.cancel('sending');
    const { id } = await starting;
    expect(await virtual.result('sending')).toMatchObject({ state: 'CANCELLED' });
    expect(ledger().sessions.find(({ sessionId }) => sessionId === id)!.messages.SMS).toBe(1);
  });

  it('while it waits ends it at once, and what the person does then comes to nothing', async () => {
    const { key, id } = await virtual.startHosted();
    await virtual.harness.client.cancel(key);
    await until('it has ended', async () => (await status(key)).state === 'CANCELLED');
    await virtual.person((sandbox) => sandbox.session(id).complete());
    expect(await virtual.result(key)).toMatchObject({ state: 'CANCELLED', results: [] });
    await virtual.pass(30 * MINUTE_MS);
    expect(publicTokensOf(id)).toEqual([
      expect.objectContaining({ exchanges: { succeeded: 0, refused: 0 }, itemId: null }),
    ]);
  });

  it('removes the items that it has already, and exchanges nothing more', async () => {
    const { key, id } = await virtual.startHosted();
    await virtual.person((sandbox) => sandbox.session(id).connect());
    await virtual.passUntil('it is an item', async () => (await status(key)).results[0]?.state === 'LINKED');
    const [item] = await virtual.harness.vault.items.list({ sessionKey: key });
    virtual.fault('/item/remove', { kind: 'html', status: 503 });
    virtual.fault('/item/remove', { kind: 'reset_after_work' });
    await virtual.harness.client.cancel(key);
    await virtual.person((sandbox) => sandbox.session(id).connect());
    expect(await virtual.result(key)).toMatchObject({ state: 'CANCELLED' });
    expect(await status(key)).toMatchObject({ results: [{ state: 'REMOVED', itemId: item!.itemId }] });
    expect(liveItemsOf(id)).toEqual([]);
    expect(publicTokensOf(id).map(({ exchanges }) => exchanges.succeeded)).toEqual([1, 0]);
    const read = { itemId: item!.itemId, actor: 'test', purpose: 'see that it is gone' };
    await expect(virtual.harness.vault.withAccessToken(read, () => Promise.resolve())).rejects.toMatchObject({
      code: 'ITEM_REMOVED',
    });
  });

  it('waits for an exchange that is under way, and removes its item', async () => {
    const { key, id } = await virtual.startHosted();
    let asked = false;
    virtual.fault(
      '/item/public_token/exchange',
      { kind: 'delay_after_work', holdMs: 2_000 },
      { matching: () => (asked = true) },
    );
    await virtual.person((sandbox) => sandbox.session(id).connect());
    await virtual.passUntil('it is exchanged', () => asked, 1_000);
    await virtual.harness.client.cancel(key);
    expect(await virtual.result(key)).toMatchObject({ state: 'CANCELLED', results: [{ state: 'REMOVED' }] });
    expect(liveItemsOf(id)).toEqual([]);
  });

  it('gives up an exchange that Plaid has refused for now', async () => {
    const { key, id } = await virtual.startHosted();
    virtual.fault(
      '/item/public_token/exchange',
      { kind: 'plaid_error', status: 503, errorType: 'API_ERROR', errorCode: 'PLANNED_MAINTENANCE' },
      { times: Infinity },
    );
    await virtual.person((sandbox) => sandbox.session(id).connect());
    await virtual.passUntil(
      'it is refused',
      async () => (await status(key)).results[0]?.errorCode !== undefined,
    );
    await virtual.harness.client.cancel(key);
    expect(await virtual.result(key)).toMatchObject({ state: 'CANCELLED', results: [{ state: 'REMOVED' }] });
    expect(publicTokensOf(id)[0]!.exchanges.succeeded).toBe(0);
  });

  it('exchanges nothing that a get still brings when the session is over', async () => {
    const { key, id } = await virtual.startHosted();
    let asked = false;
    await virtual.person((sandbox) => sandbox.session(id).connect());
    virtual.fault(
      '/link/token/get',
      { kind: 'delay_after_work', holdMs: 1_000 },
      { matching: () => (asked = true) },
    );
    await virtual.harness.client.checkNow(key);
    await until('a get is under way', () => asked);
    await virtual.harness.client.cancel(key);
    expect(await virtual.result(key)).toMatchObject({ state: 'CANCELLED' });
    await virtual.pass(30 * MINUTE_MS);
    expect(publicTokensOf(id)[0]!.exchanges).toEqual({ succeeded: 0, refused: 0 });
  });
});
