import { text } from 'node:stream/consumers';
import { Command, Option } from 'commander';
import type { HostedLinkClient } from '../client';
import { readSettings, requirePlaid } from '../config/settings';
import { InputError } from '../domain/input-error';
import { loadVaultKeys } from '../config/load-keys';
import { openVaultFromSettings } from '../config/open-vault';
import { createPlaidClient } from '../plaid/client';
import type { PlaidItem } from '../plaid/plaid';
import { Secret } from '../secrets/secret';
import { readSecretFile } from '../secrets/secret-file';
import { RESULT_STATES, type ResultState } from '../domain/states';
import { type ResultRow, unknownResult, type Vault, VaultError } from '../vault';
import { examples } from './examples';
import type { ResolvedResult } from './output';
import { type PageOptions, readPage, withPageOptions } from './page-options';
import { type Line, Mark, printJson, printLines } from './print';
import { withClient } from './with-client';
import { withRecords } from './with-records';

const TOKEN_OPTION = '--access-token-file';

/** A result id as one looks. */
const EXAMPLE_ID = '0f4a6c1d'.repeat(8);

/** `hosted-link results`: looks at results, and ends those that only a person can end. */
export function exchangesCommand(): Command {
  return new Command('results')
    .description('list and show results, and resolve uncertain ones')
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(resolveCommand());
}

interface ListOptions extends PageOptions {
  state?: ResultState;
  session?: string;
  json?: boolean;
}

function listCommand(): Command {
  const states = RESULT_STATES.map((state) => state.toLowerCase());
  return withPageOptions(new Command('list'), 'result')
    .description('list results, the oldest first')
    .addOption(
      new Option('--state <state>', `only those in this state: ${states.join(', ')}`).argParser(stateOf),
    )
    .option('--session <key>', 'only those of this session')
    .option('--json', 'print a list')
    .addHelpText(
      'after',
      examples(
        'hosted-link results list --state uncertain',
        'hosted-link results list --session user-42 --json',
      ),
    )
    .action(async ({ state, session, json, ...page }: ListOptions) => {
      await withRecords(async ({ results: store }) => {
        const filter = { state, sessionKey: session, after: page.after };
        const read = (limit: number) => store.find({ ...filter, limit });
        const results = await readPage(page, ({ resultId }) => resultId, read);
        if (json) printJson<'results list'>(results);
        else printLines(results.map(lineOf));
      });
    });
}

function showCommand(): Command {
  return new Command('show')
    .description("show a result, with what Plaid's support asks for")
    .argument('<result id>', 'as results list shows it')
    .option('--json', 'print an object')
    .addHelpText('after', examples(`hosted-link results show ${EXAMPLE_ID}`))
    .action(async (resultId: string, { json }: { json?: boolean }) => {
      await withRecords(async ({ results: store }) => {
        const result = await store.get(resultId);
        if (!result) throw unknownResult(resultId);
        if (json) printJson<'results show'>(result);
        else printResult(result);
      });
    });
}

interface ResolveOptions {
  item?: boolean;
  removed?: boolean;
  accessTokenFile?: string;
  json?: boolean;
}

function resolveCommand(): Command {
  return new Command('resolve')
    .description("end an uncertain result, by what Plaid's support has found")
    .argument('<result id>', 'as results list shows it')
    .option('--no-item', 'no item was made: the result has FAILED')
    .option('--removed', 'an item was made, and has been removed: the result is REMOVED')
    .option(
      `${TOKEN_OPTION} <file>`,
      'its access token is in this file, or with - on standard input: it is proven by Plaid and stored',
    )
    .option('--json', 'print an object')
    .addHelpText(
      'after',
      examples(
        `hosted-link results resolve ${EXAMPLE_ID} --no-item`,
        `hosted-link results resolve ${EXAMPLE_ID} --access-token-file token.txt`,
      ),
    )
    .action(async (resultId: string, { item, removed, accessTokenFile, json }: ResolveOptions) => {
      if ([item === false, removed === true, accessTokenFile !== undefined].filter(Boolean).length !== 1)
        throw new InputError(
          '--no-item',
          'not the only answer, or none is given',
          `give exactly one of --no-item, --removed and ${TOKEN_OPTION}`,
        );
      const resolve = async (vault: Vault) => {
        if (accessTokenFile !== undefined)
          return await linkToken(vault, resultId, await readToken(accessTokenFile));
        return await vault.results.resolve(resultId, removed ? 'REMOVED' : 'NO_ITEM');
      };
      await withClient({ vault: true }, async (client) => {
        const resolved = await resolveAndTell(client, resolve);
        if (json) printJson<'results resolve'>(resolved);
        else printResolved(resolved);
      });
    });
}

