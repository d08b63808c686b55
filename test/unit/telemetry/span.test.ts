import { SpanStatusCode, trace } from '@opentelemetry/api';
import {
  activeTraceparent,
  contextOf,
  errorType,
  inChildSpan,
  inSpan,
  withSpans,
} from '../../../src/telemetry/span';
import { SpanCollector } from '../../../testing/span-collector';

const ACCESS_TOKEN = 'access-sandbox-1f0c4c2e-7a34-4000-8000-2d3a5e1c9b70';

class Store {
  readonly #rows = new Map<string, string>();

  async put(key: string, value: string): Promise<void> {
    this.#rows.set(key, value);
  }
  async get(key: string): Promise<string> {
    const row = this.#rows.get(key);
    if (row === undefined) throw Object.assign(new Error(`no ${key}`), { code: 'UNKNOWN_KEY' });
    return row;
  }
}

describe('errorType', () => {
  test.each([
    ['its type', { type: 'VAULT/KEY_REUSED', code: 'X' }, 'VAULT/KEY_REUSED'],
    ['its code', { code: 'ECONNREFUSED' }, 'ECONNREFUSED'],
    ['its name', new RangeError('too far'), 'RangeError'],
    [
      'its name, where the others are no words',
      { type: ACCESS_TOKEN, code: 'two words', name: 'Error' },
      'Error',
    ],
    ['unknown, where nothing is a word', { type: ACCESS_TOKEN }, 'unknown'],
    ['unknown of a text', 'a text', 'unknown'],
    ['unknown of nothing', null, 'unknown'],
  ])('is %s', (_what, error, type) => {
    expect(errorType(error)).toBe(type);
  });
});

describe('without an SDK', () => {
  test('work is done, and is in no trace', async () => {
    expect(await inSpan('work', {}, async () => activeTraceparent() ?? 'none')).toBe('none');
    expect(await inChildSpan('part', {}, async (span) => span ?? 'none')).toBe('none');
    const store = withSpans('store', new Store());
    await store.put('a', 'b');
    expect(await store.get('a')).toBe('b');
  });
});

describe('with an SDK', () => {
  const collector = new SpanCollector();
  beforeEach(() => collector.start());
  afterEach(() => collector.stop());
  const named = (name: string) => collector.spans().filter((span) => span.name === name);

  test('an error leaves its type in the span, and nothing of its message', async () => {
    const failing = inSpan('failing', {}, async () => {
      throw new Error(`refused ${ACCESS_TOKEN}`);
    });
    await expect(failing).rejects.toThrow('refused');
    const [span] = named('failing');
    expect(span).toMatchObject({ attributes: { 'error.type': 'Error' }, events: [] });
    expect(span!.status).toEqual({ code: SpanStatusCode.ERROR });
  });

  test('an error that is none of the span’s leaves nothing', async () => {
    const expected = inSpan('expected', { errorType: () => undefined }, () =>
      Promise.reject(new Error('no')),
    );
    await expect(expected).rejects.toThrow('no');
    expect(named('expected')[0]!.status).toEqual({ code: SpanStatusCode.UNSET });
  });

  test('a part has a span within another one only', async () => {
    const store = withSpans('store', new Store());
    await store.put('alone', 'x');
    expect(named('store.put')).toEqual([]);
    await inSpan('all', {}, async () => {
      await store.put('a', 'b');
      await expect(store.get('none')).rejects.toThrow('no none');
    });
    expect(collector.pathsOf(named('all')[0])).toEqual(['all', 'all > store.get', 'all > store.put']);
    expect(named('store.get')[0]!.attributes).toEqual({ 'error.type': 'UNKNOWN_KEY' });
  });

  test('a traceparent leads to the same trace in another process', async () => {
    const traceparent = await inSpan('here', {}, async () => activeTraceparent());
    expect(traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    await inSpan('there', { within: contextOf(traceparent) }, async () => undefined);
    expect(collector.pathsOf(named('here')[0])).toEqual(['here', 'here > there']);
  });

  test('what is not sampled stays so', async () => {
    const traceparent = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-00`;
    const flags = await inSpan('unsampled', { within: contextOf(traceparent) }, async () =>
      activeTraceparent(),
    );
    expect(flags).toMatch(/-00$/);
    expect(named('unsampled')).toEqual([]);
  });

  test('without a traceparent a trace begins, whatever is active', async () => {
    await inSpan('outer', {}, () => inSpan('root', { within: contextOf(undefined) }, async () => undefined));
    expect(collector.pathsOf(named('root').at(-1))).toEqual(['root']);
    expect(trace.getActiveSpan()).toBeUndefined();
  });
});
