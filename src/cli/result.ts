import { Command } from 'commander';
import { printJson, printStatus } from './print';
import { withClient } from './with-client';

/** `hosted-link result`: waits until a session and its exchange have ended. */
export function resultCommand(): Command {
  return new Command('result')
    .description('wait until a session and its token exchange have ended')
    .argument('<key>', 'the session key')
    .option('--json', 'print the whole status')
    .action(async (key: string, { json }: { json?: boolean }) => {
      // The wait may be long, and an embedded vault that this process owned would keep a worker from starting.
      await withClient({ vault: false }, (client) => client.waitForEnd(key));
      await withClient({ vault: true }, async (client) => {
        const report = await client.status(key);
        if (json) printJson(report);
        else printStatus(report);
      });
    });
}
