import { Command } from 'commander';
import { packageVersion } from '../http/package-version';
import { redactText } from '../secrets/redact';
import { auditCommand } from './audit';
import { callbacksCommand } from './callbacks';
import { cancelCommand } from './cancel';
import { checkCommand } from './check';
import { codecServerCommand } from './codec-server';
import { doctorCommand } from './doctor';
import { resultsCommand } from './results';
import { itemsCommand } from './items';
import { keysCommand } from './keys';
import { replayCommand } from './replay';
import { listCommand } from './list';
import { reconcileCommand } from './reconcile';
import { waitCommand } from './wait';
import { sandboxCommand } from './sandbox';
import { setupCommand } from './setup';
import { startCommand } from './start';
import { statusCommand } from './status';
import { webhooksCommand } from './webhooks';
import { followCommand } from './follow';
import { workerCommand } from './worker';
import { EXIT_INPUT } from './exit-codes';
import { printError, printFailure } from './print';

/** The whole command line. @param json whether what is wrong with a call is told as JSON */
export function createProgram(json: boolean): Command {
  const program = new Command('hosted-link')
    .description('Runs Plaid Hosted Link sessions as Temporal workflows.')
    .version(packageVersion())
    .showHelpAfterError(!json)
    // Its messages repeat arguments, in which a token may stand.
    .configureOutput({ outputError: (text) => printUsageError(redactText(text), json) })
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : EXIT_INPUT));
  for (const command of [
    workerCommand(),
    setupCommand(),
    doctorCommand(),
    startCommand(),
    statusCommand(),
    followCommand(),
    listCommand(),
    waitCommand(),
    checkCommand(),
    cancelCommand(),
    itemsCommand(),
    resultsCommand(),
    callbacksCommand(),
    webhooksCommand(),
    keysCommand(),
    auditCommand(),
    replayCommand(),
    reconcileCommand(),
    codecServerCommand(),
    sandboxCommand(),
  ]) {
    program.addCommand(inheriting(command, program));
  }
  return program;
}

function printUsageError(text: string, json: boolean): void {
  if (json) printFailure({ code: 'INVALID_INPUT', message: text.trim().replace(/^error: /, '') }, json);
  else printError(text);
}

/** The command and its subcommands, which end as the program does when they are called wrongly. */
function inheriting(command: Command, parent: Command): Command {
  for (const subcommand of command.commands) inheriting(subcommand, parent);
  return command.copyInheritedSettings(parent);
}
