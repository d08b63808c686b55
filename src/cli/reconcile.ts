import { Command } from 'commander';
import type { ReconcileOptions } from './actions/reconcile';
import { examples } from './examples';

/** `hosted-link reconcile`: after a restore, finds what vault, Temporal and Plaid do not agree on. */
export function reconcileCommand(): Command {
  return new Command('reconcile')
    .description('after a restore: hold vault, Temporal and Plaid against each other, and say what to do')
    .option('--fix', 'mend what is safe to mend; without it, nothing is changed')
    .option('--end-lost', 'with --fix: also end sessions as FAILED that Temporal does not know')
    .option('--json', 'print an object for each, a line each')
    .addHelpText('after', examples('hosted-link reconcile', 'hosted-link reconcile --fix --json'))
    .action(async (options: ReconcileOptions) => {
      const { compareAll } = await import('./actions/reconcile.js');
      await compareAll(options);
    });
}
