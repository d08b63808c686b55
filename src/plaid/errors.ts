/** An endpoint's path, such as `/link_delivery/get`. */
export type CalledEndpoint = string;

/**
 * A failed call to Plaid. `code` is stable; `message` is written for people and may change. Holds no secret, no header and
 * no part of a request or response body but the fields named in the subclasses.
 */
export abstract class PlaidError extends Error {
  abstract readonly code: 'PLAID_ERROR' | 'NO_ANSWER' | 'BAD_ANSWER';
  readonly endpoint: CalledEndpoint;

  constructor(endpoint: CalledEndpoint, message: string) {
    super(message);
    this.name = new.target.name;
    this.endpoint = endpoint;
  }
}

/** Plaid answered with an error of its own (`code` PLAID_ERROR). */
export class PlaidApiError extends PlaidError {
  readonly code = 'PLAID_ERROR';

  constructor(
    endpoint: CalledEndpoint,
    /** Plaid's `error_type`, such as `INVALID_INPUT`. */
    readonly errorType: string,
    /** Plaid's `error_code`, such as `INVALID_LINK_TOKEN`. */
    readonly errorCode: string,
    readonly httpStatus: number,
    /** Plaid's request id, for its support; undefined when the answer had none. */
    readonly requestId: string | undefined,
  ) {
    super(
      endpoint,
      `${endpoint}: Plaid answered ${errorType}/${errorCode} (HTTP ${httpStatus}, request ${requestId ?? 'unknown'})`,
    );
  }
}

/** No whole answer came (`code` NO_ANSWER): no connection, a time limit, a reset. */
export class PlaidNoAnswerError extends PlaidError {
  readonly code = 'NO_ANSWER';

  constructor(
    endpoint: CalledEndpoint,
    /** False only when surely no byte of the request left for Plaid, so that the call cannot have had an effect. */
    readonly mayHaveReachedPlaid: boolean,
    /**
     * What failed, from a fixed list: a code of Node, OpenSSL or undici, such as `ECONNREFUSED` or
     * `UND_ERR_HEADERS_TIMEOUT`; or ours, TIME_LIMIT_EXCEEDED (the whole call took too long), NOT_HTTP, UNKNOWN.
     */
    readonly reason: string,
  ) {
    super(
      endpoint,
      `${endpoint}: no answer from Plaid (${reason}; the request ${mayHaveReachedPlaid ? 'may have' : 'has not'} reached it)`,
    );
  }
}

/** An answer came that is not what Plaid documents (`code` BAD_ANSWER): not JSON, too large, or of a wrong shape. */
export class PlaidBadAnswerError extends PlaidError {
  readonly code = 'BAD_ANSWER';

  constructor(
    endpoint: CalledEndpoint,
    readonly httpStatus: number,
    /** What is wrong and where, such as `status: expected string`; names fields, never values. */
    readonly problem: string,
    readonly requestId: string | undefined,
  ) {
    super(endpoint, `${endpoint}: Plaid's answer cannot be read (HTTP ${httpStatus}): ${problem}`);
  }
}
