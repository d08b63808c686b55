import { Client, WorkflowFailedError } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import type { Fault } from '../../src/sandbox';
import { callbacksWorkflowId, TASK_QUEUES } from '../../src/domain/ids';
import { ANSWER_BODY, startCallbackReceiver, type CallbackReceiver } from '../../testing/callback-receiver';
import { onDevServer, startHarness, type Harness } from '../../testing/harness';
import { describeWithDevServer, devServer } from '../../testing/temporal';
import { until } from '../../testing/until';

const MINUTE_MS = 60_000;

const REFUSED: Fault = {
  kind: 'plaid_error',
  status: 400,
  errorType: 'INVALID_REQUEST',
  errorCode: 'INVALID_FIELD',
};

describeWithDevServer('callbacks over HTTP', () => {
  let receiver: CallbackReceiver;
  let harness: Harness;
  afterAll(async () => {
    await harness?.close();
    await receiver?.close();
  }, MINUTE_MS);
  const server = devServer({
    searchAttributes: { HostedLinkState: 'Keyword', HostedLinkPlaidFlow: 'Keyword' },
  });

  beforeAll(async () => {
    receiver = await startCallbackReceiver();
    const { settings: callbacks } = receiver;
    harness = await startHarness(onDevServer(server), { now: Date.now }, { callbacks });
  }, MINUTE_MS);

  /** Plays a session to its end, and gives its status then. */
  async function play(
    key: string,
    act: (person: ReturnType<Harness['sandbox']['session']>) => void | Promise<void>,
    token: Parameters<Harness['sandbox']['issueLinkToken']>[0] = {},
  ) {
    const linkToken = harness.sandbox.issueLinkToken(token);
    await harness.client.start({ key, linkToken });
    await act(harness.sandbox.session(linkToken));
    // One that was cancelled at once has ended already.
    await harness.client.checkNow(key).catch(() => undefined);
    return await harness.client.waitForFinalStatus(key);
  }
  const complete = (key: string) => play(key, (person) => person.complete());
  const callbacksOf = async (key: string) => (await harness.client.status(key)).callbacks;
  const delivery = (key: string) => harness.temporal.workflow.getHandle(callbacksWorkflowId(key));
  const came = (key: string, times: number) =>
    until(`${times} callbacks about ${key}`, () => receiver.about(key).length >= times, MINUTE_MS);
  const isTold = async (key: string, state: string) =>
    await until(
      `the callbacks of ${key} are ${state}`,
      async () => (await callbacksOf(key)).every((callback) => callback.state === state),
      MINUTE_MS,
    );

  /** A session with a result that only a person can end, its exchange over. */
  async function uncertain(key: string): Promise<string> {
    harness.sandbox.fault(
      '/item/public_token/exchange',
      { kind: 'reset_after_work' },
      { matching: () => true },
    );
    const { results } = await play(key, (person) => person.complete(), { tokenShape: 'public_tokens' });
    expect(results).toMatchObject([{ state: 'UNCERTAIN' }]);
    const [result] = await harness.vault.results.find({ sessionKey: key });
    return result!.resultId;
  }

  it('tell of a completion once, with the ids of its items', async () => {
    const { results } = await play('completed', (person) => person.complete(), { items: 2 });
    await isTold('completed', 'DELIVERED');
    expect(receiver.about('completed')).toEqual([
      {
        id: expect.stringMatching(/^callback_/),
        key: 'completed',
        plaidFlow: 'link_delivery',
        state: 'COMPLETED',
        itemIds: results.map(({ itemId }) => itemId),
        sequence: 1,
      },
    ]);
    expect(await callbacksOf('completed')).toEqual([
      {
        sequence: 1,
        state: 'DELIVERED',
        answer: 'HTTP_204',
        queuedAt: expect.any(String),
        endedAt: expect.any(String),
      },
    ]);
  });

  it.each([
    ['EXPIRED', async (key: string) => void (await play(key, (person) => person.expire()))],
    [
      'CANCELLED',
      async (key: string) => {
        await play(key, async (person) => {
          await harness.client.cancel(key);
          person.expire();
        });
      },
    ],
    [
      'FAILED',
      async (key: string) => {
        harness.sandbox.fault('/link_delivery/create', REFUSED);
        await expect(play(key, () => undefined)).rejects.toMatchObject({ code: 'CREATE_FAILED' });
      },
    ],
  ])('tell of a session that ended as %s', async (state, playIt) => {
    const key = `ended-${state}`;
    await playIt(key);
    await came(key, 1);
    expect(receiver.about(key)).toMatchObject([{ state, itemIds: [], sequence: 1 }]);
    await isTold(key, 'DELIVERED');
  });

  it('are sent again until they are taken, under the same id; no session waits for that', async () => {
    receiver.answer('retried', 503, 1);
    expect(await complete('retried')).toMatchObject({ state: 'COMPLETED', results: [{ state: 'LINKED' }] });
    await isTold('retried', 'DELIVERED');
    const ids = receiver.about('retried').map(({ id }) => id);
    expect(ids).toEqual([ids[0], ids[0]]);
  });

  it('of one session are sent in their order: the second waits for the end of the first', async () => {
    receiver.answer('ordered', 500);
    const resultId = await uncertain('ordered');
    await came('ordered', 1);
    await harness.vault.results.resolve(resultId, 'NO_ITEM');
    expect(await harness.client.resumeExchange('ordered')).toEqual([callbacksWorkflowId('ordered')]);
    await until('the second is queued', async () => (await callbacksOf('ordered')).length === 2);
    await came('ordered', 2);
    expect(receiver.about('ordered').map(({ sequence }) => sequence)).toEqual([1, 1]);
    receiver.answer('ordered', 204);
    expect(await harness.client.replayCallbacks('ordered')).toBe(2);
    await isTold('ordered', 'DELIVERED');
    expect(
      receiver
        .about('ordered')
        .slice(2)
        .map(({ sequence }) => sequence),
    ).toEqual([1, 2]);
  });

  it('are given up at once when the receiver is gone, visibly, and sent on a replay', async () => {
    receiver.answer('gone', 410);
    await complete('gone');
    const end = await delivery('gone')
      .result()
      .catch((error: unknown) => error);
    expect(end).toBeInstanceOf(WorkflowFailedError);
    expect((end as WorkflowFailedError).cause).toMatchObject({
      type: 'CALLBACK_GIVEN_UP',
      message: 'callback 1 was given up (HTTP_410)',
    });
    expect(await callbacksOf('gone')).toMatchObject([{ state: 'GIVEN_UP', answer: 'HTTP_410' }]);
    expect(await harness.vault.callbacks.list({ callbackState: 'GIVEN_UP' })).toMatchObject([
      { key: 'gone', sequence: 1 },
    ]);
    receiver.answer('gone', 204);
    await harness.client.replayCallbacks('gone');
    await isTold('gone', 'DELIVERED');
    const [first, second] = receiver.about('gone');
    expect(second).toEqual(first);
    await expect(delivery('gone').result()).resolves.toBeUndefined();
  });

  it('are given up when their delivery is cancelled', async () => {
    receiver.answer('stopped', 302);
    await complete('stopped');
    await came('stopped', 1);
    await delivery('stopped').cancel();
    await isTold('stopped', 'GIVEN_UP');
    expect(await callbacksOf('stopped')).toMatchObject([{ answer: 'CANCELLED' }]);
    expect((await delivery('stopped').describe()).status.name).toBe('CANCELLED');
  });

  it('leave nothing of the URL, or of what the receiver says, in history', async () => {
    receiver.answer('traces', 410);
    await complete('traces');
    await until('it has failed', async () => (await delivery('traces').describe()).status.name === 'FAILED');
    const history = historyToJSON(await delivery('traces').fetchHistory());
    expect(history).toContain('HTTP 410');
    for (const hidden of [ANSWER_BODY, 'secret-tenant', '127.0.0.1']) expect(history).not.toContain(hidden);
  });

  it('cannot be forged by who may start and signal workflows: what is sent stands in the vault', async () => {
    const forger = new Client({ connection: server.connection }).workflow;
    const forge = (key: string, input: unknown) =>
      forger.signalWithStart('callbackDelivery', {
        workflowId: callbacksWorkflowId(key),
        taskQueue: TASK_QUEUES.main,
        args: [input],
        signal: 'callbackQueued',
        signalArgs: [{ key, state: 'COMPLETED', itemIds: ['item'], sequence: 1 }],
      });
    await forge('forged', 'forged');
    await delivery('forged').result();
    expect(receiver.about('forged')).toEqual([]);
    await forge('garbage', { key: 'garbage' });
    await expect(delivery('garbage').result()).rejects.toMatchObject({ cause: { type: 'INVALID_INPUT' } });
  });

  it('that nobody knows cannot be replayed', async () => {
    await expect(harness.client.replayCallbacks('nobody')).rejects.toMatchObject({
      code: 'CALLBACK_UNKNOWN',
    });
  });
});
