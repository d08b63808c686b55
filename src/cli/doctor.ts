import { Command } from 'commander';
import { examples } from './examples';

/** `hosted-link doctor`: checks everything that a worker depends on, and says how to fix what is wrong. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description(
      'check Temporal, the database, keys, Plaid and clocks, and say how to fix problems; changes nothing',
    )
    .option('--json', 'print an object')
    .addHelpText('after', examples('hosted-link doctor', 'hosted-link doctor --json'))
    .action(async (options: { json?: boolean }) => {
      const { diagnose } = await import('./actions/doctor.js');
      await diagnose(options);
    });
}
