import { SpanStatusCode } from '@opentelemetry/api';
import { type WorkflowSignalInput, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { defaultPayloadConverter, type Headers } from '@temporalio/common';
import { HostedLinkCodecPlugin } from '../../../src/codec/codec-plugin';
import { generateKeyRingText, parseKeyRing } from '../../../src/secrets/key-ring';
import { clientSpans } from '../../../src/temporal/client-spans';
import { traceparentIn } from '../../../src/workflows/trace-header';
import { SpanCollector } from '../../../testing/span-collector';

const HEADER = '_tracer-data';

/** Signals through the interceptor, and gives the headers that leave. */
async function signal(workflowId: string, headers: Headers = {}): Promise<Headers> {
  let left: Headers | undefined;
  const input: WorkflowSignalInput = {
    signalName: 'checkNow',
    args: [],
    workflowExecution: { workflowId },
    headers,
  };
  await clientSpans.signal!(input, async ({ headers: leaving }) => {
    left = leaving;
  });
  return left!;
}

describe('clientSpans', () => {
  let collector: SpanCollector;
  beforeEach(() => {
    collector = new SpanCollector();
    collector.start();
  });
  afterEach(() => collector.stop());

  test('sends its span along to a workflow of hosted-link, and nothing but its ids', async () => {
    const headers = await signal('hosted-link/user-42');
    const [span] = collector.spans();
    const { traceId, spanId } = span!.spanContext();
    expect(Object.keys(headers)).toEqual([HEADER]);
    expect(defaultPayloadConverter.fromPayload(headers[HEADER]!)).toEqual({
      traceparent: `00-${traceId}-${spanId}-01`,
    });
    expect(span).toMatchObject({
      name: 'SignalWorkflow:checkNow',
      attributes: { temporalWorkflowId: 'hosted-link/user-42' },
    });
  });

  test('leaves other workflows alone', async () => {
    expect(await signal('onboarding-42')).toEqual({});
    expect(collector.spans()).toEqual([]);
  });

  test('leaves a header alone that has a trace already', async () => {
    const headers = {
      [HEADER]: defaultPayloadConverter.toPayload({
        traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
      }),
    };
    expect(await signal('hosted-link/user-42', headers)).toBe(headers);
    expect(collector.spans()).toEqual([]);
  });

  test('adds nothing where nobody traces', async () => {
    collector.stop();
    expect(await signal('hosted-link/user-42')).toEqual({});
  });

  test('takes a start that was made before for no failure', async () => {
    const input = {
      workflowType: 'hostedLinkSession',
      headers: {},
      options: { workflowId: 'hosted-link/again', taskQueue: 'hosted-link', args: [] },
    };
    const again = new WorkflowExecutionAlreadyStartedError('again', 'hosted-link/again', 'hostedLinkSession');
    await expect(clientSpans.startWithDetails!(input as never, () => Promise.reject(again))).rejects.toBe(
      again,
    );
    expect(collector.spans()).toMatchObject([
      { name: 'StartWorkflow:hostedLinkSession', status: { code: SpanStatusCode.UNSET } },
    ]);
  });

  test('comes with the plugin', () => {
    const plugin = new HostedLinkCodecPlugin(parseKeyRing(generateKeyRingText('codec'), 'test ring'));
    expect(plugin.configureClient({}).interceptors?.workflow).toEqual([clientSpans]);
  });
});

describe('a header of a message', () => {
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
  const json = (text: string) => ({
    metadata: { encoding: Buffer.from('json/plain') },
    data: Buffer.from(text),
  });

  test('has the trace that Temporal’s interceptors put there', () => {
    expect(traceparentIn({ [HEADER]: json(JSON.stringify({ traceparent, tracestate: '' })) })).toBe(
      traceparent,
    );
  });

  test.each([
    ['another header', { other: json(JSON.stringify({ traceparent })) }],
    ['no JSON', { [HEADER]: json('{') }],
    ['null', { [HEADER]: json('null') }],
    ['a text', { [HEADER]: json(JSON.stringify(traceparent)) }],
    ['a number for it', { [HEADER]: json('{"traceparent":1}') }],
    ['more than ids', { [HEADER]: json(JSON.stringify({ traceparent: `${traceparent}-user=ada` })) }],
    ['upper case', { [HEADER]: json(JSON.stringify({ traceparent: traceparent.toUpperCase() })) }],
    [
      'something encrypted',
      { [HEADER]: { metadata: { encoding: Buffer.from('binary/encrypted') }, data: Buffer.alloc(40) } },
    ],
    ['nothing', { [HEADER]: {} }],
  ])('with %s has none', (_what, headers) => {
    expect(traceparentIn(headers as Headers)).toBeUndefined();
  });
});
