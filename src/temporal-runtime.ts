import type { LogLevel as TemporalLogLevel } from '@temporalio/worker';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import type { Logger } from './logger';

/**
 * Lets the SDK log through ours, which redacts. The SDK's runtime keeps the process alive until a connection that it has
 * made is closed, so it is installed when nothing but the connection can fail.
 */
export function installRuntime(logger: Logger): void {
  Runtime.install({
    logger: temporalLogger(logger),
    shutdownSignals: [],
    // Else the native side of the SDK prints its messages itself, as text that nobody has redacted.
    telemetryOptions: { logging: { forward: {} } },
  });
}

function temporalLogger(logger: Logger): DefaultLogger {
  return new DefaultLogger('DEBUG', ({ level, message, meta }) => {
    logger[LEVELS[level]](meta ?? {}, message);
  });
}

const LEVELS: Record<TemporalLogLevel, 'trace' | 'debug' | 'info' | 'warn' | 'error'> = {
  TRACE: 'trace',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
};
