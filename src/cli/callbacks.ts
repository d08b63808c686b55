import { Command, Option } from 'commander';
import { InputError } from '../domain/input-error';
import { CALLBACK_STATES, type CallbackState } from '../domain/states';
import type { CallbackRow } from '../vault';
import { examples } from './examples';
import { type Line, Mark, printJson, printLines } from './print';
import { withClient } from './with-client';
import { withRecords } from './with-records';

/** `hosted-link callbacks`: looks at callbacks over HTTP, and sends them again. */
export function callbacksCommand(): Command {
  return new Command('callbacks')
    .description('list callbacks over HTTP, and send those of a session again')
    .addCommand(listCommand())
    .addCommand(replayCommand());
}

interface ListOptions {
  state: CallbackState;
  session?: string;
  json?: boolean;
}

function listCommand(): Command {
  const states = CALLBACK_STATES.map((state) => state.toLowerCase());
  return new Command('list')
    .description('list callbacks, the oldest first: those that were given up')
    .addOption(
      new Option('--state <state>', `those in another state: ${states.join(', ')}`)
        .argParser(stateOf)
        .default('GIVEN_UP', 'given_up'),
    )
    .option('--session <key>', 'only those of this session')
    .option('--json', 'print a list')
    .addHelpText(
      'after',
      examples('hosted-link callbacks list', 'hosted-link callbacks list --state pending --json'),
    )
    .action(async ({ state, session, json }: ListOptions) => {
      await withRecords(async ({ callbacks }) => {
        const rows = await callbacks.list({ key: session, callbackState: state });
        if (json) printJson<'callbacks list'>(rows);
        else printLines(rows.map(lineOf));
      });
    });
}

function replayCommand(): Command {
  return new Command('replay')
    .description('send all callbacks of a session again, in their order; one that waits is sent now')
    .argument('<session key>', 'the session key')
    .option('--json', 'print an object')
    .addHelpText('after', examples('hosted-link callbacks replay user-42'))
    .action(async (key: string, { json }: { json?: boolean }) => {
      await withClient({ vault: true }, async (client) => {
        const count = await client.replayCallbacks(key);
        if (json) printJson<'callbacks replay'>({ key, callbacks: count });
        else printLines([`callbacks of session ${key} that are sent again: ${count}`]);
      });
    });
}

function stateOf(value: string): CallbackState {
  const state = CALLBACK_STATES.find((one) => one === value.toUpperCase());
  if (!state)
    throw new InputError('--state', 'not a state', `give one of ${CALLBACK_STATES.join(', ').toLowerCase()}`);
  return state;
}

function lineOf({ key, sequence, callbackState, answer, state, itemIds, queuedAt }: CallbackRow): Line {
  const why = answer ? ` (${answer})` : '';
  const items = itemIds.length > 0 ? ` with ${itemIds.join(', ')}` : '';
  return [
    `session ${key}, callback ${sequence} `,
    new Mark(callbackState),
    `${why}: ${state}${items}, queued ${queuedAt.toISOString()}`,
  ];
}
