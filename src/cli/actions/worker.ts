import { readSettingsFor } from '../../config/settings';
import { TASK_QUEUES } from '../../domain/ids';
import { createLogger } from '../../telemetry/logger';
import { startWorker } from '../../worker';
import { EXIT_SIGNAL } from '../exit-codes';
import { printJson } from '../print';

/** Runs the worker until a signal, then lets it finish what runs. A second signal ends the process at once. */
export async function runWorker({ json }: { json?: boolean }): Promise<void> {
  const settings = readSettingsFor('plaid', 'database', 'vaultKeys', 'codecKeys');
  const logger = createLogger({ level: settings.logLevel });
  const worker = await startWorker(settings, logger);
  const { environment } = settings;
  logger.info({ environment }, 'worker is polling');
  let signals = 0;
  const onSignal = (signal: NodeJS.Signals) => {
    signals += 1;
    if (signals > 1) process.exit(EXIT_SIGNAL);
    logger.info({ signal }, 'worker is shutting down; a second signal ends it at once');
    worker.shutdown();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  if (json) printJson<'worker'>({ environment, taskQueues: Object.values(TASK_QUEUES) });
  await worker.stopped;
  logger.info('worker has stopped');
}
