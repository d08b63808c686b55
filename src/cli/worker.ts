import { Command } from 'commander';
import { readSettingsFor } from '../config/settings';
import { createLogger } from '../telemetry/logger';
import { TASK_QUEUES } from '../domain/ids';
import { startWorker } from '../worker';
import { examples } from './examples';
import { EXIT_SIGNAL } from './exit-codes';
import { printJson } from './print';

/** `hosted-link worker`: runs until SIGINT or SIGTERM, then finishes what runs; a second signal ends it at once. */
export function workerCommand(): Command {
  return new Command('worker')
    .description('run the worker until SIGINT or SIGTERM; its log is JSON lines on standard error')
    .option('--json', 'print an object once it polls')
    .addHelpText('after', examples('hosted-link worker'))
    .action(async ({ json }: { json?: boolean }) => {
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
    });
}
