import type { Dispatcher } from 'undici';
import { PlaidBadAnswerError, PlaidNoAnswerError, type CalledEndpoint } from './errors';

/** One POST, ready to be sent. */
export interface Post {
  endpoint: CalledEndpoint;
  headers: Record<string, string>;
  body: Buffer;
  /**
   * How long the whole call may take, from waiting for a connection to the last byte of the answer, in
   * milliseconds.
   */
  totalMs: number;
}

/** A whole answer, as it came: its status is 200 or above, its body not yet looked at. */
export interface HttpAnswer {
  httpStatus: number;
  body: Buffer;
}

const TIME_LIMIT = 'TIME_LIMIT_EXCEEDED';

/**
 * Sends one POST, once: it is not repeated and no redirect is followed.
 *
 * It drives undici by a dispatch handler since only that tells surely whether the request left: undici calls
 * `onRequestStart` when a connection is ready (resolved, connected, TLS done), right before it writes the
 * first byte. Nothing of undici's errors but their code goes on: some hold parts of the answer.
 * @throws PlaidNoAnswerError NO_ANSWER
 * @throws PlaidBadAnswerError BAD_ANSWER when the answer exceeds the dispatcher's `maxResponseSize`
 */
export function post(
  dispatcher: Dispatcher,
  { endpoint, headers, body, totalMs }: Post,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    let started: Dispatcher.DispatchController | undefined;
    let httpStatus = 0;
    const chunks: Buffer[] = [];
    let ended = false;

    const end = (): boolean => {
      if (ended) return false;
      ended = true;
      clearTimeout(timer);
      return true;
    };
    const fail = (reason: string): void => {
      if (!end()) return;
      reject(
        reason === 'UND_ERR_RES_EXCEEDED_MAX_SIZE'
          ? new PlaidBadAnswerError(endpoint, httpStatus, 'body: too large', undefined)
          : new PlaidNoAnswerError(endpoint, started !== undefined, reason),
      );
    };
    const timer = setTimeout(() => {
      fail(TIME_LIMIT);
      started?.abort(new Error(TIME_LIMIT));
    }, totalMs);

    dispatcher.dispatch(
      { method: 'POST', path: endpoint, headers, body },
      {
        onRequestStart(controller) {
          // The call has been given up while it waited for a connection: it must not be sent any more.
          if (ended) controller.abort(new Error(TIME_LIMIT));
          else started = controller;
        },
        onResponseStart(_controller, statusCode) {
          // May be called for informational answers (1xx) first; the last one counts.
          httpStatus = statusCode;
        },
        onResponseData(_controller, chunk) {
          chunks.push(chunk);
        },
        onResponseEnd() {
          if (end()) resolve({ httpStatus, body: Buffer.concat(chunks) });
        },
        onResponseError(_controller, error) {
          fail(reasonOf(error));
        },
      },
    );
  });
}

/** The code of an error of Node, OpenSSL or undici: a constant of theirs, so that nothing else slips through. */
function reasonOf(error: Error & { code?: unknown }): string {
  if (error.name === 'HTTPParserError') return 'NOT_HTTP';
  return typeof error.code === 'string' && /^[A-Z][A-Z0-9_]{1,63}$/.test(error.code) ? error.code : 'UNKNOWN';
}
