import { Command, Option } from 'commander';
import type { StartOptions } from './actions/start';
import { PLAID_FLOWS } from '../domain/plaid-flow';
import { examples } from './examples';

/** `hosted-link start`: starts a session, or finds the one that has the key, and prints its URL. */
export function startCommand(): Command {
  return new Command('start')
    .description('start a session and print its URL; the same key always means the same session')
    .option('--key <key>', 'your idempotency key (default with --link-token: a hash of the token)')
    .addOption(
      new Option('--plaid-flow <api>', 'the Plaid API that serves the session')
        .choices(PLAID_FLOWS)
        .default('link_delivery'),
    )
    .addOption(
      new Option('--link-token <token>', 'a link token that you made, for link_delivery').conflicts(
        'request',
      ),
    )
    .option('--request <file>', 'a JSON file with the body of /link/token/create')
    .addOption(
      new Option('--sms <number>', 'let Plaid send the link to this phone number (E.164)').conflicts('email'),
    )
    .option('--email <address>', 'let Plaid send the link to this e-mail address')
    .option('--update-item <item id>', 'let the person mend this item (update mode), with --request')
    .option(
      '--user <id>',
      'your id of the person, by which items are found and forgotten (default: the one in the request)',
    )
    .option('--expires-at <time>', 'when the link token expires (ISO 8601)')
    .option('--notify <workflow id...>', 'workflows to signal linkCompleted at the end')
    .option('--fairness-key <key>', 'your customer or tenant, whose sessions are not to hold up others')
    .option('--allow-duplicates', 'link bank accounts that the person has already once more')
    .option('--json', 'print an object')
    .addHelpText(
      'after',
      examples(
        'hosted-link start --key user-42 --link-token "$LINK_TOKEN"',
        'hosted-link start --key user-42 --plaid-flow hosted_link --request request.json --sms +14155550123',
      ),
    )
    .action(async (options: StartOptions) => {
      const { startFromOptions } = await import('./actions/start.js');
      await startFromOptions(options);
    });
}
