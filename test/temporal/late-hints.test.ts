import { sessionWorkflowId, TASK_QUEUES } from '../../src/domain/ids';
import { type Harness, onDevServer, startHarness } from '../../testing/harness';
import { describeWithDevServer, devServer } from '../../testing/temporal';
import { until } from '../../testing/until';

const MINUTE_MS = 60_000;

describeWithDevServer('a hinted get', () => {
  let harness: Harness | undefined;
  // Before the server's own, since hooks run in this order.
  afterAll(async () => await harness?.close(), MINUTE_MS);
  const server = devServer();
  beforeAll(async () => {
    harness = await startHarness(onDevServer(server), { now: Date.now });
  }, MINUTE_MS);

  it(
    'that no worker comes to within its minute ends no session: the watch goes on, and finds what there is',
    async () => {
      const { client, sandbox, temporal, startWorkers, stopWorkers } = harness!;
      const linkToken = sandbox.issueLinkToken();
      const { key } = await client.start({ linkToken });
      await stopWorkers([TASK_QUEUES.plaid, TASK_QUEUES.plaidUrgent]);
      sandbox.session(linkToken).complete();
      await client.checkNow(key);
      const timedOut = async () => {
        const { events } = await temporal.workflow.getHandle(sessionWorkflowId(key)).fetchHistory();
        return events?.some((event) => event.activityTaskTimedOutEventAttributes != null) ?? false;
      };
      await until("the get's time is over", timedOut, 2 * MINUTE_MS);
      await startWorkers();
      expect(await client.waitForFinalStatus(key)).toMatchObject({
        state: 'COMPLETED',
        results: [{ state: 'LINKED' }],
      });
    },
    3 * MINUTE_MS,
  );
});
