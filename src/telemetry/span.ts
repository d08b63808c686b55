import {
  context,
  type Context,
  ROOT_CONTEXT,
  type Span,
  type SpanOptions,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';

/*
 * The spans of this project, by OpenTelemetry's API alone: they go to whatever SDK the process has registered, and cost next to
 * nothing where it has none. No span takes an error's message, which may quote anything: only its type, a word from a list.
 */

/** The instrumentation scope of all our spans. */
const TRACER = 'hosted-link';

/** What may be an error's type in a span. No token of Plaid's is: they have hyphens. */
const ERROR_TYPE = /^[A-Za-z][A-Za-z0-9_./]{0,99}$/;

export interface SpanStart extends Pick<SpanOptions, 'kind' | 'attributes' | 'links' | 'startTime'> {
  /** Where the span belongs. Default: the active context. */
  within?: Context;
  /** The type of an error, or undefined when it is none that the span has to show. Default: {@link errorType}. */
  errorType?: (error: unknown) => string | undefined;
}

/** Runs `work` in a span, which is active meanwhile and shows how it ended. */
export async function inSpan<T>(
  name: string,
  { within = context.active(), errorType: typeOf = errorType, ...options }: SpanStart,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  return await trace.getTracer(TRACER).startActiveSpan(name, options, within, async (span) => {
    try {
      return await work(span);
    } catch (error) {
      const type = typeOf(error);
      if (type !== undefined) failSpan(span, type);
      throw error;
    } finally {
      span.end();
    }
  });
}

/** Runs `work` in a span where another one is active, else without: a part of something is no trace of its own. */
export async function inChildSpan<T>(
  name: string,
  options: SpanStart,
  work: (span: Span | undefined) => Promise<T>,
): Promise<T> {
  return await (trace.getActiveSpan() ? inSpan(name, options, work) : work(undefined));
}

/** The same object, with a child span `<name>.<method>` around each call. Its methods are asynchronous, all of them. */
export function withSpans<T extends object>(name: string, target: T): T {
  return new Proxy(target, {
    get(_target, property) {
      const member: unknown = Reflect.get(target, property, target);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) =>
        inChildSpan(
          `${name}.${String(property)}`,
          {},
          async () => (await member.apply(target, args)) as unknown,
        );
    },
  });
}

/** Adds a span of what is over already. */
export function addSpan(
  name: string,
  { within = context.active(), ...options }: SpanStart,
  failure?: string,
): void {
  const span = trace.getTracer(TRACER).startSpan(name, options, within);
  if (failure !== undefined) failSpan(span, failure);
  span.end();
}

function failSpan(span: Span, type: string): void {
  span.setAttribute('error.type', type).setStatus({ code: SpanStatusCode.ERROR });
}

/** What an error is called: its `type`, `code` or name, whichever is a plain word. */
export function errorType(error: unknown): string {
  const { type, code, name } = Object(error) as Partial<Record<'type' | 'code' | 'name', unknown>>;
  const isWord = (word: unknown) => typeof word === 'string' && ERROR_TYPE.test(word);
  return ([type, code, name].find(isWord) as string | undefined) ?? 'unknown';
}

/** The active span as W3C Trace Context writes it: `00-<trace id>-<span id>-<flags>`. Undefined where nobody traces. */
export function activeTraceparent(): string | undefined {
  const active = trace.getActiveSpan()?.spanContext();
  if (!active || !trace.isSpanContextValid(active)) return undefined;
  return `00-${active.traceId}-${active.spanId}-0${active.traceFlags & 1}`;
}

/** The context of a span of another process. Without one, the context of a new trace, whatever is active here. */
export function contextOf(traceparent: string | undefined): Context {
  if (traceparent === undefined) return ROOT_CONTEXT;
  const [, traceId = '', spanId = '', flags = ''] = traceparent.split('-');
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16) & 1,
    isRemote: true,
  });
}
