import { readFile } from 'node:fs/promises';
import type { StartRequest } from '../../client';
import { readSettingsFor } from '../../config/settings';
import { InputError } from '../../domain/input-error';
import type { PlaidFlow } from '../../domain/plaid-flow';
import { sessionInput } from '../../requests/start-request';
import { printJson, printStarted } from '../print';
import { withProgress } from '../progress';
import { runWithClient } from './connect';

/** The options of `hosted-link start`, as commander reads them. */
export interface StartOptions {
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

/** Starts a session and prints its URL. @throws InputError naming the option */
export async function startFromOptions(options: StartOptions): Promise<void> {
  const request = await startRequest(options);
  // Bad input is reported at once, before a server is looked for.
  checkRequest(request, options);
  await runWithClient({ vault: false }, async (client) => {
    const session = await withProgress('waiting for the link', () => client.start(request));
    if (options.json) printJson<'start'>(session);
    else printStarted(session);
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
