import { defaultPayloadConverter, type Headers } from '@temporalio/common';

/** The header that carries a trace, as in Temporal's own OpenTelemetry interceptors of all languages. */
const TRACE_HEADER = '_tracer-data';

const TRACEPARENT = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/**
 * The W3C `traceparent` of the span that a message comes from. What else the header may carry, such as baggage, is not ours to
 * read: headers stand in the history in clear.
 */
export function traceparentIn({ [TRACE_HEADER]: payload }: Headers): string | undefined {
  if (payload === undefined) return undefined;
  try {
    const carrier = defaultPayloadConverter.fromPayload<{ traceparent?: unknown } | null>(payload);
    const traceparent = carrier?.traceparent;
    return typeof traceparent === 'string' && TRACEPARENT.test(traceparent) ? traceparent : undefined;
  } catch {
    // Whoever may start or signal can send anything.
    return undefined;
  }
}

/** The headers, and in them the span that a message comes from, if there is one. */
export function withTraceparent(headers: Headers, traceparent: string | undefined): Headers {
  if (traceparent === undefined) return headers;
  return { ...headers, [TRACE_HEADER]: defaultPayloadConverter.toPayload({ traceparent }) };
}
