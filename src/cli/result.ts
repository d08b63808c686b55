import { Command } from 'commander';
import { endedExitCode } from './ended';
import { examples } from './examples';
import { printJson, printStatus } from './print';
import { withProgress } from './progress';
import { withClient } from './with-client';

/** `hosted-link result`: waits until a session and its exchange have ended. */
export function resultCommand(): Command {
  return new Command('result')
    .description('wait until a session and its token exchange have ended; exits with 3 unless it ended well')
    .argument('<key>', 'the session key')
    .option('--json', 'print the whole status')
    .addHelpText('after', examples('hosted-link result user-42', 'hosted-link result user-42 --json'))
    .action(async (key: string, { json }: { json?: boolean }) => {
      // The wait may be long, and an embedded vault that this process owned would keep a worker from starting.
      await withClient({ vault: false }, (client) =>
        withProgress(`waiting for the end of session ${key}`, () => client.waitForEnd(key)),
      );
      await withClient({ vault: true }, async (client) => {
        const report = await client.status(key);
        if (json) printJson<'result'>(report);
        else printStatus(report);
        process.exitCode = endedExitCode(report);
      });
    });
}
