import { randomBytes, randomUUID } from 'node:crypto';
import { Client, type WorkflowHandle } from '@temporalio/client';
import type { LogEntry } from '@temporalio/worker';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { temporal as proto } from '@temporalio/proto';
import { createPayloadCodec } from '../../src/codec/payload-codec';
import { generateKeyRingText, type KeyRing, parseKeyRing } from '../../src/secrets/key-ring';
import { exchangeWorkflowId, sessionWorkflowId, TASK_QUEUES } from '../../src/domain/ids';
import { sessionInput, type StartRequest } from '../../src/requests/start-request';
import { onDevServer, startHarness, type Harness } from '../../testing/harness';
import { quietRuntime } from '../../testing/quiet-runtime';
import { describeWithDevServer, devServer } from '../../testing/temporal';
import { until } from '../../testing/until';

const MINUTE_MS = 60_000;
const { EventType } = proto.api.enums.v1;

const MAIN_KEY = generateKeyRingText('main');
const LATE_KEY = generateKeyRingText('late');
const LATE_ID = LATE_KEY.split(':')[0]!;
/** The deployment's ring, and one with a key more that some process had too early, or lost. */
const ring = parseKeyRing(MAIN_KEY, 'test ring');
const fuller = parseKeyRing(`${MAIN_KEY},${LATE_KEY}`, 'test ring');
const lateFirst = parseKeyRing(`${LATE_KEY},${MAIN_KEY}`, 'test ring');

