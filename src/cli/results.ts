import { Command, Option } from 'commander';
import { InputError } from '../domain/input-error';
import { RESULT_STATES, type ResultState } from '../domain/states';
import type { ResultRow } from '../vault';
import { unknownResult } from '../vault/stores/result-reader';
import type { ResolveOptions } from './actions/results';
import { examples } from './examples';
import { type PageOptions, readPage, withPageOptions } from './page-options';
import { type Line, Mark, printJson, printLines } from './print';
import { withRecords } from './with-records';

/** A result id as one looks. */
const EXAMPLE_ID = '0f4a6c1d'.repeat(8);

/** `hosted-link results`: looks at results, and ends those that only a person can end. */
export function resultsCommand(): Command {
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

function resolveCommand(): Command {
  return new Command('resolve')
    .description("end an uncertain result, by what Plaid's support has found")
    .argument('<result id>', 'as results list shows it')
    .option('--no-item', 'no item was made: the result has FAILED')
    .option('--removed', 'an item was made, and has been removed: the result is REMOVED')
    .option(
      '--access-token-file <file>',
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
    .action(async (resultId: string, options: ResolveOptions) => {
      const { resolveResult } = await import('./actions/results.js');
      await resolveResult(resultId, options);
    });
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
