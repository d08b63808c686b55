import type { Settings } from './config';
import { requirePlaid } from './config';
import { loadKeys } from './keys';
import type { Logger } from './logger';
import type { RunningWorker } from './session-workers';
import { startSessionWorkers } from './session-workers';
import { loadTemporalConnection } from './temporal-connection';
import { connectRuntime, installRuntime } from './temporal-runtime';

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
  installRuntime(logger, settings.metricsAddress);
  const connection = await connectRuntime(connectionOptions, logger);
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