describeWithDevServer('a payload that cannot be decoded', () => {
  let harness: Harness;
  afterAll(async () => await harness?.close(), MINUTE_MS);
  const logged: LogEntry[] = [];
  beforeAll(() => quietRuntime((entry) => void logged.push(entry)));
  const server = devServer();

  beforeAll(async () => {
    harness = await startHarness(onDevServer(server), { now: Date.now }, { codecRing: ring });
  }, MINUTE_MS);

  function encrypted(keyId: string): Payload {
    const text = { encoding: 'binary/encrypted', 'encryption-key-id': keyId };
    const metadata = Object.entries(text).map(([name, value]) => [name, Buffer.from(value)]);
    return { metadata: Object.fromEntries(metadata) as Payload['metadata'], data: randomBytes(60) };
  }

  const garbage: [what: string, payload: () => Payload][] = [
    ['an unknown key id', () => encrypted('nobody-1')],
    ['a known key id over garbage', () => encrypted(ring.primary.id)],
    [
      'JSON that is none',
      () => ({ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{') }),
    ],
    [
      'an unknown encoding',
      () => ({ metadata: { encoding: Buffer.from('text/foreign') }, data: Buffer.from('?') }),
    ],
    ['no metadata', () => ({ data: Buffer.from('?') })],
  ];

  async function signal(workflowId: string, signalName: string, payloads: Payload[]): Promise<void> {
    await server.connection.workflowService.signalWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId },
      signalName,
      input: { payloads },
      requestId: randomUUID(),
    });
  }

  /** As a client with this ring would send it. */
  async function encode(value: unknown, keys: KeyRing): Promise<Payload> {
    const [payload] = await createPayloadCodec(keys).encode([defaultPayloadConverter.toPayload(value)]);
    return payload!;
  }

  async function events(workflowId: string) {
    return (await harness.temporal.workflow.getHandle(workflowId).fetchHistory()).events!;
  }

  async function failedTasks(workflowId: string): Promise<string[]> {
    const failed = (await events(workflowId)).filter(
      ({ eventType }) => eventType === EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED,
    );
    return failed.map(({ workflowTaskFailedEventAttributes: attributes }) => attributes!.failure!.message!);
  }

  /** The markers of what was dropped, which are patches. */
  async function markers(workflowId: string): Promise<string[]> {
    const attributes = (await events(workflowId)).flatMap(
      (event) => event.markerRecordedEventAttributes ?? [],
    );
    return attributes
      .filter(({ markerName }) => markerName === 'core_patch')
      .map(({ details }) => Buffer.from(details!['patch-data']!.payloads![0]!.data!).toString())
      .filter((patch) => patch.includes('"unreadable-signal-'));
  }

  /** What the worker's log says of dropped signals. */
  function alertsOf(workflowId: string): object[] {
    const alerts = logged.filter(({ message }) => message.startsWith('a signal was dropped'));
    return alerts.flatMap(({ meta }) => {
      const { workflowId: id, signalName, eventId } = meta as Record<string, unknown>;
      return id === workflowId ? [{ signalName, eventId }] : [];
    });
  }

  async function eventIdsOfSignals(workflowId: string): Promise<string[]> {
    const signals = (await events(workflowId)).filter(({ workflowExecutionSignaledEventAttributes: a }) => a);
    return signals.map(({ eventId }) => String(eventId));
  }

  async function startExchange(key: string): Promise<WorkflowHandle> {
    const handle = await harness.temporal.workflow.start('tokenExchange', {
      workflowId: exchangeWorkflowId(key),
      taskQueue: TASK_QUEUES.main,
      args: [{ key, notify: [], plaidFlow: 'link_delivery' }],
    });
    await handle.query('status');
    return handle;
  }

  async function restartWorkers(keys?: KeyRing, activityKeys?: KeyRing): Promise<void> {
    await harness.stopWorkers();
    await harness.startWorkers(keys, activityKeys);
  }

  async function failedActivities(workflowId: string): Promise<string[]> {
    return (await events(workflowId)).flatMap(
      ({ activityTaskFailedEventAttributes: failed }) => failed?.failure?.message ?? [],
    );
  }

  /** How many messages Plaid has sent for a session. */
  function messages(linkToken: string): number {
    const { sessions } = harness.sandbox.ledger().toJSON();
    const session = sessions.find(({ sessionId }) => linkToken.endsWith(sessionId));
    return session ? session.messages.SMS : 0;
  }

  it.each(garbage)(
    'in a signal (%s) is dropped with a marker, and the session goes on',
    async (what, payload) => {
      const key = `signal-${what.replaceAll(' ', '-')}`;
      const linkToken = harness.sandbox.issueLinkToken();
      const { workflowId } = await harness.client.start({ key, linkToken });
      await signal(workflowId, 'checkNow', [payload()]);
      await until('the signal is dropped', async () => (await markers(workflowId)).length > 0);
      harness.sandbox.session(linkToken).complete();
      await harness.client.checkNow(key);
      expect(await harness.client.waitForFinalStatus(key)).toMatchObject({
        state: 'COMPLETED',
        results: [{ state: 'LINKED' }],
      });
      const [forged] = await eventIdsOfSignals(workflowId);
      expect(await markers(workflowId)).toEqual([expect.stringContaining(`"unreadable-signal-${forged}"`)]);
      expect(await failedTasks(workflowId)).toEqual([]);
      expect(alertsOf(workflowId)).toEqual([{ signalName: 'checkNow', eventId: forged }]);
    },
    MINUTE_MS,
  );

  it('in a signal that nobody handles is dropped as well', async () => {
    const { workflowId } = await harness.client.start({
      key: 'unhandled',
      linkToken: harness.sandbox.issueLinkToken(),
    });
    await signal(workflowId, 'made-up', [encrypted('nobody-1')]);
    await until('the signal is dropped', async () => (await markers(workflowId)).length > 0);
    expect(await failedTasks(workflowId)).toEqual([]);
  });

  it('in the signal of a completion is dropped, and the exchange ends by the next one', async () => {
    const handle = await startExchange('forged-completion');
    for (const [, payload] of garbage) await signal(handle.workflowId, 'linkCompleted', [payload()]);
    await until('all are dropped', async () => (await markers(handle.workflowId)).length === garbage.length);
    await handle.signal('linkCompleted', { last: true, state: 'EXPIRED' });
    expect(await handle.result()).toEqual({ key: 'forged-completion', results: [], notices: [] });
    expect(await failedTasks(handle.workflowId)).toEqual([]);
  });

  it.each([
    [[]],
    [[null]],
    [['text']],
    [[{}]],
    [[{ last: 'yes', state: 'EXPIRED' }]],
    [[{ last: true, state: { made: 'up' } }]],
  ])('is no other case than a completion that can be decoded, but is none: %j', async (args) => {
    const handle = await startExchange(`malformed-${randomUUID()}`);
    await handle.signal('linkCompleted', ...args);
    await handle.query('status');
    await handle.signal('linkCompleted', { last: true, state: 'EXPIRED' });
    expect(await handle.result()).toMatchObject({ results: [] });
    expect(await failedTasks(handle.workflowId)).toEqual([]);
  });

  it(
    'stays dropped when its key turns up, and can be sent again in clear',
    async () => {
      const { workflowId, ...handle } = await startExchange('key-turns-up');
      await signal(workflowId, 'linkCompleted', [await encode({ last: true, state: 'EXPIRED' }, lateFirst)]);
      await until('the signal is dropped', async () => (await markers(workflowId)).length > 0);
      await signal(workflowId, 'linkCompleted', [await encode({ last: false }, ring)]);
      await restartWorkers(fuller);
      expect(await handle.query('status')).toMatchObject({ results: [] });
      await signal(workflowId, 'linkCompleted', [
        defaultPayloadConverter.toPayload({ last: true, state: 'EXPIRED' }),
      ]);
      expect(await handle.result()).toMatchObject({ results: [] });
      expect(await failedTasks(workflowId)).toEqual([]);
      await restartWorkers();
    },
    MINUTE_MS,
  );

  it(
    'in a signal that was handled once stops its workflow until the key is back',
    async () => {
      await restartWorkers(fuller);
      const { workflowId, ...handle } = await startExchange('key-goes-away');
      await signal(workflowId, 'linkCompleted', [await encode({ last: false }, lateFirst)]);
      await until('it is handled', async () =>
        (await events(workflowId)).some(
          ({ markerRecordedEventAttributes: a }) => a?.markerName === 'core_local_activity',
        ),
      );
      await restartWorkers();
      await signal(workflowId, 'linkCompleted', [await encode({ last: true, state: 'EXPIRED' }, ring)]);
      await until('the task fails', async () => (await failedTasks(workflowId)).length > 0);
      expect((await failedTasks(workflowId))[0]).toContain(`key id ${LATE_ID}`);
      expect(await markers(workflowId)).toEqual([]);
      await restartWorkers(fuller);
      expect(await handle.result()).toMatchObject({ results: [] });
      await restartWorkers();
    },
    2 * MINUTE_MS,
  );

  it('in an update refuses the update, and its workflow goes on', async () => {
    const linkToken = harness.sandbox.issueLinkToken();
    const { workflowId } = await harness.client.start({ key: 'update', linkToken });
    const { outcome } = await server.connection.workflowService.updateWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId },
      request: {
        meta: { updateId: 'forged' },
        input: { name: 'link', args: { payloads: [encrypted('nobody-1')] } },
      },
      waitPolicy: {
        lifecycleStage:
          proto.api.enums.v1.UpdateWorkflowExecutionLifecycleStage
            .UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED,
      },
    });
    expect(outcome!.failure!.message).toMatch(
      /^Unknown encoding: undecodable \(payload is encrypted under key id nobody-1, /,
    );
    harness.sandbox.session(linkToken).complete();
    await harness.client.checkNow('update');
    expect(await harness.client.waitForFinalStatus('update')).toMatchObject({ state: 'COMPLETED' });
    expect(await failedTasks(workflowId)).toEqual([]);
  });

  it('in a query refuses the query, and its workflow goes on', async () => {
    const linkToken = harness.sandbox.issueLinkToken();
    const { workflowId } = await harness.client.start({ key: 'query', linkToken });
    const query = server.connection.workflowService.queryWorkflow({
      namespace: 'default',
      execution: { workflowId },
      query: { queryType: 'status', queryArgs: { payloads: [encrypted('nobody-1')] } },
    });
    await expect(query).rejects.toThrow(
      /Unknown encoding: undecodable \(payload is encrypted under key id nobody-1, /,
    );
    harness.sandbox.session(linkToken).complete();
    await harness.client.checkNow('query');
    expect(await harness.client.waitForFinalStatus('query')).toMatchObject({ state: 'COMPLETED' });
    expect(await failedTasks(workflowId)).toEqual([]);
  });

  it(
    'in the argument of an activity fails its attempts until the key is back',
    async () => {
      await restartWorkers(lateFirst);
      const linkToken = harness.sandbox.issueLinkToken();
      const { workflowId } = await startWith(fuller, 'activity-argument', { linkToken });
      await until('it is watched', () => isWatched(workflowId));
      await restartWorkers();
      await until(
        'an attempt fails',
        async () => (await lastFailure(workflowId)).includes(LATE_ID),
        MINUTE_MS,
      );
      expect(await lastFailure(workflowId)).toMatch(
        /: Unknown encoding: undecodable \(payload is encrypted under key id late-/,
      );
      harness.sandbox.session(linkToken).complete();
      await restartWorkers(fuller);
      await until(
        'the session completes',
        async () => (await statusOf(workflowId)) === 'COMPLETED',
        MINUTE_MS,
      );
      expect(await failedTasks(workflowId)).toEqual([]);
      await restartWorkers();
    },
    3 * MINUTE_MS,
  );

  it(
    'in the argument of a create that sends is no doubt about the message: it is sent, once, when the key is there',
    async () => {
      await restartWorkers(lateFirst, ring);
      const linkToken = harness.sandbox.issueLinkToken();
      const delivery = { method: 'SMS', address: '+14155550123' } as const;
      const { workflowId } = await startWith(fuller, 'create-that-sends', { linkToken, delivery });
      await until('a create has failed', async () => (await failedActivities(workflowId)).length > 0);
      expect((await failedActivities(workflowId))[0]).toContain(`key id ${LATE_ID}`);
      expect(messages(linkToken)).toBe(0);
      await restartWorkers(lateFirst);
      await until('it is watched', () => isWatched(workflowId), MINUTE_MS);
      harness.sandbox.session(linkToken).complete();
      await until(
        'the session completes',
        async () => (await statusOf(workflowId)) === 'COMPLETED',
        MINUTE_MS,
      );
      expect(messages(linkToken)).toBe(1);
      await restartWorkers();
    },
    3 * MINUTE_MS,
  );

  it(
    'in the result of an activity stops its workflow until the key is back',
    async () => {
      await restartWorkers(lateFirst);
      const linkToken = harness.sandbox.issueLinkToken();
      const { workflowId } = await startWith(fuller, 'activity-result', { linkToken });
      await until('it is watched', () => isWatched(workflowId));
      await restartWorkers();
      await harness.client.checkNow('activity-result');
      await until('the task fails', async () => (await failedTasks(workflowId)).length > 0);
      expect((await failedTasks(workflowId))[0]).toContain(`key id ${LATE_ID}`);
      await restartWorkers(fuller);
      harness.sandbox.session(linkToken).complete();
      await harness.client.checkNow('activity-result');
      await until(
        'the session completes',
        async () => (await statusOf(workflowId)) === 'COMPLETED',
        MINUTE_MS,
      );
      await restartWorkers();
    },
    3 * MINUTE_MS,
  );

  it(
    'in the input of a workflow keeps it from starting until the key is there',
    async () => {
      const linkToken = harness.sandbox.issueLinkToken();
      const { workflowId } = await startWith(lateFirst, 'input', { linkToken });
      await until('the task fails', async () => (await failedTasks(workflowId)).length > 0);
      expect((await failedTasks(workflowId))[0]).toContain(`key id ${LATE_ID}`);
      await restartWorkers(fuller);
      await until('it is watched', () => isWatched(workflowId), MINUTE_MS);
      harness.sandbox.session(linkToken).complete();
      await harness.client.checkNow('input');
      await until(
        'the session completes',
        async () => (await statusOf(workflowId)) === 'COMPLETED',
        MINUTE_MS,
      );
      await restartWorkers();
    },
    3 * MINUTE_MS,
  );

  async function startWith(keys: KeyRing, key: string, request: StartRequest): Promise<WorkflowHandle> {
    const { connection } = server;
    const client = new Client({ connection, dataConverter: { payloadCodecs: [createPayloadCodec(keys)] } });
    return await client.workflow.start('hostedLinkSession', {
      workflowId: sessionWorkflowId(key),
      taskQueue: TASK_QUEUES.main,
      args: [sessionInput({ key, ...request }, { environment: 'sandbox' })],
    });
  }

  async function isWatched(workflowId: string): Promise<boolean> {
    const { raw } = await harness.temporal.workflow.getHandle(workflowId).describe();
    return (raw.pendingActivities ?? []).some(({ activityType }) => activityType?.name === 'watchSession');
  }

  async function lastFailure(workflowId: string): Promise<string> {
    const { raw } = await harness.temporal.workflow.getHandle(workflowId).describe();
    return raw.pendingActivities?.[0]?.lastFailure?.message ?? '';
  }

  async function statusOf(workflowId: string): Promise<string> {
    return (await harness.temporal.workflow.getHandle(workflowId).describe()).status.name;
  }
});
