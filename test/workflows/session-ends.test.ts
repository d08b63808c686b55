import { onTimeSkipping, startHarness, type Harness } from '../support/harness';
import { describeWithTimeSkipping, timeSkipping } from '../support/temporal';

const DAY_MS = 24 * 60 * 60_000;

describeWithTimeSkipping('a session in virtual time', () => {
  let harness: Harness;
  // Before the server's, so that it runs before it.
  afterAll(async () => await harness?.close());
  const time = timeSkipping();

  beforeAll(async () => {
    harness = await startHarness(await onTimeSkipping(time.environment));
  }, 100_000);

  it('waits 21 days for a person who finishes on the last one', async () => {
    const { client, sandbox, vault } = harness;
    const linkToken = sandbox.issueLinkToken({ lifetimeMs: 21 * DAY_MS });
    const started = Date.now();
    const { key } = await client.start({
      linkToken,
      expiresAt: new Date((await time.environment.currentTimeMs()) + 21 * DAY_MS - 60_000).toISOString(),
    });
    await time.environment.sleep(20.9 * DAY_MS);
    await harness.syncClock();
    sandbox.session(linkToken).open();
    sandbox.session(linkToken).complete();
    const report = await client.result(key);
    expect(report).toMatchObject({
      state: 'COMPLETED',
      plaidStatus: 'COMPLETED',
      items: [{ state: 'LINKED' }],
    });
    expect(await vault.items.list({ sessionKey: key })).toHaveLength(1);
    const history = await harness.temporal.workflow.getHandle(`hosted-link/${key}`).fetchHistory();
    console.log(history.events!.length, Date.now() - started);
  }, 100_000);
});
