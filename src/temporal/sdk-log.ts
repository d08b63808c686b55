import type { LogLevel as TemporalLogLevel } from '@temporalio/worker';
import { DefaultLogger } from '@temporalio/worker';
import type { Logger } from '../telemetry/logger';
import { sessionKeyBehind } from '../domain/ids';

/** The causes of an error that are looked at. */
const MAX_CAUSES = 5;

/**
 * Lets the SDK log through ours. A line about a workflow of a session has the session's `key` beside the `workflowId`, and one about a
 * failure after an answer of Plaid's its `requestId`.
 */
export function sdkLogger(logger: Logger): DefaultLogger {
  return new DefaultLogger('DEBUG', ({ level, message, meta = {} }) => {
    const { workflowId, error } = meta as { workflowId?: unknown; error?: unknown };
    const key = typeof workflowId === 'string' ? sessionKeyBehind(workflowId) : undefined;
    logger[LEVELS[level]]({ key, requestId: plaidRequestId(error), ...meta }, message);
  });
}

/** From the details of our own failures, which are a `PlaidErrorView`. */
function plaidRequestId(error: unknown): string | undefined {
  let failure = error as { details?: unknown; cause?: unknown } | undefined;
  for (let depth = 0; depth < MAX_CAUSES && typeof failure === 'object' && failure; depth++) {
    const [view] = Array.isArray(failure.details) ? (failure.details as unknown[]) : [];
    const { requestId } = (view ?? {}) as { requestId?: unknown };
    if (typeof requestId === 'string') return requestId;
    failure = failure.cause as typeof failure;
  }
  return undefined;
}

const LEVELS: Record<TemporalLogLevel, 'trace' | 'debug' | 'info' | 'warn' | 'error'> = {
  TRACE: 'trace',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
};
