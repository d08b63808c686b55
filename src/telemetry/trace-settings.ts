import { InputError } from '../domain/input-error';

/** Where spans go, by OpenTelemetry's own variables. */
export interface TraceSettings {
  /** OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, or what OTEL_EXPORTER_OTLP_ENDPOINT has for traces. */
  url: string;
  /** The variable that names it. */
  variable: string;
  /** OTEL_EXPORTER_OTLP_TRACES_PROTOCOL or OTEL_EXPORTER_OTLP_PROTOCOL, default `http/protobuf`. */
  protocol: string;
}

/**
 * Reads OpenTelemetry's own variables as they are: in a process with an SDK of its own they may be meant for that one. An empty one
 * counts as not set.
 *
 * @returns undefined where nothing is to be traced
 */
export function readTraceSettings(env: NodeJS.ProcessEnv): TraceSettings | undefined {
  const given = (name: string): string | undefined => env[name] || undefined;
  const base = given('OTEL_EXPORTER_OTLP_ENDPOINT');
  const own = given('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT');
  const isOff =
    given('OTEL_SDK_DISABLED')?.toLowerCase() === 'true' || given('OTEL_TRACES_EXPORTER') === 'none';
  const url = own ?? (base && `${base.replace(/\/$/, '')}/v1/traces`);
  if (isOff || url === undefined) return undefined;
  return {
    url,
    variable: own === undefined ? 'OTEL_EXPORTER_OTLP_ENDPOINT' : 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    protocol:
      given('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL') ?? given('OTEL_EXPORTER_OTLP_PROTOCOL') ?? 'http/protobuf',
  };
}

/**
 * Checks that this package's exporter can do what the variables ask for.
 *
 * @throws InputError naming the variable with which it cannot
 */
export function checkTraceSettings({ url, variable, protocol }: TraceSettings): void {
  if (!/^https?:/.test(url) || !URL.canParse(url)) {
    throw new InputError(variable, 'not a URL of http or https', 'write it as http://collector:4318');
  }
  if (protocol !== 'http/protobuf') {
    throw new InputError(
      'OTEL_EXPORTER_OTLP_PROTOCOL',
      'not http/protobuf, the only protocol of this exporter',
      'leave it unset, and name the endpoint of the collector for it (port 4318)',
    );
  }
}
