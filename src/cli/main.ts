import { Command } from 'commander';
import { HostedLinkError } from '../client';
import { InputError } from '../input-error';
import { redactText } from '../redact';
import { VaultError } from '../vault';
import { auditCommand } from './audit';
import { callbacksCommand } from './callbacks';
import { cancelCommand } from './cancel';
import { checkCommand } from './check';
import { codecServerCommand } from './codec-server';
import { doctorCommand } from './doctor';
import { exchangesCommand } from './exchanges';
import { itemsCommand } from './items';
import { keysCommand } from './keys';
import { printError } from './print';
import { replayCommand } from './replay';
import { listCommand } from './list';
import { reconcileCommand } from './reconcile';
import { resultCommand } from './result';
import { sandboxCommand } from './sandbox';
import { setupCommand } from './setup';
import { startCommand } from './start';
import { statusCommand } from './status';
import { webhooksCommand } from './webhooks';
import { watchCommand } from './watch';
import { workerCommand } from './worker';

/** Exit code for bad input: a setting, an option, a request, an unknown command. */
const EXIT_INPUT = 2;

/** Exit code for everything else that went wrong. */
const EXIT_FAILURE = 1;

async function main(): Promise<void> {
  const program = new Command('hosted-link')
    .description('Runs Plaid Hosted Link sessions as Temporal workflows.')
    .showHelpAfterError()
    // Its messages repeat arguments, in which a token may stand.
    .configureOutput({ outputError: (text) => printError(redactText(text)) })
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : EXIT_INPUT));
  for (const command of [
    workerCommand(),
    setupCommand(),
    doctorCommand(),
    startCommand(),
    statusCommand(),
    watchCommand(),
    listCommand(),
    resultCommand(),
    checkCommand(),
    cancelCommand(),
    itemsCommand(),
    exchangesCommand(),
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
  await program.parseAsync();
}

/** The command and its subcommands, which end as the program does when they are called wrongly. */
function inheriting(command: Command, parent: Command): Command {
  for (const subcommand of command.commands) inheriting(subcommand, parent);
  return command.copyInheritedSettings(parent);
}

main().catch((error: unknown) => {
  const known =
    error instanceof InputError || error instanceof HostedLinkError || error instanceof VaultError;
  printError(known ? `${error.code}: ${error.message}` : redactText(String(error)));
  process.exitCode = error instanceof InputError ? EXIT_INPUT : EXIT_FAILURE;
});
