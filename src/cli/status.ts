import { Command } from 'commander';
import { examples } from './examples';
import { printJson, printStatus } from './print';
import { withClient } from './with-client';

/** `hosted-link status`: all that is known of a session, also without a worker. */
export function statusCommand(): Command {
  return new Command('status')
    .description('tell how a session stands')
    .argument('<key>', 'the session key')
    .option('--json', 'print the whole status')
    .addHelpText('after', examples('hosted-link status user-42', 'hosted-link status user-42 --json'))
    .action(async (key: string, { json }: { json?: boolean }) => {
      await withClient({ vault: true }, async (client) => {
        const report = await client.status(key);
        if (json) printJson<'status'>(report);
        else printStatus(report);
      });
    });
}
