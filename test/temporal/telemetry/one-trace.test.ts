import { SpanStatusCode, trace } from '@opentelemetry/api';
import { Client, type WorkflowClientInterceptor } from '@temporalio/client';
import { defaultPayloadConverter, type Headers } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-node';
import { secretsOf, searchForLeaks } from '../../../testing/leak-search';
import { collectHistories } from '../../../testing/workflow-histories';
import { HostedLinkClient, type StartRequest, type StartedSession } from '../../../src/client';
import { createPayloadCodec, createWorkerCodec } from '../../../src/codec/payload-codec';
import { generateKeyRingText, parseKeyRing } from '../../../src/secrets/key-ring';
import { createLogger } from '../../../src/telemetry/logger';
import { sessionWorkflowId } from '../../../src/domain/ids';
import { runSpans } from '../../../src/temporal/run-spans';
import { startWebhookReceiver, type WebhookReceiver } from '../../../src/webhook/receiver';
import { LINK_TOKEN_REQUEST } from '../../../testing/plaid-calls';
import { type Harness, onDevServer, startHarness } from '../../../testing/harness';
import { workflowBundle } from '../../../testing/workflow-bundle';
import { describeWithDevServer, devServer } from '../../../testing/temporal';
import { until } from '../../../testing/until';
import { SpanCollector } from '../../../testing/span-collector';

const MINUTE_MS = 60_000;
const SMS = { method: 'SMS', address: '+14155550123' } as const;
const CONNECT = 'POST /connect';
const START = `${CONNECT} > UpdateWithStartWorkflow:link`;

