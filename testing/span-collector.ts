import { context, trace } from '@opentelemetry/api';
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node';

/** The OpenTelemetry SDK of an application, with a collector in memory. */
export class SpanCollector {
  readonly #exporter = new InMemorySpanExporter();

  /** Registers the SDK in this process. */
  start(): void {
    const spanProcessors = [new SimpleSpanProcessor(this.#exporter)];
    new NodeTracerProvider({ spanProcessors }).register();
  }

  /** Takes the SDK away again, as in a process that was started without. */
  stop(): void {
    trace.disable();
    context.disable();
  }

  /** All spans that have ended, in the order of their starts. */
  spans(): ReadableSpan[] {
    const started = ({ startTime: [seconds, nanoseconds] }: ReadableSpan) => seconds * 1e9 + nanoseconds;
    return this.#exporter.getFinishedSpans().sort((one, other) => started(one) - started(other));
  }

  /** Those of a trace. */
  traceOf(span: ReadableSpan | undefined): ReadableSpan[] {
    return this.spans().filter((other) => other.spanContext().traceId === span?.spanContext().traceId);
  }

  /** The names from the root of a span's trace down to it: `POST /connect > UpdateWithStartWorkflow:link`. */
  pathOf(span: ReadableSpan): string {
    const parentId = span.parentSpanContext?.spanId;
    if (parentId === undefined) return span.name;
    const parent = this.traceOf(span).find((other) => other.spanContext().spanId === parentId);
    return `${parent ? this.pathOf(parent) : '(missing)'} > ${span.name}`;
  }

  /** All different paths of a trace, sorted. */
  pathsOf(span: ReadableSpan | undefined): string[] {
    return [...new Set(this.traceOf(span).map((other) => this.pathOf(other)))].sort();
  }
}
