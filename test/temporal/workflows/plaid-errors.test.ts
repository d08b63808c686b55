import type { Sandbox } from '../../../src/sandbox';
import { describeWithTimeSkipping } from '../../../testing/temporal';
import { HOUR_MS, MINUTE_MS, virtualTime } from '../../../testing/virtual-time';

type SandboxFault = Parameters<Sandbox['fault']>[1];

function plaidError(status: number, errorType: string, errorCode: string): SandboxFault {
  return { kind: 'plaid_error', status, errorType, errorCode };
}

const INTERNAL_ERROR = plaidError(500, 'API_ERROR', 'INTERNAL_SERVER_ERROR');
const CLOSED_ROUTE = plaidError(400, 'INVALID_INPUT', 'UNAUTHORIZED_ROUTE_ACCESS');
const WRONG_KEYS = plaidError(400, 'INVALID_INPUT', 'INVALID_API_KEYS');

describeWithTimeSkipping('Plaid errors', () => {
  const virtual = virtualTime();
  const status = (key: string) => virtual.harness.client.status(key);
  const complete = (linkToken: string) =>
    virtual.person((sandbox) => {
      sandbox.session(linkToken).open();
      sandbox.session(linkToken).complete();
    });

  it('that outlast the patience with the last get end the session as EXPIRED, with the error', async () => {
    const { key } = await virtual.startFor(HOUR_MS);
    await virtual.pass(10 * MINUTE_MS);
    virtual.outage();
    expect(await virtual.result(key)).toMatchObject({ state: 'EXPIRED', lastError: { class: 'transient' } });
  });

  it('that refuse the token of an expired link end the session as EXPIRED', async () => {
    const refused = plaidError(400, 'INVALID_INPUT', 'INVALID_LINK_TOKEN');
    const { key } = await virtual.startFor(10 * MINUTE_MS);
    await virtual.pass(9 * MINUTE_MS);
    const endOutage = virtual.outage();
    await virtual.pass(2 * MINUTE_MS);
    endOutage();
    virtual.fault('/link_delivery/get', refused, { times: Infinity });
    expect(await virtual.result(key)).toMatchObject({
      state: 'EXPIRED',
      lastError: { type: 'INVALID_INPUT/INVALID_LINK_TOKEN' },
    });
  });

  it('of a moment change nothing', async () => {
    const { key, linkToken } = await virtual.start();
    virtual.fault('/link_delivery/get', INTERNAL_ERROR, { times: 3 });
    await virtual.pass(4 * MINUTE_MS);
    expect(await status(key)).toMatchObject({ state: 'WAITING', health: { kind: 'OK' } });
    await complete(linkToken);
    expect(await virtual.result(key)).toMatchObject({ state: 'COMPLETED', lastError: undefined });
  });

  it('of more than five minutes show in the health of the session, until they are over', async () => {
    const { key, linkToken } = await virtual.start();
    const mend = virtual.outage();
    await virtual.passUntil(
      'the health is bad',
      async () => (await status(key)).health.kind === 'ERRORS',
      MINUTE_MS,
    );
    expect(await status(key)).toMatchObject({
      state: 'WAITING',
      health: { error: { class: 'transient' } },
      lastError: { class: 'transient' },
    });
    mend();
    await virtual.passUntil(
      'the health is good',
      async () => (await status(key)).health.kind === 'OK',
      MINUTE_MS,
    );
    await complete(linkToken);
    expect(await virtual.result(key)).toMatchObject({ state: 'COMPLETED' });
    expect(await virtual.events(key)).toBeLessThan(70);
  });

  it('that an operator has to mend let the session wait, visibly, and go on', async () => {
    const { key, linkToken } = await virtual.start();
    const mend = virtual.fault('/link_delivery/get', WRONG_KEYS, { times: Infinity });
    await virtual.passUntil('the health says so', async () => (await status(key)).health.kind === 'OPERATOR');
    expect(await status(key)).toMatchObject({
      state: 'WAITING',
      lastError: { type: 'INVALID_INPUT/INVALID_API_KEYS', requestId: expect.any(String) as string },
    });
    await virtual.pass(HOUR_MS);
    mend();
    await complete(linkToken);
    expect(await virtual.result(key)).toMatchObject({ state: 'COMPLETED', health: { kind: 'OK' } });
  });

  it('that no operator mends let the session end at its deadline, and the end says why', async () => {
    const { key } = await virtual.startFor(HOUR_MS);
    virtual.fault('/link_delivery/get', WRONG_KEYS, { times: Infinity });
    await virtual.pass(50 * MINUTE_MS);
    expect(await status(key)).toMatchObject({ state: 'WAITING', health: { kind: 'OPERATOR' } });
    expect(await virtual.result(key)).toMatchObject({
      state: 'EXPIRED',
      health: { kind: 'OPERATOR' },
      lastError: { type: 'INVALID_INPUT/INVALID_API_KEYS' },
    });
  });

  it.each([
    ['public_tokens', '/item/public_token/exchange', WRONG_KEYS, 'INVALID_INPUT/INVALID_API_KEYS'],
    ['access_tokens', '/item/get', CLOSED_ROUTE, 'INVALID_INPUT/UNAUTHORIZED_ROUTE_ACCESS'],
  ] as const)(
    'that an operator has to mend let an exchange of %s wait, visibly, and go on',
    async (tokenShape, endpoint, fault, errorCode) => {
      const { key, linkToken } = await virtual.start({}, { tokenShape });
      const mend = virtual.fault(endpoint, fault, { times: Infinity });
      await complete(linkToken);
      await virtual.passUntil('the item says so', async () => {
        const { results } = await status(key);
        return results[0]?.errorCode === errorCode;
      });
      await virtual.pass(10 * MINUTE_MS);
      expect(await status(key)).toMatchObject({ results: [{ state: 'PENDING', errorCode }] });
      mend();
      expect(await virtual.result(key)).toMatchObject({ results: [{ state: 'LINKED' }] });
    },
  );

  it('that no operator mends before a public token dies let its exchange end as EXPIRED', async () => {
    const { key, linkToken } = await virtual.start({}, { tokenShape: 'public_tokens' });
    const mend = virtual.fault('/item/public_token/exchange', WRONG_KEYS, { times: Infinity });
    await complete(linkToken);
    await virtual.passUntil(
      'the session has completed',
      async () => (await status(key)).state === 'COMPLETED',
    );
    await virtual.pass(HOUR_MS);
    await virtual.harness.syncClock();
    mend();
    expect(await virtual.result(key)).toMatchObject({ results: [{ state: 'EXPIRED' }] });
  });

  it('that nothing can mend end the session as FAILED', async () => {
    const { key } = await virtual.start();
    virtual.fault('/link_delivery/get', plaidError(400, 'INVALID_REQUEST', 'INVALID_FIELD'));
    expect(await virtual.result(key)).toMatchObject({
      state: 'FAILED',
      lastError: { type: 'INVALID_REQUEST/INVALID_FIELD', requestId: expect.any(String) as string },
    });
  });

  it('at the deadline are waited out before the last word', async () => {
    const { key, linkToken } = await virtual.start({}, { lifetimeMs: HOUR_MS });
    await virtual.pass(50 * MINUTE_MS);
    await complete(linkToken);
    const mend = virtual.outage();
    await virtual.pass(2 * HOUR_MS);
    expect(await status(key)).toMatchObject({ state: 'WAITING', health: { kind: 'ERRORS' } });
    mend();
    expect(await virtual.result(key)).toMatchObject({ state: 'COMPLETED', results: [{ state: 'LINKED' }] });
  });
});
