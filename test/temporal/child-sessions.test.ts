import type { WorkflowHandle } from '@temporalio/client';
import { scanForLeaks } from '../../testing/leak-scan';
import { collectHistories } from '../../testing/workflow-histories';
import { sessionWorkflowId, TASK_QUEUES } from '../../src/domain/ids';
import type { hostedLinkSession } from '../../src/workflows';
import { onDevServer, startHarness, type Harness } from '../../testing/harness';
import { describeWithDevServer, devServer } from '../../testing/temporal';
import { until } from '../../testing/until';
import type {
  continuingParent,
  leavingParent,
  parentOfSession,
} from '../../testing/fixtures/parent-workflows';

const MINUTE_MS = 60_000;
const TASK_QUEUE = 'parents';
type Request = Parameters<typeof parentOfSession>[0];

describeWithDevServer("a session that is the child of an application's workflow", () => {
  let harness: Harness;
  afterAll(async () => await harness?.close(), MINUTE_MS);
  const server = devServer();

  beforeAll(async () => {
    harness = await startHarness(onDevServer(server), { now: Date.now });
    const workflowsPath = require.resolve('../../testing/fixtures/parent-workflows');
    await harness.startApplicationWorker({ taskQueue: TASK_QUEUE, workflowsPath });
  }, MINUTE_MS);

  async function startParent(request: Request): Promise<WorkflowHandle<typeof parentOfSession>> {
    return await harness.temporal.workflow.start<typeof parentOfSession>('parentOfSession', {
      workflowId: `parent-of-${request.key}`,
      taskQueue: TASK_QUEUE,
      args: [request],
    });
  }

  async function untilState(key: string, state: string): Promise<void> {
    await until(`session ${key} is ${state}`, async () => {
      const report = await harness.client.status(key).catch(() => undefined);
      return report?.state === state;
    });
  }

  it('tells its parent of the link, and once of the end with the items that are in the vault', async () => {
    const linkToken = harness.sandbox.issueLinkToken({ items: 2 });
    const parent = await startParent({ key: 'told', linkToken });
    await untilState('told', 'WAITING');
    const { url, expiresAt } = await harness.client.get('told');
    expect(url).toContain(harness.sandbox.url);
    harness.sandbox.session(linkToken).complete();
    await harness.client.checkNow('told');

    const { links, notices, rejection } = await parent.result();
    const { results } = await harness.client.waitForFinalStatus('told');
    const itemIds = results.map(({ itemId }) => itemId);
    expect(itemIds).toHaveLength(2);
    expect(links).toEqual([{ key: 'told', url, expiresAt }]);
    expect(notices).toEqual([{ key: 'told', state: 'COMPLETED', itemIds }]);
    expect(rejection).toBeUndefined();
  });

  it('is one session with that of a client that starts the same request under the same key', async () => {
    const request = { key: 'same', linkToken: harness.sandbox.issueLinkToken() };
    await startParent(request);
    await untilState('same', 'WAITING');
    expect(await harness.client.start(request)).toEqual(await harness.client.get('same'));
    const other = { ...request, linkToken: harness.sandbox.issueLinkToken() };
    await expect(harness.client.start(other)).rejects.toMatchObject({ code: 'KEY_REUSED' });
  });

  it('fails before anything is done when its request is refused, and says what is wrong but not the value', async () => {
    const parent = await startParent({ key: 'refused', linkToken: 'link-production-0123456789' });
    const { links, notices, rejection } = await parent.result();
    expect(links).toEqual([]);
    expect(notices).toEqual([{ key: 'refused', state: 'FAILED', itemIds: [] }]);
    expect(rejection).toMatch(/^linkToken: is of Plaid's production/);
    expect(rejection).not.toContain('0123456789');
    expect(await harness.client.status('refused')).toMatchObject({ state: 'FAILED', answeredBy: 'server' });
    expect(await harness.vault.sessions.get('refused')).toBeUndefined();
  });

  it('is refused under a key that its workflow id does not have', async () => {
    const workflowId = sessionWorkflowId('one');
    const request = { key: 'another', linkToken: harness.sandbox.issueLinkToken() };
    const handle = await harness.temporal.workflow.start<typeof hostedLinkSession>('hostedLinkSession', {
      workflowId,
      taskQueue: TASK_QUEUES.main,
      args: [{ request }],
    });
    await expect(handle.result()).rejects.toMatchObject({
      cause: { type: 'INVALID_INPUT', message: expect.stringContaining('hosted-link/another') },
    });
  });

  it('tells of a create that Plaid refused', async () => {
    const mend = harness.sandbox.fault('/link_delivery/create', {
      kind: 'plaid_error',
      status: 400,
      errorType: 'INVALID_REQUEST',
      errorCode: 'INVALID_FIELD',
    });
    const parent = await startParent({ key: 'not-made', linkToken: harness.sandbox.issueLinkToken() });
    const told = await parent.result();
    mend();
    expect(told).toMatchObject({ links: [], notices: [{ key: 'not-made', state: 'FAILED' }] });
    expect(told.rejection).toBeDefined();
  });

  it('is cancelled with its parent, which does not wait until the link is dead', async () => {
    const linkToken = harness.sandbox.issueLinkToken();
    const parent = await startParent({ key: 'cancelled', linkToken });
    await untilState('cancelled', 'WAITING');
    await parent.cancel();
    await expect(parent.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
    await untilState('cancelled', 'CANCELLING');
    harness.sandbox.session(linkToken).expire();
    await harness.client.checkNow('cancelled');
    expect(await harness.client.waitForFinalStatus('cancelled')).toMatchObject({ state: 'CANCELLED' });
  });

  it('is cancelled when its parent is terminated', async () => {
    const parent = await startParent({ key: 'terminated', linkToken: harness.sandbox.issueLinkToken() });
    await untilState('terminated', 'WAITING');
    await parent.terminate();
    await untilState('terminated', 'CANCELLING');
  });

  it('is cancelled when its parent continues as new', async () => {
    const request = { key: 'continued', linkToken: harness.sandbox.issueLinkToken() };
    await harness.temporal.workflow.start<typeof continuingParent>('continuingParent', {
      workflowId: 'continuing',
      taskQueue: TASK_QUEUE,
      args: [request],
    });
    await untilState('continued', 'CANCELLING');
  });

  it('goes on without a parent that was to leave, and reports it as gone', async () => {
    const linkToken = harness.sandbox.issueLinkToken();
    const parent = await harness.temporal.workflow.start<typeof leavingParent>('leavingParent', {
      workflowId: 'leaving',
      taskQueue: TASK_QUEUE,
      args: [{ key: 'left', linkToken }],
    });
    await parent.result();
    await untilState('left', 'WAITING');
    harness.sandbox.session(linkToken).complete();
    await harness.client.checkNow('left');
    expect(await harness.client.waitForFinalStatus('left')).toMatchObject({
      state: 'COMPLETED',
      results: [{ state: 'LINKED' }],
      notices: [{ workflowId: 'leaving', outcome: 'GONE' }],
    });
  });

  it('lets no secret into any history, with its parent having the codec', async () => {
    const secrets = harness.sandbox.ledger().secrets();
    expect(secrets.length).toBeGreaterThan(0);
    const { leaks, sources } = await scanForLeaks({
      secrets: secrets.map((value) => ({ kind: 'secret', value })),
      sources: collectHistories(harness.temporal),
    });
    expect(leaks).toEqual([]);
    expect(sources).toBeGreaterThan(8);
  });
});
