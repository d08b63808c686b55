import { Command } from 'commander';
import { examples } from './examples';
import { printJson } from './print';
import { withClient } from './with-client';

/** `hosted-link check`: lets a session get at once. */
export function checkCommand(): Command {
  return new Command('check')
    .description('ask Plaid now how a session stands')
    .argument('<key>', 'the session key')
    .option('--json', 'print an object')
    .addHelpText('after', examples('hosted-link check user-42'))
    .action(async (key: string, { json }: { json?: boolean }) => {
      await withClient({ vault: true }, (client) => client.checkNow(key));
      if (json) printJson<'check'>({ key });
    });
}
