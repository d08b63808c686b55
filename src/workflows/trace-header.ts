import { defaultPayloadConverter, type Headers } from '@temporalio/common';

/** The header that carries a trace, as in Temporal's own OpenTelemetry interceptors of all languages. */
const TRACE_HEADER = '_tracer-data';

const TRACEPARENT = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/**
 * Returns the W3C `traceparent` of the span that sent a message; undefined when there is none. Ignores everything else in the
 * header, such as baggage, because history holds headers unencrypted.
 */
export function traceparentIn({ [TRACE_HEADER]: payload }: Headers): string | undefined {
  if (payload === undefined) return undefined;
  try {
    const carrier = defaultPayloadConverter.fromPayload<{ traceparent?: unknown } | null>(payload);
    const traceparent = carrier?.traceparent;
    return typeof traceparent === 'string' && TRACEPARENT.test(traceparent) ? traceparent : undefined;
  } catch {
    // Any client that may start or signal a workflow can send anything.
    return undefined;
  }
}

/** Returns the headers with the given span, if there is one. */
export function withTraceparent(headers: Headers, traceparent: string | undefined): Headers {
  if (traceparent === undefined) return headers;
  return { ...headers, [TRACE_HEADER]: defaultPayloadConverter.toPayload({ traceparent }) };
}
