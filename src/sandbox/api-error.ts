import type { ErrorName } from './records';

/** An error that the sandbox answers with, in Plaid's shape. */
export class ApiError extends Error {
  constructor(
    readonly errorType: string,
    readonly errorCode: string,
    /** May echo the bad value, as a real server's text may: no client should pass it on. */
    message: string,
    readonly httpStatus = 400,
  ) {
    super(message);
  }

  /** The body of the answer. */
  toBody(requestId: string): Record<string, unknown> {
    return { ...plaidErrorBody(this, this.message), request_id: requestId };
  }
}

/** A PlaidError without a request id, as it stands inside an answer or a webhook. */
export function plaidErrorBody(
  { errorType, errorCode }: ErrorName,
  message = `the item or the session has met ${errorCode}`,
) {
  return {
    display_message: null,
    documentation_url: 'https://plaid.com/docs/errors/',
    error_code: errorCode,
    error_message: message,
    error_type: errorType,
    suggested_action: null,
  };
}

/** An INVALID_REQUEST, HTTP 400. */
export function invalidRequest(errorCode: string, message: string): ApiError {
  return new ApiError('INVALID_REQUEST', errorCode, message);
}

/** An INVALID_INPUT, HTTP 400. */
export function invalidInput(errorCode: string, message: string): ApiError {
  return new ApiError('INVALID_INPUT', errorCode, message);
}
