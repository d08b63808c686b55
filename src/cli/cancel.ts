import { Command } from 'commander';
import { examples } from './examples';
import { printJson } from './print';
import { withClient } from './with-client';

/** `hosted-link cancel`: asks a session to be cancelled. */
export function cancelCommand(): Command {
  return new Command('cancel')
    .description('cancel a session; what still comes of its link is removed at Plaid')
    .argument('<key>', 'the session key')
    .option('--json', 'print an object')
    .addHelpText('after', examples('hosted-link cancel user-42'))
    .action(async (key: string, { json }: { json?: boolean }) => {
      await withClient({ vault: true }, (client) => client.cancel(key));
      if (json) printJson<'cancel'>({ key });
    });
}
