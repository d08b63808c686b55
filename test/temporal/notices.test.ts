import { Client } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import type { StartRequest } from '../../src/client';
import { onDevServer, startHarness, type Harness } from '../../testing/harness';
import { describeWithDevServer, devServer } from '../../testing/temporal';
import type { applicationWorkflow, Notice } from '../../testing/fixtures/application-workflow';

const MINUTE_MS = 60_000;
const TASK_QUEUE = 'application';

describeWithDevServer("the application's own workflows", () => {
  let harness: Harness;
  let worker: Worker;
  let run: Promise<void>;
  afterAll(async () => {
    worker?.shutdown();
    await run;
    await harness?.close();
  }, MINUTE_MS);
  const server = devServer();
  /** Without a codec, as an application that knows nothing of ours. */
  let application: Client;

  beforeAll(async () => {
    application = new Client({ connection: server.connection });
    [harness, worker] = await Promise.all([
      startHarness(onDevServer(server), { now: Date.now }),
      Worker.create({
        connection: server.nativeConnection,
        taskQueue: TASK_QUEUE,
        workflowsPath: require.resolve('../../testing/fixtures/application-workflow'),
      }),
    ]);
    run = worker.run();
  }, MINUTE_MS);

  async function startApplication(workflowId: string): Promise<string> {
    await application.workflow.start<typeof applicationWorkflow>('applicationWorkflow', {
      workflowId,
      taskQueue: TASK_QUEUE,
    });
    return workflowId;
  }

  /** Lets the workflow end, and gives what it was told until then. */
  async function toldTo(workflowId: string): Promise<Notice[]> {
    const handle = application.workflow.getHandle<typeof applicationWorkflow>(workflowId);
    await handle.signal('end');
    return await handle.result();
  }

  /** Starts a session, lets the person do something, and waits for its end. */
  async function play(
    request: Omit<StartRequest, 'linkToken'> & { key: string },
    person: 'complete' | 'expire',
    token: Parameters<Harness['sandbox']['issueLinkToken']>[0] = {},
  ) {
    const linkToken = harness.sandbox.issueLinkToken(token);
    await harness.client.start({ linkToken, ...request });
    harness.sandbox.session(linkToken)[person]();
    await harness.client.checkNow(request.key);
    return await harness.client.waitForFinalStatus(request.key);
  }

  it('are told once of a completion, in clear: key, state and the ids of stored items', async () => {
    const notify = await Promise.all([startApplication('told-1'), startApplication('told-2')]);
    const report = await play({ key: 'told', notify }, 'complete', { items: 2 });
    const itemIds = report.results.map(({ itemId }) => itemId);
    expect(itemIds).toHaveLength(2);
    expect(report.notices).toEqual([
      { workflowId: 'told-1', outcome: 'SIGNALLED' },
      { workflowId: 'told-2', outcome: 'SIGNALLED' },
    ]);
    for (const workflowId of notify) {
      expect(await toldTo(workflowId)).toEqual([{ key: 'told', state: 'COMPLETED', itemIds }]);
    }
  });

  it('are told of a session that ends without a result', async () => {
    const notify = [await startApplication('told-of-expiry')];
    await play({ key: 'unfinished', notify }, 'expire');
    expect(await toldTo('told-of-expiry')).toEqual([{ key: 'unfinished', state: 'EXPIRED', itemIds: [] }]);
  });

  it('are GONE when they do not run, which harms neither the session nor the others', async () => {
    const notify = [
      'never-there',
      await startApplication('ended-before'),
      await startApplication('still-there'),
    ];
    await toldTo('ended-before');
    const report = await play({ key: 'some-gone', notify }, 'complete');
    expect(report).toMatchObject({
      state: 'COMPLETED',
      results: [{ state: 'LINKED' }],
      notices: [
        { workflowId: 'never-there', outcome: 'GONE' },
        { workflowId: 'ended-before', outcome: 'GONE' },
        { workflowId: 'still-there', outcome: 'SIGNALLED' },
      ],
    });
    expect(await toldTo('still-there')).toHaveLength(1);
  });
});
