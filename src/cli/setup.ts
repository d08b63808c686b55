import { Command } from 'commander';
import { examples } from './examples';

/** `hosted-link setup`: makes what a worker needs, and may be run again at any time. */
export function setupCommand(): Command {
  return new Command('setup')
    .description('create the search attributes, migrate the database, and grant its roles their rights')
    .option('--json', 'print an object')
    .addHelpText('after', examples('hosted-link setup'))
    .action(async (options: { json?: boolean }) => {
      const { setUp } = await import('./actions/setup.js');
      await setUp(options);
    });
}
