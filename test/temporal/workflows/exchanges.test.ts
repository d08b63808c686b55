import { Secret } from '../../../src/secrets/secret';
import { exchangeWorkflowId, TASK_QUEUES } from '../../../src/domain/ids';
import type { tokenExchange } from '../../../src/workflows';
import { completionSignal } from '../../../src/workflows/messages';
import { describeWithTimeSkipping } from '../../../testing/temporal';
import { until } from '../../../testing/until';
import { HOUR_MS, virtualTime } from '../../../testing/virtual-time';

describeWithTimeSkipping('a token exchange', () => {
  const virtual = virtualTime();
  const publicTokenOf = (linkToken: string) =>
    virtual.harness.sandbox
      .ledger()
      .toJSON()
      .publicTokens.find(({ sessionId }) => linkToken.endsWith(sessionId))!;

  async function finished(tokenShape: 'public_tokens' | 'access_tokens') {
    const session = await virtual.start({}, { tokenShape });
    await virtual.person((sandbox) => sandbox.session(session.linkToken).open());
    await virtual.person((sandbox) => sandbox.session(session.linkToken).complete());
    return session;
  }

  it('of a public token stores its item, found again by a token reader', async () => {
    const { key, linkToken } = await finished('public_tokens');
    const { results } = await virtual.result(key);
    expect(results).toMatchObject([{ state: 'LINKED', institutionName: expect.any(String) as string }]);
    const itemId = results[0]!.itemId!;
    const stored = await virtual.harness.vault.withAccessToken(
      { itemId, actor: 'test', purpose: 'compare' },
      (token) => Promise.resolve(token.reveal()),
    );
    const issued = virtual.harness.sandbox
      .ledger()
      .toJSON()
      .items.find((item) => item.itemId === itemId);
    expect(stored === issued?.accessToken).toBe(true);
    expect(publicTokenOf(linkToken).exchanges).toEqual({ succeeded: 1, refused: 0 });
  });

  it('that was refused for now is repeated', async () => {
    virtual.fault(
      '/item/public_token/exchange',
      { kind: 'plaid_error', status: 429, errorType: 'RATE_LIMIT_EXCEEDED', errorCode: 'RATE_LIMIT' },
      { times: 2 },
    );
    const { key, linkToken } = await finished('public_tokens');
    expect(await virtual.result(key)).toMatchObject({ results: [{ state: 'LINKED' }] });
    expect(publicTokenOf(linkToken).exchanges.succeeded).toBe(1);
  });

  it('that was lost on the way there is tried once more, and succeeds', async () => {
    virtual.fault('/item/public_token/exchange', { kind: 'reset_before_work' });
    const { key, linkToken } = await finished('public_tokens');
    expect(await virtual.result(key)).toMatchObject({ results: [{ state: 'LINKED' }] });
    expect(publicTokenOf(linkToken).exchanges.succeeded).toBe(1);
  });

  it('whose answer was lost is UNCERTAIN, with what Plaid’s support needs', async () => {
    virtual.fault('/item/public_token/exchange', { kind: 'reset_after_work' });
    const { key, linkToken } = await finished('public_tokens');
    const report = await virtual.result(key);
    expect(report).toMatchObject({
      state: 'COMPLETED',
      results: [{ state: 'UNCERTAIN', errorCode: 'INVALID_INPUT/INVALID_PUBLIC_TOKEN' }],
    });
    expect(report.results[0]!.requestIds.length).toBeGreaterThan(0);
    expect(publicTokenOf(linkToken).exchanges).toEqual({ succeeded: 1, refused: 1 });
  });

  it('that never gets an answer is UNCERTAIN after one more try', async () => {
    virtual.fault('/item/public_token/exchange', { kind: 'reset_before_work' }, { times: 2 });
    const { key, linkToken } = await finished('public_tokens');
    expect(await virtual.result(key)).toMatchObject({
      results: [{ state: 'UNCERTAIN', errorCode: 'NO_ANSWER_TWICE' }],
    });
    expect(publicTokenOf(linkToken).exchanges).toEqual({ succeeded: 0, refused: 0 });
  });

  it('that Plaid held up beyond the public token’s life is EXPIRED', async () => {
    const mend = virtual.fault(
      '/item/public_token/exchange',
      { kind: 'plaid_error', status: 503, errorType: 'API_ERROR', errorCode: 'PLANNED_MAINTENANCE' },
      { times: Infinity },
    );
    const { key } = await finished('public_tokens');
    await virtual.passUntil(
      'the session has completed',
      async () => (await virtual.harness.client.status(key)).state === 'COMPLETED',
    );
    await virtual.pass(HOUR_MS);
    await virtual.harness.syncClock();
    mend();
    expect(await virtual.result(key)).toMatchObject({ results: [{ state: 'EXPIRED' }] });
  });

  it('of a cancelled session leaves a public token to die that was seen too late', async () => {
    const { temporal, vault } = virtual.harness;
    const key = 'seen-too-late';
    const claim = { key, plaidFlow: 'hosted_link', firstRunId: 'run', requestDigest: 'digest' } as const;
    await vault.sessions.claim(claim);
    await vault.results.record(key, [{ kind: 'public_token', token: new Secret('public-sandbox-late') }]);
    const handle = await temporal.workflow.start<typeof tokenExchange>('tokenExchange', {
      workflowId: exchangeWorkflowId(key),
      taskQueue: TASK_QUEUES.main,
      args: [{ key, notify: [], plaidFlow: 'link_delivery' }],
    });
    await handle.signal(completionSignal, { last: true, state: 'CANCELLED' });
    expect(await handle.result()).toMatchObject({ results: [{ state: 'REMOVED' }] });
  });

  it('that is started to look at once does so untold, and only again where the session knows of more', async () => {
    const { temporal, vault } = virtual.harness;
    const key = 'looks-at-once';
    const claim = { key, plaidFlow: 'hosted_link', firstRunId: 'run', requestDigest: 'digest' } as const;
    await vault.sessions.claim(claim);
    const record = (name: string) =>
      vault.results.record(key, [{ kind: 'public_token', token: new Secret(`public-sandbox-${name}`) }]);
    const states = async () => (await vault.results.list(key)).map(({ state }) => state);
    await record('first');
    const handle = await temporal.workflow.start<typeof tokenExchange>('tokenExchange', {
      workflowId: exchangeWorkflowId(key),
      taskQueue: TASK_QUEUES.main,
      args: [{ key, notify: [], plaidFlow: 'link_delivery', startImmediately: true }],
    });
    await until('the first has its end', async () => (await states())[0] !== 'PENDING');
    await record('second');
    await handle.signal(completionSignal, { last: false, results: 2 });
    await until('the second has its end', async () => (await states())[1] !== 'PENDING');
    await handle.signal(completionSignal, { last: true, state: 'COMPLETED', results: 2 });
    expect((await handle.result()).results).toHaveLength(2);
    const { events } = await handle.fetchHistory();
    // Its only local activity is the look.
    const looks = events!.filter(
      ({ markerRecordedEventAttributes: marker }) => marker?.markerName === 'core_local_activity',
    );
    // Two looks into the vault, and the callback.
    expect(looks).toHaveLength(3);
  });

  it('of an access token waits while Plaid cannot tell its item, and ends as FAILED when there is none', async () => {
    virtual.fault('/item/get', { kind: 'html', status: 503 }, { times: 2 });
    const waiting = await finished('access_tokens');
    expect(await virtual.result(waiting.key)).toMatchObject({ results: [{ state: 'LINKED' }] });
    virtual.fault('/item/get', {
      kind: 'plaid_error',
      status: 400,
      errorType: 'ITEM_ERROR',
      errorCode: 'ITEM_NOT_FOUND',
    });
    const gone = await finished('access_tokens');
    expect(await virtual.result(gone.key)).toMatchObject({
      results: [{ state: 'FAILED', errorCode: 'ITEM_ERROR/ITEM_NOT_FOUND' }],
    });
  });
});
