import type { Fault } from '../../../src/sandbox';
import { describeWithTimeSkipping } from '../../../testing/temporal';
import { MINUTE_MS, virtualTime } from '../../../testing/virtual-time';

const SMS = { method: 'SMS', address: '+14155550123' } as const;
const EMAIL = { method: 'EMAIL', address: 'ada@example.com' } as const;

/** How long a call may take here, in milliseconds. */
const TIME_LIMIT_MS = 1_000;

function plaidError(status: number, errorType: string, errorCode: string, afterWork = false): Fault {
  return { kind: 'plaid_error', status, errorType, errorCode, afterWork };
}

describeWithTimeSkipping('a create of hosted_link', () => {
  const virtual = virtualTime({}, { plaidLimits: { totalMs: TIME_LIMIT_MS } });

  const messages = () =>
    virtual.harness.sandbox
      .ledger()
      .toJSON()
      .sessions.reduce((sum, session) => sum + session.messages.SMS + session.messages.EMAIL, 0);

  it.each([SMS, EMAIL])('lets Plaid send the link once: $method', async (delivery) => {
    const before = messages();
    const { key, url } = await virtual.startHosted({ delivery });
    expect(url).toContain(virtual.harness.sandbox.url);
    expect(await virtual.startHosted({ key, delivery })).toMatchObject({ url });
    expect(messages() - before).toBe(1);
    await virtual.harness.client.cancel(key);
  });

  it.each<[string, Fault]>([
    ['a rate limit', plaidError(429, 'RATE_LIMIT_EXCEEDED', 'RATE_LIMIT')],
    ['planned maintenance', plaidError(503, 'API_ERROR', 'PLANNED_MAINTENANCE')],
  ])('that sends is repeated after %s, so that one message goes out', async (_what, fault) => {
    const before = messages();
    virtual.fault('/link/token/create', fault, { times: 2 });
    const starting = virtual.startHosted({ delivery: SMS });
    await virtual.pass(MINUTE_MS);
    const { key } = await starting;
    expect(messages() - before).toBe(1);
    await virtual.harness.client.cancel(key);
  });

  it.each<[string, Fault, number]>([
    ['was lost on the way there', { kind: 'reset_before_work' }, 0],
    ['lost its answer', { kind: 'reset_after_work' }, 1],
    ['got an answer that cannot be read', { kind: 'truncated_json' }, 1],
    ['met an error inside Plaid', plaidError(500, 'API_ERROR', 'INTERNAL_SERVER_ERROR'), 0],
    [
      'met an error inside Plaid after the work',
      plaidError(500, 'API_ERROR', 'INTERNAL_SERVER_ERROR', true),
      1,
    ],
    ['met a gateway', { kind: 'html', status: 502 }, 0],
    ['was given up before the work', { kind: 'delay_before_work', holdMs: 10 * TIME_LIMIT_MS }, 0],
    ['was given up after the work', { kind: 'delay_after_work', holdMs: 10 * TIME_LIMIT_MS }, 1],
  ])('that sends and %s is DELIVERY_UNCERTAIN, and not repeated', async (what, fault, sent) => {
    const before = messages();
    virtual.fault('/link/token/create', fault);
    const key = what.replaceAll(' ', '-');
    const uncertain = {
      code: 'DELIVERY_UNCERTAIN',
      message: expect.stringMatching(/ask the person before you start another session$/) as string,
      plaidError: { effect: 'UNKNOWN' },
    };
    await expect(virtual.startHosted({ key, delivery: SMS })).rejects.toMatchObject(uncertain);
    await expect(virtual.startHosted({ key, delivery: SMS })).rejects.toMatchObject(uncertain);
    expect(await virtual.result(key)).toMatchObject({
      state: 'DELIVERY_UNCERTAIN',
      lastError: { effect: 'UNKNOWN' },
      results: [],
    });
    expect(await virtual.harness.vault.sessions.get(key)).toMatchObject({ state: 'DELIVERY_UNCERTAIN' });
    expect(messages() - before).toBe(sent);
  });

  it('that sends and is refused for good fails, with Plaid’s error', async () => {
    const before = messages();
    virtual.fault('/link/token/create', plaidError(400, 'INVALID_REQUEST', 'INVALID_FIELD'));
    await expect(virtual.startHosted({ delivery: SMS })).rejects.toMatchObject({
      code: 'CREATE_FAILED',
      plaidError: { type: 'INVALID_REQUEST/INVALID_FIELD' },
    });
    expect(messages()).toBe(before);
  });

  it('that sends nothing is repeated, whatever became of the first', async () => {
    virtual.fault('/link/token/create', { kind: 'reset_after_work' });
    virtual.fault('/link/token/create', { kind: 'html', status: 502 });
    const starting = virtual.startHosted();
    await virtual.pass(MINUTE_MS);
    const { key, id } = await starting;
    await virtual.person((sandbox) => sandbox.session(id).complete());
    expect(await virtual.result(key)).toMatchObject({ state: 'COMPLETED', results: [{ state: 'LINKED' }] });
  });

  it('on an account that may not let Plaid send says so', async () => {
    virtual.fault('/link/token/create', plaidError(400, 'INVALID_INPUT', 'UNAUTHORIZED_ROUTE_ACCESS'));
    await expect(virtual.startHosted({ delivery: SMS })).rejects.toMatchObject({
      code: 'CREATE_FAILED',
      message: expect.stringMatching(/UNAUTHORIZED_ROUTE_ACCESS.*send the link yourself/) as string,
    });
  });
});
