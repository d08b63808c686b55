import { InputError } from '../domain/input-error';

/** Where spans go, as OpenTelemetry's own variables say. */
export interface TraceSettings {
  /** OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, or what OTEL_EXPORTER_OTLP_ENDPOINT has for traces. */
  url: string;
  /** The setting that has it. */
  urlSetting: string;
  /** OTEL_EXPORTER_OTLP_TRACES_PROTOCOL or OTEL_EXPORTER_OTLP_PROTOCOL, default `http/protobuf`. */
  protocol: string;
}

/**
 * Reads them as they are: in a process with an OpenTelemetry SDK of its own they are that one's. Undefined: nothing is to be traced.
 */
export function readTraceSettings(given: NodeJS.ProcessEnv): TraceSettings | undefined {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: base, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: own } = given;
  const isOff =
    given['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || given['OTEL_TRACES_EXPORTER'] === 'none';
  const url = own ?? (base && `${base.replace(/\/$/, '')}/v1/traces`);
  if (isOff || url === undefined) return undefined;
  return {
    url,
    urlSetting: own === undefined ? 'OTEL_EXPORTER_OTLP_ENDPOINT' : 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    protocol:
      given['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'] ?? given['OTEL_EXPORTER_OTLP_PROTOCOL'] ?? 'http/protobuf',
  };
}

/** @throws InputError naming the setting that this package's exporter cannot do */
export function checkTraceSettings({ url, urlSetting, protocol }: TraceSettings): void {
  if (!/^https?:/.test(url) || !URL.canParse(url)) {
    throw new InputError(urlSetting, 'not a URL of http or https', 'write it as http://collector:4318');
  }
  if (protocol !== 'http/protobuf') {
    throw new InputError(
      'OTEL_EXPORTER_OTLP_PROTOCOL',
      'not http/protobuf, the only one that is spoken here',
      'leave it unset, and give the endpoint of the collector for it (port 4318)',
    );
  }
}
