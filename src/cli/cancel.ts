import { Command } from 'commander';
import { withClient } from './with-client';

/** `hosted-link cancel`: asks a session to be cancelled. */
export function cancelCommand(): Command {
  return new Command('cancel')
    .description('cancel a session; what still comes of its link is removed at Plaid')
    .argument('<key>', 'the session key')
    .action(async (key: string) => {
      await withClient({ vault: true }, (client) => client.cancel(key));
    });
}
