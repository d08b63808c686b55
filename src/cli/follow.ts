import { setTimeout as delay } from 'node:timers/promises';
import { Command } from 'commander';
import type { HostedLinkClient, StatusReport } from '../client';
import { endedExitCode } from './wait-until-closed';
import { examples } from './examples';
import { Mark, printJson, printLines } from './print';
import { withClient } from './with-client';

/** How often the status is looked at, in milliseconds. */
const LOOK_MS = 1_000;

/** `hosted-link follow`: a line for each change of a session, until it and its exchange have ended. */
export function followCommand(): Command {
  return new Command('follow')
    .description('follow a session until it and its token exchange have ended, a line for each change')
    .argument('<key>', 'the session key')
    .option('--json', 'print the whole status at each change, a line each')
    .addHelpText('after', examples('hosted-link follow user-42', 'hosted-link follow user-42 --json'))
    .action(async (key: string, { json }: { json?: boolean }) => {
      // An embedded vault that this process owned for so long would keep a worker from starting.
      await withClient({ vault: false }, async (client) => {
        for await (const report of changes(client, key)) {
          if (json) printJson<'follow'>(report);
          else printLines([[`${new Date().toISOString()}  `, new Mark(report.state), detailsOf(report)]]);
          process.exitCode = endedExitCode(report);
        }
      });
    });
}

/** The status of a session at first, and each time that something of it has changed which is told. */
async function* changes(client: HostedLinkClient, key: string): AsyncGenerator<StatusReport> {
  let hasEnded = false;
  const ending = client.waitForEnd(key).then(() => (hasEnded = true));
  let told: string | undefined;
  for (;;) {
    // Looked at before the status, so that what is told last is the end.
    const isLast = hasEnded;
    const report = await client.status(key);
    const telling = report.state + detailsOf(report);
    if (telling !== told) yield report;
    told = telling;
    if (isLast) return;
    await Promise.race([ending, delay(LOOK_MS)]);
  }
}

/** What is told of a session beside its state, on a line. */
function detailsOf({ plaidStatus, health, exitError, deliveryFailure, results }: StatusReport): string {
  return [
    '',
    ...(plaidStatus ? [`Plaid says ${plaidStatus}`] : []),
    ...(health.kind === 'OK' ? [] : [`${health.kind}: ${health.error.message}`]),
    ...(exitError ? [`the person left after ${exitError.type}`] : []),
    ...(deliveryFailure ? [`Plaid could not deliver the link (${deliveryFailure.method})`] : []),
    ...results.map(({ state: end, itemId, errorCode }) =>
      [`item ${end}`, itemId, errorCode && `(${errorCode})`].filter(Boolean).join(' '),
    ),
  ].join('; ');
}
