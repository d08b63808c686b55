import { PLAID_FLOW_RULES } from '../../../src/domain/plaid-flow';
import { plaidSessionHash } from '../../../src/secrets/digest';
import { describeWithTimeSkipping } from '../../../testing/temporal';
import { LINK_TOKEN_REQUEST } from '../../../testing/plaid-calls';
import { DAY_MS, MINUTE_MS, virtualTime } from '../../../testing/virtual-time';

describeWithTimeSkipping('a session of hosted_link', () => {
  const virtual = virtualTime();
  const status = (key: string) => virtual.harness.client.status(key);
  const ledger = () => virtual.harness.sandbox.ledger().toJSON();
  const knows = (key: string, plaidStatus: string) =>
    virtual.passUntil(
      `${plaidStatus} is known`,
      async () => (await status(key)).plaidStatus === plaidStatus,
      MINUTE_MS,
    );

  afterEach(() => jest.restoreAllMocks());

  it('can be found by its webhooks before its URL is given away, and lives as long as Plaid says', async () => {
    const { key, url, expiresAt, id } = await virtual.startHosted();
    expect(url).toContain(virtual.harness.sandbox.url);
    const row = await virtual.harness.vault.sessions.findByPlaidSession(plaidSessionHash(id));
    expect(row).toMatchObject({ key, plaidFlow: 'hosted_link' });
    const session = ledger().sessions.find(({ sessionId }) => sessionId === id)!;
    expect(expiresAt).toBe(session.expiresAt);
    await virtual.harness.client.cancel(key);
  });

  it('is COMPLETED, with its item in the vault, when the person finishes', async () => {
    const { key, id } = await virtual.startHosted();
    await virtual.person((sandbox) => sandbox.session(id).open());
    await knows(key, 'OPENED');
    await virtual.person((sandbox) => sandbox.session(id).complete());
    expect(await virtual.result(key)).toMatchObject({
      plaidFlow: 'hosted_link',
      state: 'COMPLETED',
      plaidStatus: 'COMPLETED',
      results: [{ state: 'LINKED', institutionName: expect.any(String) as string }],
    });
    expect(await virtual.events(key)).toBeLessThanOrEqual(45);
  });

  it('lasts 21 days, and is COMPLETED when the person finishes on the last one', async () => {
    // 1,500 polls instead of 6,000; still within the life of a public token.
    jest.replaceProperty(PLAID_FLOW_RULES.hosted_link, 'maxPollDelayMs', 20 * MINUTE_MS);
    const { key, id } = await virtual.startHosted({
      linkTokenRequest: { ...LINK_TOKEN_REQUEST, hosted_link: { url_lifetime_seconds: 21 * 86_400 } },
    });
    await virtual.pass(20.9 * DAY_MS);
    await virtual.person((sandbox) => sandbox.session(id).complete());
    expect(await virtual.result(key)).toMatchObject({ state: 'COMPLETED', results: [{ state: 'LINKED' }] });
    expect(await virtual.events(key)).toBeLessThanOrEqual(45);
  }, 600_000);

  it('is COMPLETED after the person left and came back, and tells what the person left after', async () => {
    const { key, id } = await virtual.startHosted();
    const error = { errorType: 'ITEM_ERROR', errorCode: 'INVALID_MFA' };
    await virtual.person((sandbox) => sandbox.session(id).exit({ status: 'requires_code', error }));
    await knows(key, 'EXITED');
    expect(await status(key)).toMatchObject({
      state: 'WAITING',
      exitError: { type: 'ITEM_ERROR/INVALID_MFA', class: 'person' },
      lastError: undefined,
      nextStep: 'OPEN_LINK',
      displayMessage: 'That did not work. Open your link to try again.',
    });
    await virtual.person((sandbox) => sandbox.session(id).complete());
    expect(await virtual.result(key)).toMatchObject({
      state: 'COMPLETED',
      exitError: { type: 'ITEM_ERROR/INVALID_MFA' },
      results: [{ state: 'LINKED' }],
    });
  });

  it('exchanges each bank as soon as it is connected, and completes with the last', async () => {
    const { key, id } = await virtual.startHosted();
    for (const linked of [1, 2]) {
      await virtual.person((sandbox) => sandbox.session(id).connect());
      await virtual.passUntil(`${linked} is an item`, async () => {
        const { results } = await status(key);
        return results.filter(({ state }) => state === 'LINKED').length === linked;
      });
      expect(await status(key)).toMatchObject({ state: 'WAITING', plaidStatus: 'OPENED' });
    }
    await virtual.person((sandbox) => sandbox.session(id).connect());
    await virtual.person((sandbox) => sandbox.session(id).finish());
    const { state, results } = await virtual.result(key);
    expect(state).toBe('COMPLETED');
    expect(results.map((item) => item.state)).toEqual(['LINKED', 'LINKED', 'LINKED']);
    expect(ledger().publicTokens.filter(({ sessionId }) => sessionId === id)).toEqual(
      Array.from({ length: 3 }, () => expect.objectContaining({ exchanges: { succeeded: 1, refused: 0 } })),
    );
  });

  it('keeps the items of a person who left after the first bank', async () => {
    const { key, id } = await virtual.startHosted();
    await virtual.person((sandbox) => sandbox.session(id).connect());
    await virtual.person((sandbox) => sandbox.session(id).exit());
    expect(await virtual.result(key)).toMatchObject({ state: 'COMPLETED', results: [{ state: 'LINKED' }] });
  });

  it('is EXPIRED when nobody opens it, soon after Plaid’s expiration', async () => {
    const { key, expiresAt } = await virtual.startHosted();
    const { state, plaidStatus, changedAt, results } = await virtual.result(key);
    expect([state, plaidStatus, results]).toEqual(['EXPIRED', 'EXPIRED', []]);
    expect(Date.parse(changedAt!) - Date.parse(expiresAt)).toBeLessThan(8 * MINUTE_MS);
  });

  it('waits for a person who is inside when it expires, until its own deadline', async () => {
    const { key, id, expiresAt } = await virtual.startHosted();
    await virtual.pass(29 * MINUTE_MS);
    await virtual.person((sandbox) => sandbox.session(id).open());
    await virtual.pass(20 * MINUTE_MS);
    expect(await status(key)).toMatchObject({ state: 'WAITING', plaidStatus: 'OPENED' });
    const { state, plaidStatus, changedAt } = await virtual.result(key);
    expect([state, plaidStatus]).toEqual(['EXPIRED', 'OPENED']);
    expect(Date.parse(changedAt!) - Date.parse(expiresAt)).toBeGreaterThanOrEqual(32 * MINUTE_MS);
  });

  it('that is left open after a bank is EXPIRED with its item', async () => {
    const { key, id } = await virtual.startHosted();
    await virtual.person((sandbox) => sandbox.session(id).connect());
    expect(await virtual.result(key)).toMatchObject({ state: 'EXPIRED', results: [{ state: 'LINKED' }] });
  });
});

describeWithTimeSkipping('a session of hosted_link whose answers are of the older shape', () => {
  const virtual = virtualTime({ linkSessionShape: 'on_success', refuseExpired: true });

  it('is COMPLETED after the person left and came back', async () => {
    const { key, id } = await virtual.startHosted();
    await virtual.person((sandbox) => sandbox.session(id).exit());
    await virtual.pass(MINUTE_MS);
    await virtual.person((sandbox) => sandbox.session(id).complete());
    expect(await virtual.result(key)).toMatchObject({
      state: 'COMPLETED',
      results: [{ state: 'LINKED', institutionName: expect.any(String) as string }],
    });
  });

  it('is EXPIRED when Plaid refuses its link token once it has expired', async () => {
    const { key } = await virtual.startHosted();
    expect(await virtual.result(key)).toMatchObject({
      state: 'EXPIRED',
      plaidStatus: 'CREATED',
      lastError: { type: 'INVALID_INPUT/INVALID_LINK_TOKEN' },
    });
  });
});
