import { Command } from 'commander';
import { endedExitCode } from './wait-until-closed';
import { examples } from './examples';
import { printJson, printStatus } from './print';
import { withProgress } from './progress';
import { withClient } from './with-client';

/** `hosted-link wait`: waits until a session and its exchange have ended. */
export function waitCommand(): Command {
  return new Command('wait')
    .description('wait until a session and its token exchange have ended; exits with 3 unless it ended well')
    .argument('<key>', 'the session key')
    .option('--json', 'print the whole status')
    .addHelpText('after', examples('hosted-link wait user-42', 'hosted-link wait user-42 --json'))
    .action(async (key: string, { json }: { json?: boolean }) => {
      // The wait may be long, and an embedded vault that this process owned would keep a worker from starting.
      await withClient({ vault: false }, (client) =>
        withProgress(`waiting for the end of session ${key}`, () => client.waitForEnd(key)),
      );
      await withClient({ vault: true }, async (client) => {
        const report = await client.status(key);
        if (json) printJson<'wait'>(report);
        else printStatus(report);
        process.exitCode = endedExitCode(report);
      });
    });
}
