import { readFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import type { StartRequest } from '../client';
import { readSettingsFor } from '../config/settings';
import { InputError } from '../domain/input-error';
import { PLAID_FLOWS, type PlaidFlow } from '../domain/plaid-flow';
import { sessionInput } from '../requests/start-request';
import { examples } from './examples';
import { printJson, printStarted } from './print';
import { withProgress } from './progress';
import { withClient } from './with-client';

interface StartOptions {
  key?: string;
  plaidFlow: PlaidFlow;
  linkToken?: string;
  request?: string;
  sms?: string;
  email?: string;
  updateItem?: string;
  user?: string;
  expiresAt?: string;
  notify?: string[];
  fairnessKey?: string;
  allowDuplicates?: boolean;
  json?: boolean;
}

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
      const request = await startRequest(options);
      // Bad input is told at once, not after a look for a server.
      checkRequest(request, options);
      await withClient({ vault: false }, async (client) => {
        const session = await withProgress('waiting for the link', () => client.start(request));
        if (options.json) printJson<'start'>(session);
        else printStarted(session);
      });
    });
}

async function startRequest(options: StartOptions): Promise<StartRequest> {
  const { key, plaidFlow, linkToken, request, sms, email, user, updateItem } = options;
  const { expiresAt, notify, fairnessKey, allowDuplicates } = options;
  if (linkToken === undefined && request === undefined)
    throw new InputError('--link-token', 'missing', 'give a link token, or a file with --request');
  return {
    key,
    plaidFlow,
    linkToken,
    linkTokenRequest: request === undefined ? undefined : await readRequest(request),
    delivery: sms ? { method: 'SMS', address: sms } : email ? { method: 'EMAIL', address: email } : undefined,
    update: updateItem === undefined ? undefined : { itemId: updateItem },
    userId: user,
    expiresAt,
    notify,
    fairnessKey,
    allowDuplicates,
  };
}

/** @throws InputError naming the option */
function checkRequest(request: StartRequest, options: StartOptions): void {
  try {
    sessionInput(request, readSettingsFor('codecKeys'));
  } catch (error) {
    throw error instanceof InputError ? underOption(error, options) : error;
  }
}

/** Names the option that gave a field of the request; within a file, the path too. */
function underOption(error: InputError, { sms }: StartOptions): InputError {
  const { field, problem, remedy } = error;
  const [top = '', ...path] = field.split(/[.[]/);
  const option = top === 'delivery' ? (sms ? '--sms' : '--email') : OPTIONS[top];
  if (option === undefined) return error;
  const within = option === '--request' && path.length > 0 ? `${field}: ` : '';
  return new InputError(option, within + problem, remedy);
}

const OPTIONS: Readonly<Record<string, string>> = {
  key: '--key',
  linkToken: '--link-token',
  request: '--request',
  linkTokenRequest: '--request',
  update: '--update-item',
  expiresAt: '--expires-at',
  notify: '--notify',
  fairnessKey: '--fairness-key',
};

async function readRequest(file: string): Promise<Record<string, unknown>> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  } catch (error) {
    const why =
      error instanceof SyntaxError
        ? 'is not JSON'
        : `cannot be read (${(error as NodeJS.ErrnoException).code})`;
    throw new InputError('--request', why, 'give a JSON file with the body of /link/token/create');
  }
}
