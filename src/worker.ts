import { NativeConnection } from '@temporalio/worker';
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
import { installRuntime } from './temporal-runtime';

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
