import type { LogLevel as TemporalLogLevel } from '@temporalio/worker';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import type { Settings } from './config';
import { requirePlaid } from './config';
import { InputError } from './input-error';
import { loadKeys } from './keys';
import type { Logger } from './logger';
import { retryForAWhile } from './retry';
import type { RunningWorker } from './session-workers';
import { startSessionWorkers } from './session-workers';
import type { TemporalConnection } from './temporal-connection';
import { loadTemporalConnection } from './temporal-connection';

/**
 * Starts the standalone worker, once in a process: the SDK's runtime, a connection, and all workers of this deployment.
 *
 * @throws InputError naming a missing or wrong setting, or a namespace without our search attributes
 * @throws VaultError when the vault cannot be opened
 */
export async function startWorker(settings: Settings, logger: Logger): Promise<RunningWorker> {
  requirePlaid(settings);
  const { connectionOptions, namespace } = loadTemporalConnection();
  const keys = await loadKeys(settings);
  installRuntime(logger);
  const connection = await connect(connectionOptions, logger);
  try {
    const { shutdown, stopped } = await startSessionWorkers({
      settings,
      keys,
      connection,
      namespace,
      logger,
    });
    return { shutdown, stopped: stopped.finally(() => connection.close()) };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/**
 * Lets the SDK log through ours, which redacts. The SDK's runtime keeps the process alive until a connection that it has
 * made is closed, so it is installed when nothing but the connection can fail.
 */
function installRuntime(logger: Logger): void {
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

/** @throws InputError naming TEMPORAL_ADDRESS, after bounded retries */
async function connect(
  connectionOptions: TemporalConnection['connectionOptions'],
  logger: Logger,
): Promise<NativeConnection> {
  const { address } = connectionOptions;
  try {
    return await retryForAWhile(
      () => NativeConnection.connect(connectionOptions),
      (triesLeft) => logger.warn({ address, triesLeft }, 'Temporal cannot be reached yet'),
    );
  } catch {
    throw new InputError(
      'TEMPORAL_ADDRESS',
      `no Temporal server answers at ${address}; start one there, or set it`,
    );
  }
}
