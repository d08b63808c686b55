import { sessionWorkflowId } from '../../../src/domain/ids';
import { describeWithTimeSkipping } from '../../../testing/temporal';
import { until } from '../../../testing/until';
import { HOUR_MS, MINUTE_MS, virtualTime } from '../../../testing/virtual-time';

describeWithTimeSkipping('the ends of a session', () => {
  const virtual = virtualTime();

  it('is EXPIRED at its own deadline when Plaid never says so', async () => {
    const { key } = await virtual.startFor(HOUR_MS);
    expect(await virtual.result(key)).toMatchObject({
      state: 'EXPIRED',
      plaidStatus: 'CREATED',
    });
  });

  it('asks once more after the expiration, so that a person who finished late is not lost', async () => {
    const { key, linkToken } = await virtual.startFor(30 * MINUTE_MS);
    await virtual.pass(30 * MINUTE_MS + 60_000);
    await virtual.person((sandbox) => sandbox.session(linkToken).open());
    await virtual.person((sandbox) => sandbox.session(linkToken).complete());
    expect(await virtual.result(key)).toMatchObject({ state: 'COMPLETED' });
  });

  it('is COMPLETED, with its item in the vault, when the person finishes', async () => {
    const { key, linkToken } = await virtual.start();
    await virtual.person((sandbox) => sandbox.session(linkToken).open());
    await virtual.pass(MINUTE_MS);
    await virtual.person((sandbox) => sandbox.session(linkToken).complete());
    const report = await virtual.result(key);
    expect(report).toMatchObject({
      state: 'COMPLETED',
      plaidStatus: 'COMPLETED',
      results: [{ state: 'LINKED' }],
    });
    const [item] = await virtual.harness.vault.items.list({ sessionKey: key });
    expect(item).toMatchObject({
      itemId: report.results[0]!.itemId,
      institutionName: expect.any(String) as string,
    });
    expect(await virtual.events(key)).toBeLessThanOrEqual(45);
  });

  it('is COMPLETED after the person left and came back', async () => {
    const { key, linkToken } = await virtual.start();
    await virtual.person((sandbox) => sandbox.session(linkToken).exit());
    await virtual.passUntil(
      'the exit is seen',
      async () => (await virtual.harness.client.status(key)).plaidStatus === 'EXITED',
    );
    expect(await virtual.harness.client.status(key)).toMatchObject({ state: 'WAITING' });
    await virtual.person((sandbox) => sandbox.session(linkToken).open());
    await virtual.person((sandbox) => sandbox.session(linkToken).complete());
    expect(await virtual.result(key)).toMatchObject({
      state: 'COMPLETED',
      results: [{ state: 'LINKED' }],
    });
  });

  it('is COMPLETED with several items when the person linked several banks', async () => {
    const { key, linkToken } = await virtual.start({}, { items: 3 });
    await virtual.person((sandbox) => sandbox.session(linkToken).open());
    await virtual.person((sandbox) => sandbox.session(linkToken).complete());
    const { results } = await virtual.result(key);
    expect(results.map(({ state }) => state)).toEqual(['LINKED', 'LINKED', 'LINKED']);
    expect(new Set(results.map(({ itemId }) => itemId)).size).toBe(3);
  });

  it('is EXPIRED when Plaid says so', async () => {
    const { key } = await virtual.start({}, { lifetimeMs: 30 * MINUTE_MS });
    expect(await virtual.result(key)).toMatchObject({
      state: 'EXPIRED',
      plaidStatus: 'EXPIRED',
      results: [],
    });
  });

  it('gets at once on a hint', async () => {
    const { key, linkToken } = await virtual.start();
    await virtual.pass(2 * HOUR_MS);
    await virtual.person((sandbox) => sandbox.session(linkToken).open());
    await virtual.person((sandbox) => sandbox.session(linkToken).complete());
    await virtual.harness.client.checkNow(key);
    // Virtual time stands still here: without the hint the next get is minutes away.
    await until(
      'the session has ended',
      async () => (await virtual.harness.client.status(key)).state === 'COMPLETED',
    );
    expect(await virtual.result(key)).toMatchObject({ state: 'COMPLETED', watch: undefined });
    // Its watch ends with it: a cancel would cost a workflow task.
    expect(await countCancels(key)).toBe(0);
  });

  it('gets at once on a hint that came before there was a link', async () => {
    const { client, sandbox } = virtual.harness;
    virtual.fault('/link_delivery/create', { kind: 'delay_before_work', holdMs: 2_000 });
    const linkToken = sandbox.issueLinkToken();
    const starting = client.start({ key: 'early-hint', linkToken });
    await until('its create is under way', async () =>
      (await pendingActivities('early-hint').catch((): string[] => [])).includes('claimAndCreate'),
    );
    await client.checkNow('early-hint');
    await starting;
    await virtual.passUntil('it was got', async () => (await countGets('early-hint')) === 1, 1);
    await client.cancel('early-hint');
  });

  it('has one watch after hints that found nothing new', async () => {
    const { key } = await virtual.start();
    for (const hints of [1, 2]) {
      await virtual.harness.client.checkNow(key);
      await virtual.passUntil(
        'the watch before was cancelled, and another one waits',
        async () => (await countCancels(key)) === hints && (await pendingActivities(key)).length === 1,
        MINUTE_MS,
      );
      expect(await pendingActivities(key)).toEqual(['watchSession']);
    }
    await virtual.harness.client.cancel(key);
  });

  it('shows the get that a hint asked for, and not the watch that waits beside it', async () => {
    const { key } = await virtual.start();
    const watchOf = async () => (await virtual.harness.client.status(key)).watch;
    await virtual.passUntil('it was asked', async () => ((await watchOf())?.attempt ?? 0) > 1, 1);
    virtual.fault('/link_delivery/get', { kind: 'delay_before_work', holdMs: 3_000 });
    await virtual.harness.client.checkNow(key);
    await until(
      'the get is under way, and the watch waits',
      async () => (await pendingActivities(key)).length === 2,
    );
    expect(await watchOf()).toEqual({ attempt: 1, lastAnswer: undefined, nextPollAt: undefined });
    await virtual.harness.client.cancel(key);
  });

  async function eventsOf(key: string) {
    const handle = virtual.harness.temporal.workflow.getHandle(sessionWorkflowId(key));
    return (await handle.fetchHistory()).events!;
  }

  async function countGets(key: string): Promise<number> {
    return (await eventsOf(key)).filter(
      ({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType?.name === 'getSession',
    ).length;
  }

  async function countCancels(key: string): Promise<number> {
    return (await eventsOf(key)).filter((event) => event.activityTaskCanceledEventAttributes != null).length;
  }

  async function pendingActivities(key: string): Promise<(string | null | undefined)[]> {
    const { raw } = await virtual.harness.temporal.workflow.getHandle(sessionWorkflowId(key)).describe();
    return (raw.pendingActivities ?? []).map(({ activityType }) => activityType?.name);
  }
});
