import { Command } from 'commander';
import { examples } from './examples';

/** `hosted-link worker`: runs until SIGINT or SIGTERM, then finishes what runs; a second signal ends it at once. */
export function workerCommand(): Command {
  return new Command('worker')
    .description('run the worker until SIGINT or SIGTERM; its log is JSON lines on standard error')
    .option('--json', 'print an object once the worker polls')
    .addHelpText('after', examples('hosted-link worker'))
    .action(async (options: { json?: boolean }) => {
      const { runWorker } = await import('./actions/worker.js');
      await runWorker(options);
    });
}
