import { context, diag, DiagLogLevel, isSpanContextValid, trace } from '@opentelemetry/api';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from './logger';
import { ThrottledLogger } from './log-throttle';
import { checkTraceSettings, readTraceSettings } from './trace-settings';

/** How long the last spans may take to be exported when a process ends, in milliseconds: 5 s. */
const FLUSH_MS = 5_000;

/** Spans on their way to a collector. */
export interface Tracing {
  /** Exports the spans that wait, for at most 5 s, and makes no more. Never rejects. */
  shutdown(): Promise<void>;
}

/**
 * Registers OpenTelemetry's SDK in this process, and exports by OTLP over HTTP, where OpenTelemetry's own variables name a collector:
 * only then are the SDK and its exporter loaded. What {@link readTraceSettings} leaves out (headers, certificates, sampler, batches)
 * the SDK reads from its variables itself. Where the process has an SDK already, that one is left in place and gets the spans.
 *
 * @param variables of this process
 * @throws InputError naming a variable of OpenTelemetry's
 */
export async function startTracing(logger: Logger, variables: NodeJS.ProcessEnv): Promise<Tracing> {
  const settings = readTraceSettings(variables);
  if (!settings) return { shutdown: () => Promise.resolve() };
  if (hasSdk()) {
    logger.info('spans go to the OpenTelemetry SDK that this process has already');
    return { shutdown: () => Promise.resolve() };
  }
  checkTraceSettings(settings);
  const log = new ThrottledLogger(logger, Date.now);
  const warn = (message: string) =>
    log.warn('not_exported', 'spans may be lost', new Error(reasonOf(message)));
  const ignore = () => undefined;
  diag.setLogger(
    { error: warn, warn, info: ignore, debug: ignore, verbose: ignore },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  const [{ BatchSpanProcessor, NodeTracerProvider }, { OTLPTraceExporter }, resources] = await Promise.all([
    import('@opentelemetry/sdk-trace-node'),
    import('@opentelemetry/exporter-trace-otlp-proto'),
    import('@opentelemetry/resources'),
  ]);
  const provider = new NodeTracerProvider({
    // No detector of host, process or user: what they find stays here.
    resource: resources
      .defaultResource()
      .merge(resources.resourceFromAttributes({ 'service.name': 'hosted-link' }))
      .merge(resources.detectResources({ detectors: [resources.envDetector] })),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url: settings.url }))],
  });
  // Headers of workflows take the trace alone, and no propagator.
  provider.register({ propagator: null });
  return {
    async shutdown() {
      const done = provider.shutdown().catch((error: unknown) => warn(String(error)));
      await Promise.race([done, delay(FLUSH_MS, undefined, { ref: false })]);
      trace.disable();
      context.disable();
      diag.disable();
    },
  };
}

/** The SDK reports an error as JSON, with its stack and the collector's answer. */
function reasonOf(message: string): string {
  try {
    const { code, message: reason } = JSON.parse(message) as { code?: string; message?: string };
    return [code, reason].filter(Boolean).join(': ');
  } catch {
    return message;
  }
}

/** With an SDK, every span has an id; one that does not end goes nowhere. */
function hasSdk(): boolean {
  return isSpanContextValid(trace.getTracer('hosted-link').startSpan('probe').spanContext());
}
