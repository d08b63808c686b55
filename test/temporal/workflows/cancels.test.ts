import { describeWithTimeSkipping } from '../../../testing/temporal';
import { until } from '../../../testing/until';
import { MINUTE_MS, virtualTime } from '../../../testing/virtual-time';

describeWithTimeSkipping('a cancel', () => {
  const virtual = virtualTime();
  const liveItems = () =>
    virtual.harness.sandbox
      .ledger()
      .toJSON()
      .items.filter(({ live }) => live);

  it('during the create ends the session as CANCELLED, and the caller hears of it', async () => {
    const mend = virtual.outage();
    const linkToken = virtual.harness.sandbox.issueLinkToken();
    const starting = expect(
      virtual.harness.client.start({ key: 'creating', linkToken }),
    ).rejects.toMatchObject({
      code: 'SESSION_ENDED',
    });
    await virtual.passUntil('it has started', () =>
      virtual.harness.client.status('creating').then(
        () => true,
        () => false,
      ),
    );
    await virtual.harness.client.cancel('creating');
    await starting;
    mend();
    expect(await virtual.result('creating')).toMatchObject({ state: 'CANCELLED' });
  });

  it('while it waits is CANCELLING until the link is dead, then CANCELLED', async () => {
    const { key } = await virtual.start({}, { lifetimeMs: 30 * MINUTE_MS });
    await virtual.harness.client.cancel(key);
    await virtual.passUntil(
      'it is cancelling',
      async () => (await virtual.harness.client.status(key)).state === 'CANCELLING',
      1,
    );
    expect(await virtual.result(key)).toMatchObject({ state: 'CANCELLED', results: [] });
    const { status } = await virtual.harness.temporal.workflow.getHandle(`hosted-link/${key}`).describe();
    expect(status.name).toBe('CANCELLED');
  });

  it('removes the item of a person who finishes all the same', async () => {
    const before = liveItems().length;
    const { key, linkToken } = await virtual.start({}, { items: 2 });
    await virtual.harness.client.cancel(key);
    await virtual.person((sandbox) => sandbox.session(linkToken).open());
    await virtual.person((sandbox) => sandbox.session(linkToken).complete());
    expect(await virtual.result(key)).toMatchObject({
      state: 'CANCELLED',
      results: [{ state: 'REMOVED' }, { state: 'REMOVED' }],
    });
    expect(liveItems()).toHaveLength(before);
  });

  it('keeps trying to remove the item while Plaid is away, and counts one that is gone as removed', async () => {
    const { key, linkToken } = await virtual.start();
    await virtual.harness.client.cancel(key);
    virtual.fault('/item/remove', { kind: 'html', status: 503 }, { times: 2 });
    virtual.fault('/item/remove', { kind: 'reset_after_work' });
    const before = liveItems().length;
    await virtual.person((plaid) => plaid.session(linkToken).open());
    await virtual.person((plaid) => plaid.session(linkToken).complete());
    expect(await virtual.result(key)).toMatchObject({ state: 'CANCELLED', results: [{ state: 'REMOVED' }] });
    expect(liveItems()).toHaveLength(before);
  });

  it('lets the public token of the older shape die', async () => {
    const { key, linkToken } = await virtual.start({}, { tokenShape: 'public_tokens' });
    await virtual.harness.client.cancel(key);
    await virtual.person((sandbox) => sandbox.session(linkToken).open());
    await virtual.person((sandbox) => sandbox.session(linkToken).complete());
    expect(await virtual.result(key)).toMatchObject({ state: 'CANCELLED', results: [{ state: 'REMOVED' }] });
    const { publicTokens } = virtual.harness.sandbox.ledger().toJSON();
    expect(publicTokens.every(({ exchanges }) => exchanges.succeeded === 0)).toBe(true);
  });

  it('while Plaid is sending the link lets it finish, so that one message goes out and the link is watched to its end', async () => {
    const linkToken = virtual.harness.sandbox.issueLinkToken({ lifetimeMs: 30 * MINUTE_MS });
    let asked = false;
    virtual.fault(
      '/link_delivery/create',
      { kind: 'delay_before_work', holdMs: 500 },
      { matching: () => (asked = true) },
    );
    const delivery = { method: 'SMS', address: '+14155550123' } as const;
    const starting = virtual.harness.client.start({ key: 'sending', linkToken, delivery });
    await until('Plaid has been asked', () => asked);
    await virtual.harness.client.cancel('sending');
    expect(await starting).toMatchObject({ url: expect.any(String) as string });
    await until(
      'it is cancelling',
      async () => (await virtual.harness.client.status('sending')).state === 'CANCELLING',
    );
    expect(await virtual.result('sending')).toMatchObject({ state: 'CANCELLED' });
    const sessions = virtual.harness.sandbox.ledger().toJSON().sessions;
    expect(sessions.find(({ sessionId }) => linkToken.endsWith(sessionId))?.messages.SMS).toBe(1);
  });

  it('once the person has finished comes too late: the item stays', async () => {
    const { key, linkToken } = await virtual.start();
    await virtual.person((sandbox) => sandbox.session(linkToken).open());
    await virtual.person((sandbox) => sandbox.session(linkToken).complete());
    virtual.fault('/item/get', { kind: 'html', status: 503 }, { times: 2 });
    await virtual.harness.client.checkNow(key);
    await until(
      'it has completed',
      async () => (await virtual.harness.client.status(key)).state === 'COMPLETED',
    );
    const exchange = virtual.harness.temporal.workflow.getHandle(`token-exchange/${key}`);
    await exchange.cancel();
    expect(await virtual.result(key)).toMatchObject({ state: 'COMPLETED', results: [{ state: 'LINKED' }] });
  });

  it('of a session that Plaid may never have made ends as FAILED when Plaid does not know it', async () => {
    virtual.fault('/link_delivery/create', { kind: 'reset_before_work' });
    const mend = virtual.outage();
    const linkToken = virtual.harness.sandbox.issueLinkToken();
    const delivery = { method: 'SMS', address: '+14155550123' } as const;
    const { key } = await virtual.harness.client.start({ linkToken, delivery });
    await virtual.harness.client.cancel(key);
    await until(
      'it is cancelling',
      async () => (await virtual.harness.client.status(key)).state === 'CANCELLING',
    );
    mend();
    expect(await virtual.result(key)).toMatchObject({ state: 'FAILED', results: [] });
  });
});
