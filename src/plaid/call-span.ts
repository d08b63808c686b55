import { type Span, SpanKind } from '@opentelemetry/api';
import { inChildSpan } from '../telemetry/span';
import {
  PlaidApiError,
  PlaidBadAnswerError,
  type CalledEndpoint,
  PlaidError,
  PlaidNoAnswerError,
} from './errors';

/** Any answer of Plaid's: each tells its request id. */
export type Identified = { request_id: string } | { requestId: string };

/** A call that was answered. */
interface Answered<T> {
  httpStatus: number;
  answer: T;
}

/**
 * Runs a call to Plaid in a span, where there is one around it: endpoint, HTTP status, Plaid's request id and the kind of error. Of
 * what was sent and answered it holds nothing else.
 */
export async function inCallSpan<T extends Identified>(
  endpoint: CalledEndpoint,
  call: () => Promise<Answered<T>>,
): Promise<T> {
  const attributes = { 'http.request.method': 'POST', 'url.template': endpoint };
  return await inChildSpan(
    `POST ${endpoint}`,
    { kind: SpanKind.CLIENT, attributes, errorType: errorTypeOf },
    async (span) => {
      try {
        const { httpStatus, answer } = await call();
        show(span, httpStatus, 'request_id' in answer ? answer.request_id : answer.requestId);
        return answer;
      } catch (error) {
        if (error instanceof PlaidApiError || error instanceof PlaidBadAnswerError)
          show(span, error.httpStatus, error.requestId);
        throw error;
      }
    },
  );
}

function show(span: Span | undefined, httpStatus: number, requestId: string | undefined): void {
  span?.setAttribute('http.response.status_code', httpStatus);
  if (requestId !== undefined) span?.setAttribute('plaid.request_id', requestId);
}

function errorTypeOf(error: unknown): string {
  if (error instanceof PlaidApiError) return `${error.errorType}/${error.errorCode}`;
  if (error instanceof PlaidNoAnswerError) return error.reason;
  return error instanceof PlaidError ? error.code : 'unknown';
}
