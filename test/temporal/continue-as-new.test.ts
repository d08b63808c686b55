import type { StartedSession } from '../../src/client';
import { sessionWorkflowId } from '../../src/domain/ids';
import { onDevServer, startHarness, type Harness } from '../../testing/harness';
import { describeWithDevServer, devServer } from '../../testing/temporal';
import { until } from '../../testing/until';
import { SpanCollector } from '../../testing/span-collector';
import { traceparentIn } from '../../src/workflows/trace-header';

const MINUTE_MS = 60_000;

describeWithDevServer('a session whose history grows long', () => {
  let harness: Harness;
  afterAll(async () => await harness?.close(), MINUTE_MS);
  const server = devServer({
    // A real server suggests it at 4,096 events.
    dynamicConfig: { 'limit.historyCount.suggestContinueAsNew': 20 },
  });

  /** Sessions that have continued as new, by key. Nobody asked for their link since. */
  const answers = new Map<string, { request: { key: string; linkToken: string }; answer: StartedSession }>();

  const collector = new SpanCollector();
  afterAll(() => collector.stop());

  beforeAll(async () => {
    collector.start();
    harness = await startHarness(onDevServer(server), { now: Date.now });
    await Promise.all(
      ['started', 'got', 'reused', 'cancelled'].map(async (key) => {
        const request = { key, linkToken: harness.sandbox.issueLinkToken(), fairnessKey: 'customer-1' };
        answers.set(key, { request, answer: await harness.client.start(request) });
        if (key === 'cancelled') await harness.client.cancel(key);
        await changeMind(key, request.linkToken);
      }),
    );
  }, MINUTE_MS);

  /** Lets a person move, with hints, until the session has continued as new. */
  async function changeMind(key: string, linkToken: string): Promise<void> {
    const person = harness.sandbox.session(linkToken);
    await until('it has continued as new', async () => {
      if (person.status === 'OPENED') person.exit();
      else person.open();
      await harness.client.checkNow(key);
      await until('the move is known', async () => {
        return (await harness.client.status(key)).plaidStatus === person.status;
      });
      const { raw, runId } = await harness.temporal.workflow.getHandle(sessionWorkflowId(key)).describe();
      return runId !== raw.workflowExecutionInfo!.firstRunId;
    });
  }

  async function finish(key: string) {
    harness.sandbox.session(answers.get(key)!.request.linkToken).complete();
    await harness.client.checkNow(key);
    return await harness.client.waitForFinalStatus(key);
  }

  it('answers a repeated start as before, also once it has ended', async () => {
    const { request, answer } = answers.get('started')!;
    expect(await harness.client.start(request)).toEqual(answer);
    expect(await finish('started')).toMatchObject({ state: 'COMPLETED', results: [{ state: 'LINKED' }] });
    expect(await harness.client.start(request)).toEqual(answer);
  });

  it('keeps the trace that it was started with', async () => {
    const { traceparent } = (await harness.vault.sessions.get('got'))!;
    expect(traceparent).toMatch(/^00-/);
    const { events } = await harness.temporal.workflow.getHandle(sessionWorkflowId('got')).fetchHistory();
    const { header, continuedExecutionRunId } = events![0]!.workflowExecutionStartedEventAttributes!;
    expect(continuedExecutionRunId).toBeTruthy();
    expect(traceparentIn(header!.fields!)).toBe(traceparent);
  });

  it('keeps its fairness key', async () => {
    const { raw } = await harness.temporal.workflow.getHandle(sessionWorkflowId('got')).describe();
    expect(raw.workflowExecutionInfo!.priority!.fairnessKey).toBe('customer-1');
  });

  it('answers get as before, also once it has ended', async () => {
    const { request, answer } = answers.get('got')!;
    expect(await harness.client.get('got')).toEqual(answer);
    expect(await finish('got')).toMatchObject({ state: 'COMPLETED', results: [{ state: 'LINKED' }] });
    expect(await harness.client.get('got')).toEqual(answer);
    expect(await harness.client.start(request)).toEqual(answer);
  });

  it('refuses another request under its key, also once it has ended', async () => {
    const another = { key: 'reused', linkToken: harness.sandbox.issueLinkToken() };
    await expect(harness.client.start(another)).rejects.toMatchObject({ code: 'KEY_REUSED' });
    await finish('reused');
    await expect(harness.client.start(another)).rejects.toMatchObject({ code: 'KEY_REUSED' });
  });

  it('stays cancelled when it was cancelled before', async () => {
    expect(await finish('cancelled')).toMatchObject({ state: 'CANCELLED', results: [{ state: 'REMOVED' }] });
    const { linkToken } = answers.get('cancelled')!.request;
    const items = harness.sandbox.ledger().toJSON().items;
    expect(items.filter(({ sessionId }) => linkToken.endsWith(sessionId))).toEqual([
      expect.objectContaining({ live: false }),
    ]);
  });
});