/** Resolves a result, then lets its exchange tell of it. Safe to repeat. */
async function resolveAndTell(
  client: HostedLinkClient,
  resolve: (vault: Vault) => Promise<ResultRow>,
): Promise<ResolvedResult> {
  const settings = readSettings();
  const vault = await openVaultFromSettings(settings, await loadVaultKeys(settings));
  let result: ResultRow;
  try {
    result = await resolve(vault);
  } finally {
    await vault.close();
  }
  return { result, told: await client.resumeExchange(result.sessionKey) };
}

function printResolved({ result, told }: ResolvedResult): void {
  const { resultId, state } = result;
  const item = result.itemId === undefined ? '' : ` with item ${result.itemId}`;
  const whom = told.length > 0 ? `told again: ${told.join(', ')}` : 'nobody is told: tell the application';
  printLines([[`result ${resultId} is `, new Mark(state), `${item}; ${whom}`]]);
}

/** Stores an access token that Plaid takes, as the end of an uncertain result. */
async function linkToken(vault: Vault, resultId: string, accessToken: Secret): Promise<ResultRow> {
  const result = await vault.results.get(resultId);
  if (!result) throw unknownResult(resultId);
  const plaid = createPlaidClient(requirePlaid(readSettings()));
  let item: PlaidItem;
  try {
    item = await plaid.itemGet(accessToken);
  } finally {
    await plaid.close();
  }
  if (result.state === 'LINKED' && result.itemId === item.itemId) return result;
  if (result.state !== 'UNCERTAIN') {
    throw new VaultError(
      'RESULT_NOT_UNCERTAIN',
      `result ${resultId} is ${result.state}`,
      'nothing is to be resolved',
    );
  }
  const known = await vault.items.get(item.itemId);
  if (known)
    throw new InputError(
      TOKEN_OPTION,
      `its item ${item.itemId} is stored already, of session ${known.sessionKey}`,
      'give the token of the item that the person linked',
    );
  if (result.institutionId && item.institutionId && result.institutionId !== item.institutionId) {
    throw new InputError(
      TOKEN_OPTION,
      `its item is at ${item.institutionId}, but the person linked ${result.institutionId}`,
      'give the token of the item that the person linked',
    );
  }
  await vault.results.link(resultId, { ...item, accessToken });
  return (await vault.results.get(resultId))!;
}

async function readToken(file: string): Promise<Secret> {
  const content = file === '-' ? await text(process.stdin) : readTokenFile(file);
  const token = content.trim();
  if (!/^access-[a-z]+-[A-Za-z0-9-]+$/.test(token))
    throw new InputError(TOKEN_OPTION, 'holds no access token', 'give the token and nothing else');
  return new Secret(token);
}

function readTokenFile(file: string): string {
  try {
    return readSecretFile(file, TOKEN_OPTION);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(
      TOKEN_OPTION,
      `no readable file (${(error as NodeJS.ErrnoException).code})`,
      'give the path of a file that this user may read',
    );
  }
}

function stateOf(value: string): ResultState {
  const state = RESULT_STATES.find((one) => one === value.toUpperCase());
  if (!state)
    throw new InputError('--state', 'not a state', `give one of ${RESULT_STATES.join(', ').toLowerCase()}`);
  return state;
}

function lineOf({ resultId, state, sessionKey, errorCode, seenAt }: ResultRow): Line {
  const why = errorCode ? ` (${errorCode})` : '';
  return [`${resultId} `, new Mark(state), `${why}, session ${sessionKey}, seen ${seenAt.toISOString()}`];
}

function printResult(result: ResultRow): void {
  const institution = [result.institutionName, result.institutionId && `(${result.institutionId})`];
  const fields: [string, string | undefined][] = [
    ['state', result.state],
    ['session', result.sessionKey],
    ['item', result.itemId],
    ['error', result.errorCode],
    ['institution', institution.filter(Boolean).join(' ')],
    ['requests', result.requestIds.join(', ')],
    ['link session', result.linkSessionId],
    ['seen', result.seenAt.toISOString()],
    ['ended', result.endedAt?.toISOString()],
  ];
  const lines = fields.flatMap(([name, value]) => (value ? [`  ${`${name}:`.padEnd(13)} ${value}`] : []));
  printLines([`result ${result.resultId}`, ...lines]);
}
