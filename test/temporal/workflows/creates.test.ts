import type { Sandbox } from '../../../src/sandbox';
import { SqlSessionStore } from '../../../src/vault/stores/sessions';
import { VaultError } from '../../../src/vault/vault-error';
import { describeWithTimeSkipping } from '../../../testing/temporal';
import { until } from '../../../testing/until';
import { MINUTE_MS, virtualTime } from '../../../testing/virtual-time';

type SandboxFault = Parameters<Sandbox['fault']>[1];

const BUSY: SandboxFault = {
  kind: 'plaid_error',
  status: 429,
  errorType: 'RATE_LIMIT_EXCEEDED',
  errorCode: 'RATE_LIMIT',
};
const DELIVERY = { method: 'SMS', address: '+14155550123' } as const;

describeWithTimeSkipping('a create', () => {
  const virtual = virtualTime();
  const messages = (linkToken: string) =>
    virtual.harness.sandbox
      .ledger()
      .toJSON()
      .sessions.filter(({ sessionId }) => linkToken.endsWith(sessionId))
      .reduce((sum, session) => sum + session.messages.SMS + session.messages.EMAIL, 0);

  it('from a link token request makes the link token too', async () => {
    const linkTokenRequest = {
      client_name: 'Test application',
      language: 'en',
      country_codes: ['US'],
      user: { client_user_id: 'person-1' },
      products: ['transactions'],
    };
    const { client, sandbox } = virtual.harness;
    const { url, expiresAt } = await client.start({ key: 'by-request', linkTokenRequest });
    expect(url).toContain(sandbox.url);
    expect(Date.parse(expiresAt)).toBeGreaterThan(0);
    await client.cancel('by-request');
  });

  it('that Plaid refuses fails the session with Plaid’s error, which the caller gets', async () => {
    virtual.fault('/link_delivery/create', {
      kind: 'plaid_error',
      status: 400,
      errorType: 'INVALID_INPUT',
      errorCode: 'INVALID_LINK_TOKEN',
    });
    const linkToken = virtual.harness.sandbox.issueLinkToken();
    const refusal = {
      code: 'CREATE_FAILED',
      plaidError: { type: 'INVALID_INPUT/INVALID_LINK_TOKEN', requestId: expect.any(String) as string },
    };
    await expect(virtual.harness.client.start({ key: 'refused', linkToken })).rejects.toMatchObject(refusal);
    expect(await virtual.result('refused')).toMatchObject({ state: 'FAILED', lastError: refusal.plaidError });
  });

  it('on an account that may not use link_delivery says so and names the other Plaid flow', async () => {
    virtual.fault('/link_delivery/create', {
      kind: 'plaid_error',
      status: 400,
      errorType: 'INVALID_INPUT',
      errorCode: 'UNAUTHORIZED_ROUTE_ACCESS',
    });
    await expect(virtual.start()).rejects.toMatchObject({
      code: 'CREATE_FAILED',
      message: expect.stringContaining('hosted_link') as string,
    });
  });

  it('that meets a moment of trouble is repeated', async () => {
    virtual.fault('/link_delivery/create', { kind: 'html', status: 502 }, { times: 2 });
    const starting = virtual.start();
    await virtual.pass(MINUTE_MS);
    expect(await starting).toMatchObject({ url: expect.any(String) as string });
  });

  it('that meets trouble for more than ten minutes fails', async () => {
    const mend = virtual.fault('/link_delivery/create', { kind: 'html', status: 502 }, { times: Infinity });
    const starting = expect(virtual.start({ key: 'ten-minutes' })).rejects.toMatchObject({
      code: 'CREATE_FAILED',
    });
    await virtual.pass(15 * MINUTE_MS);
    await starting;
    mend();
    expect(await virtual.harness.client.status('ten-minutes')).toMatchObject({ state: 'FAILED' });
  });

  it('whose row the vault cannot take is repeated for ten minutes, asks Plaid for nothing, and fails by that name', async () => {
    const away = new VaultError('VAULT_UNREACHABLE', 'the database is away');
    const claim = jest.spyOn(SqlSessionStore.prototype, 'claim').mockRejectedValue(away);
    const sessions = () => virtual.harness.sandbox.ledger().toJSON().sessions.length;
    const before = sessions();
    const starting = expect(virtual.start({ key: 'no-vault' })).rejects.toMatchObject({
      code: 'CREATE_FAILED',
      message: expect.stringContaining('the database is away') as string,
    });
    await virtual.pass(15 * MINUTE_MS);
    await starting;
    claim.mockRestore();
    expect(await virtual.harness.client.status('no-vault')).toMatchObject({
      state: 'FAILED',
      lastError: { type: 'VAULT/VAULT_UNREACHABLE', class: 'transient' },
    });
    expect(sessions()).toBe(before);
  });

  it('that sends is repeated only after a clear refusal, so that one message goes out', async () => {
    virtual.fault('/link_delivery/create', BUSY, { times: 2 });
    const starting = virtual.start({ delivery: DELIVERY });
    await virtual.pass(MINUTE_MS);
    const { linkToken } = await starting;
    expect(messages(linkToken)).toBe(1);
  });

  it('that sends what Plaid cannot deliver shows so in the status, and the link can be finished all the same', async () => {
    const { client } = virtual.harness;
    const { key, linkToken } = await virtual.start({ delivery: DELIVERY });
    await client.deliveryFailed(key, 'SMS');
    await until('the status shows it', async () => (await client.status(key)).deliveryFailure !== undefined);
    const { state, deliveryFailure } = await client.status(key);
    expect([state, deliveryFailure]).toEqual([
      'WAITING',
      { at: expect.any(String) as string, method: 'SMS' },
    ]);
    await client.deliveryFailed(key, 'EMAIL');

    await virtual.person((sandbox) => sandbox.session(linkToken).open());
    await virtual.person((sandbox) => sandbox.session(linkToken).complete());
    expect(await virtual.result(key)).toMatchObject({ state: 'COMPLETED', deliveryFailure });
    await expect(client.deliveryFailed(key, 'SMS')).rejects.toMatchObject({ code: 'SESSION_ENDED' });
  });

  it('whose delivery failure is told with anything else than a method shows none of it', async () => {
    const { client } = virtual.harness;
    const { key, linkToken } = await virtual.start({ delivery: DELIVERY });
    await client.deliveryFailed(key, '[a link](https://elsewhere.example)' as 'SMS');
    await until('the status shows it', async () => (await client.status(key)).deliveryFailure !== undefined);
    expect((await client.status(key)).deliveryFailure).toMatchObject({ method: 'UNKNOWN' });
    await virtual.person((sandbox) => sandbox.session(linkToken).open());
    await virtual.person((sandbox) => sandbox.session(linkToken).complete());
    await virtual.result(key);
  });

  it('that sends and loses its answer is not repeated: the session is watched, and completes', async () => {
    virtual.fault('/link_delivery/create', { kind: 'reset_after_work' });
    const { key, url, linkToken } = await virtual.start({ delivery: DELIVERY });
    expect(url).toBeUndefined();
    await virtual.person((sandbox) => sandbox.session(linkToken).open());
    await virtual.person((sandbox) => sandbox.session(linkToken).complete());
    expect(await virtual.result(key)).toMatchObject({ state: 'COMPLETED', results: [{ state: 'LINKED' }] });
    expect(messages(linkToken)).toBe(1);
  });

  it('that sends and was lost on the way is DELIVERY_UNCERTAIN, and not repeated', async () => {
    virtual.fault('/link_delivery/create', { kind: 'reset_before_work' });
    const { key, linkToken } = await virtual.start({ delivery: DELIVERY });
    expect(await virtual.result(key)).toMatchObject({ state: 'DELIVERY_UNCERTAIN', results: [] });
    expect(messages(linkToken)).toBe(0);
  });
});