describeWithDevServer('the trace of a session', () => {
  const codecRing = parseKeyRing(generateKeyRingText('codec'), 'test ring');
  const collector = new SpanCollector();
  let harness: Harness;
  let receiver: WebhookReceiver;

  afterAll(async () => {
    await receiver?.close();
    await harness?.close();
  }, MINUTE_MS);
  const server = devServer();
  beforeAll(async () => {
    harness = await startHarness(onDevServer(server), { now: Date.now }, { codecRing });
    receiver = await startWebhookReceiver({
      plaid: harness.plaid,
      sessions: harness.vault.sessions,
      client: harness.client,
      environment: 'sandbox',
      logger: createLogger({ level: 'silent' }),
      address: { host: '127.0.0.1', port: 0 },
    });
  }, MINUTE_MS);
  beforeEach(() => collector.start());
  afterEach(() => collector.stop());

  /** What an application does: starts a session within a span of its own. */
  async function connect(request: StartRequest): Promise<StartedSession> {
    return await trace.getTracer('application').startActiveSpan(CONNECT, async (span) => {
      try {
        return await harness.client.start(request);
      } finally {
        span.end();
      }
    });
  }

  async function startWithSms(key: string) {
    const linkToken = harness.sandbox.issueLinkToken({ webhook: receiver.url });
    await connect({ key, linkToken, delivery: SMS });
    return linkToken;
  }

  async function startHosted(key: string) {
    const linkTokenRequest = { ...LINK_TOKEN_REQUEST, webhook: receiver.url };
    const { url } = await connect({ key, plaidFlow: 'hosted_link', linkTokenRequest });
    return url!.split('/').at(-1)!;
  }

  /** The client of an application that does not trace, or that traces by interceptors of its own. */
  function untracedClient(workflowStartHeaders: Headers = {}): HostedLinkClient {
    const startUpdateWithStart: WorkflowClientInterceptor['startUpdateWithStart'] = (input, next) =>
      next({ ...input, workflowStartHeaders });
    const temporal = new Client({
      connection: harness.temporal.connection,
      dataConverter: { payloadCodecs: [createPayloadCodec(codecRing)] },
      interceptors: { workflow: [{ startUpdateWithStart }] },
    });
    return new HostedLinkClient({ temporal, environment: 'sandbox' });
  }

  const watched = (key: string) =>
    until('it is watched', async () => (await harness.client.status(key)).watch !== undefined);

  /** What the headers with a trace say in the history of a session, in its order. */
  async function headersIn(key: string): Promise<unknown[]> {
    const { events } = await harness.temporal.workflow.getHandle(sessionWorkflowId(key)).fetchHistory();
    return events!
      .flatMap(
        (event) =>
          event.workflowExecutionStartedEventAttributes?.header ??
          event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input?.header ??
          event.activityTaskScheduledEventAttributes?.header ??
          event.startChildWorkflowExecutionInitiatedEventAttributes?.header ??
          event.signalExternalWorkflowExecutionInitiatedEventAttributes?.header ??
          event.workflowExecutionSignaledEventAttributes?.header ??
          [],
      )
      .flatMap(({ fields }) => fields?.['_tracer-data'] ?? [])
      .map((payload) => defaultPayloadConverter.fromPayload(payload));
  }

  const runOf = (type: string, key: string) =>
    collector
      .spans()
      .find(
        ({ name, attributes }) =>
          name === `RunWorkflow:${type}` && String(attributes['temporalWorkflowId']).endsWith(`/${key}`),
      );
  const spansOf = (key: string) =>
    collector.spans().filter(({ attributes }) => attributes['temporalWorkflowId'] === sessionWorkflowId(key));
  const startOf = (key: string) => spansOf(key).find(({ name }) => name.startsWith('UpdateWithStart'));

  /** Waits until a session and its exchange have ended, and their spans are there. */
  async function finished(key: string): Promise<ReadableSpan[]> {
    await harness.client.waitForFinalStatus(key);
    await until(
      'the runs have their spans',
      () => runOf('hostedLinkSession', key) !== undefined && runOf('tokenExchange', key) !== undefined,
    );
    return collector.traceOf(startOf(key));
  }

  const attributesIn = (spans: ReadableSpan[], name: string) =>
    spans.filter((span) => span.name === name).map(({ attributes }) => attributes);

  test(
    'leads from the application over webhook and exchange to the stored token, also with another session at once',
    async () => {
      const [hosted, delivered] = await Promise.all([startHosted('hosted'), startWithSms('delivered')]);
      await until('both are watched', async () => {
        const reports = await Promise.all(['hosted', 'delivered'].map((key) => harness.client.status(key)));
        return reports.every(({ watch }) => watch !== undefined);
      });
      harness.sandbox.session(hosted).complete();
      harness.sandbox.session(delivered).complete();
      const [spans, others] = await Promise.all([finished('hosted'), finished('delivered')]);

      const hint = `${START} > ReceiveWebhook > SignalWorkflow:checkNow`;
      expect(collector.pathsOf(startOf('hosted'))).toEqual(
        expect.arrayContaining([
          CONNECT,
          START,
          `${START} > RunWorkflow:hostedLinkSession`,
          `${START} > RunActivity:claimAndCreate > vault.sessions.claim`,
          `${START} > RunActivity:claimAndCreate > POST /link/token/create`,
          `${START} > RunActivity:watchSession`,
          `${hint} > RunActivity:getSession > POST /link/token/get`,
          `${hint} > RunActivity:getSession > vault.results.record`,
          `${hint} > RunWorkflow:tokenExchange`,
          `${hint} > RunActivity:exchangeResult > vault.results.acquire`,
          `${hint} > RunActivity:exchangeResult > POST /item/public_token/exchange`,
          `${hint} > RunActivity:exchangeResult > vault.results.link`,
          `${hint} > RunActivity:endSession > vault.sessions.end`,
        ]),
      );
      expect(collector.pathsOf(startOf('delivered'))).toEqual(
        expect.arrayContaining([
          `${START} > RunActivity:claimSession > vault.sessions.claim`,
          `${START} > RunActivity:createSession > POST /link_delivery/create`,
          `${hint} > RunActivity:getSession > POST /link_delivery/get`,
          `${hint} > RunActivity:exchangeResult > POST /item/get`,
          `${hint} > RunActivity:exchangeResult > vault.results.link`,
        ]),
      );
      // Every span has its parent, and none of one session is in the trace of the other.
      expect(
        collector
          .spans()
          .map((span) => collector.pathOf(span))
          .filter((path) => !path.startsWith(CONNECT)),
      ).toEqual([]);
      const keysIn = (all: ReadableSpan[]) =>
        new Set(
          all
            .flatMap(({ attributes }) => attributes['temporalWorkflowId'] ?? [])
            .map((id) => String(id).split('/')[1]),
        );
      expect([keysIn(spans), keysIn(others)]).toEqual([new Set(['hosted']), new Set(['delivered'])]);

      expect(attributesIn(spans, 'POST /item/public_token/exchange')).toEqual([
        {
          'http.request.method': 'POST',
          'url.template': '/item/public_token/exchange',
          'http.response.status_code': 200,
          'plaid.request_id': expect.stringMatching(/^\w+$/),
        },
      ]);
      expect(attributesIn(spans, 'ReceiveWebhook')[0]).toEqual({
        'hosted_link.session_key': 'hosted',
        'hosted_link.webhook.kind': 'hint',
        'hosted_link.webhook.outcome': 'hinted',
      });
      const [run] = spans.filter(({ name }) => name === 'RunWorkflow:hostedLinkSession');
      expect(run!.attributes['hosted_link.run.end']).toBe('COMPLETED');
      expect(run!.duration[0] + run!.duration[1]).toBeGreaterThan(0);
      expect(spans.filter(({ status }) => status.code === SpanStatusCode.ERROR)).toEqual([]);
    },
    2 * MINUTE_MS,
  );

  test(
    'holds no secret of its session, and neither do the headers in the history',
    async () => {
      const linkToken = await startWithSms('searched');
      harness.sandbox.fault('/link_delivery/get', {
        kind: 'plaid_error',
        status: 400,
        errorType: 'ITEM_ERROR',
        errorCode: 'INVALID_CREDENTIALS',
      });
      harness.sandbox.session(linkToken).complete();
      const spans = await finished('searched');
      const delivery = { method: 'EMAIL', address: 'ada@example.com' } as const;
      await connect({ key: 'emailed', linkToken: harness.sandbox.issueLinkToken(), delivery });
      const hosted = await startHosted('searched-hosted');
      harness.sandbox.session(hosted).complete();
      await finished('searched-hosted');

      const secrets = secretsOf(harness.sandbox.ledger().toJSON(), { vaultRing: codecRing, codecRing });
      const told = collector.spans().map(({ name, attributes, events, links, status, resource }) => ({
        ...{ name, attributes, events, links, status },
        resource: resource.attributes,
      }));
      const histories = [];
      for await (const history of collectHistories(harness.temporal)) histories.push(history);
      const verdict = await searchForLeaks({
        secrets,
        histories: [{ name: 'spans', bytes: Buffer.from(JSON.stringify(told)) }, ...histories],
        files: [],
        controls: [
          { text: sessionWorkflowId('searched'), source: 'spans' },
          { text: '_tracer-data', source: 'history of hosted-link/searched' },
        ],
      });
      expect(verdict.problems).toEqual([]);
      expect(spans.every(({ events }) => events.length === 0)).toBe(true);
    },
    2 * MINUTE_MS,
  );

  describe('turned on and off', () => {
    const hint = 'ReceiveWebhook > SignalWorkflow:checkNow';

    test('is not there, nor any header in the history, where nobody traces', async () => {
      collector.stop();
      const linkToken = await startWithSms('untraced');
      await watched('untraced');
      harness.sandbox.session(linkToken).complete();
      await harness.client.waitForFinalStatus('untraced');
      expect(spansOf('untraced')).toEqual([]);
      expect((await harness.vault.sessions.get('untraced'))!.traceparent).toBeUndefined();
      expect(await headersIn('untraced')).toEqual([]);
    });

    test('begins with each webhook of a session that was started without one', async () => {
      collector.stop();
      const linkToken = await startWithSms('off-then-on');
      await watched('off-then-on');
      collector.start();
      harness.sandbox.session(linkToken).complete();
      await harness.client.waitForFinalStatus('off-then-on');
      await until('the exchange has its span', () => runOf('tokenExchange', 'off-then-on') !== undefined);
      expect(collector.pathsOf(runOf('tokenExchange', 'off-then-on'))).toEqual(
        expect.arrayContaining([
          `${hint} > RunActivity:getSession > POST /link_delivery/get`,
          `${hint} > RunActivity:exchangeResult > vault.results.link`,
        ]),
      );
    });

    test('goes on after a pause, and the session all the while', async () => {
      const linkToken = await startWithSms('on-off-on');
      await watched('on-off-on');
      collector.stop();
      const before = collector.spans().length;
      harness.sandbox.session(linkToken).open();
      await until(
        'OPENED is known',
        async () => (await harness.client.status('on-off-on')).plaidStatus === 'OPENED',
      );
      expect(collector.spans()).toHaveLength(before);
      collector.start();
      harness.sandbox.session(linkToken).complete();
      await finished('on-off-on');
      expect(collector.pathsOf(startOf('on-off-on'))).toEqual(
        expect.arrayContaining([`${START} > ${hint} > RunActivity:exchangeResult > vault.results.link`]),
      );
    });

    test('begins with the worker when the application does not trace', async () => {
      const linkToken = harness.sandbox.issueLinkToken({ webhook: receiver.url });
      await untracedClient().start({ key: 'by-worker', linkToken });
      await watched('by-worker');
      harness.sandbox.session(linkToken).complete();
      await harness.client.waitForFinalStatus('by-worker');
      await until('the run has its span', () => runOf('hostedLinkSession', 'by-worker') !== undefined);
      expect(collector.pathsOf(runOf('hostedLinkSession', 'by-worker'))).toEqual(
        expect.arrayContaining([
          'RunActivity:claimAndCreate > vault.sessions.claim',
          'RunActivity:claimAndCreate > POST /link_delivery/create',
          `RunActivity:claimAndCreate > ${hint} > RunActivity:exchangeResult > vault.results.link`,
        ]),
      );
    });
  });

  test('has a span for each attempt of the watch, of which none is an error', async () => {
    await startWithSms('watching');
    const watches = () => spansOf('watching').filter(({ name }) => name === 'RunActivity:watchSession');
    await until('a second attempt is over', () => watches().length > 1);
    const attempts = watches().map(({ attributes }) => attributes['temporalActivityAttempt']);
    expect(attempts.slice(0, 2)).toEqual([1, 2]);
    for (const watch of watches()) {
      expect(watch.status.code).toBe(SpanStatusCode.UNSET);
      expect(collector.pathOf(watch)).toBe(`${START} > RunActivity:watchSession`);
    }
  });

  test('tells of an error of Plaid its type, code and request id, and no more', async () => {
    const linkToken = harness.sandbox.issueLinkToken();
    harness.sandbox.fault('/link_delivery/create', {
      kind: 'plaid_error',
      status: 400,
      errorType: 'INVALID_REQUEST',
      errorCode: 'INVALID_FIELD',
    });
    await expect(connect({ key: 'refused', linkToken })).rejects.toMatchObject({ code: 'CREATE_FAILED' });
    await until('the run has its span', () => runOf('hostedLinkSession', 'refused') !== undefined);
    const failed = collector
      .traceOf(startOf('refused'))
      .filter(({ status }) => status.code === SpanStatusCode.ERROR);
    const type = 'INVALID_REQUEST/INVALID_FIELD';
    expect(
      failed.map(({ name, attributes, status }) => [name, attributes['error.type'], status.message]),
    ).toEqual(
      expect.arrayContaining([
        ['POST /link_delivery/create', type, undefined],
        ['RunActivity:claimAndCreate', type, undefined],
        ['RunWorkflow:hostedLinkSession', type, undefined],
      ]),
    );
    expect(attributesIn(failed, 'POST /link_delivery/create')).toMatchObject([
      { 'http.response.status_code': 400, 'plaid.request_id': expect.stringMatching(/^\w+$/) },
    ]);
  });

  test('is not left for that of a request which hints', async () => {
    const linkToken = harness.sandbox.issueLinkToken();
    await connect({ key: 'foreign-hint', linkToken });
    await watched('foreign-hint');
    harness.sandbox.session(linkToken).complete();
    await trace.getTracer('application').startActiveSpan('GET /callback', async (span) => {
      await harness.client.checkNow('foreign-hint');
      span.end();
    });
    const spans = await finished('foreign-hint');
    expect(spans.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['RunActivity:getSession', 'RunActivity:exchangeResult', 'vault.results.link']),
    );
    const hinting = collector.spans().find(({ name }) => name === 'GET /callback');
    expect(collector.pathsOf(hinting)).toEqual(['GET /callback', 'GET /callback > SignalWorkflow:checkNow']);
  });

  test('makes no span anew when its history is replayed', async () => {
    const linkToken = await startWithSms('replayed');
    harness.sandbox.session(linkToken).complete();
    await finished('replayed');
    const history = await harness.temporal.workflow.getHandle(sessionWorkflowId('replayed')).fetchHistory();
    // Meanwhile other sessions are watched, and a webhook that comes late hints this one.
    const made = () => spansOf('replayed').filter(({ name }) => !name.startsWith('SignalWorkflow:'));
    const before = made().length;
    expect(before).toBeGreaterThan(0);
    const options = {
      workflowBundle: await workflowBundle(),
      dataConverter: { payloadCodecs: [createWorkerCodec(codecRing)] },
      sinks: runSpans,
    };
    await Worker.runReplayHistory(options, history, sessionWorkflowId('replayed'));
    expect(made()).toHaveLength(before);
  });

  test('takes from the header of a start the trace alone, and hands on nothing else', async () => {
    const traceparent = `00-${'a1'.repeat(16)}-${'b2'.repeat(8)}-01`;
    const payload = defaultPayloadConverter.toPayload({
      traceparent,
      baggage: 'user=ada',
      tracestate: 'x=y',
    });
    const linkToken = harness.sandbox.issueLinkToken();
    await untracedClient({ '_tracer-data': payload }).start({ key: 'other-language', linkToken });
    await watched('other-language');
    expect((await harness.vault.sessions.get('other-language'))!.traceparent).toBe(traceparent);
    const watch = () => spansOf('other-language').find(({ name }) => name === 'RunActivity:watchSession');
    await until('an attempt of the watch is over', () => watch() !== undefined);
    expect(watch()!.parentSpanContext).toMatchObject({ traceId: 'a1'.repeat(16), spanId: 'b2'.repeat(8) });
    const [started, ...handedOn] = await headersIn('other-language');
    expect(started).toMatchObject({ baggage: 'user=ada' });
    expect(handedOn.length).toBeGreaterThan(1);
    for (const header of handedOn) expect(header).toEqual({ traceparent });
  });
});
