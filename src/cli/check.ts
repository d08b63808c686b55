import { Command } from 'commander';
import { withClient } from './with-client';

/** `hosted-link check`: lets a session get at once. */
export function checkCommand(): Command {
  return new Command('check')
    .description('ask Plaid now how a session stands')
    .argument('<key>', 'the session key')
    .action(async (key: string) => {
      await withClient({ vault: true }, (client) => client.checkNow(key));
    });
}
