import { Command } from 'commander';
import { readSettingsFor } from '../config';
import { createLogger } from '../logger';
import { startWorker } from '../worker';

/** What a process exits with when a second signal ends it, by custom 128 + SIGINT. */
const EXIT_SIGNAL = 130;

/** `hosted-link worker`: runs until SIGINT or SIGTERM, then finishes what runs; a second signal ends it at once. */
export function workerCommand(): Command {
  return new Command('worker').description('run the worker until SIGINT or SIGTERM').action(async () => {
    const settings = readSettingsFor('plaid', 'database', 'vaultKeys', 'codecKeys');
    const logger = createLogger({ level: settings.logLevel });
    const worker = await startWorker(settings, logger);
    logger.info({ environment: settings.environment }, 'worker is polling');
    let signals = 0;
    const onSignal = (signal: NodeJS.Signals) => {
      signals += 1;
      if (signals > 1) process.exit(EXIT_SIGNAL);
      logger.info({ signal }, 'worker is shutting down; a second signal ends it at once');
      worker.shutdown();
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
    await worker.stopped;
    logger.info('worker has stopped');
  });
}
