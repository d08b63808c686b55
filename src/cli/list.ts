import { Command, Option } from 'commander';
import type { SessionSummary } from '../client';
import { InputError } from '../domain/input-error';
import { PLAID_FLOWS, type PlaidFlow } from '../domain/plaid-flow';
import { SESSION_STATES, type SessionState } from '../domain/states';
import { examples } from './examples';
import { type Line, Mark, printJson, printLines } from './print';
import { withClient } from './with-client';

interface ListOptions {
  state?: SessionState;
  user?: string;
  plaidFlow?: PlaidFlow;
  olderThan?: number;
  limit: number;
  json?: boolean;
}

/** `hosted-link list`: the sessions that Temporal knows. */
export function listCommand(): Command {
  return new Command('list')
    .description('list sessions, the latest first, as far as Temporal retains them')
    .addOption(
      new Option(
        '--state <state>',
        `only those in this state: ${SESSION_STATES.join(', ').toLowerCase()}`,
      ).argParser(stateOf),
    )
    .option('--user <id>', 'only those of this person, by the user id that they were started with')
    .addOption(new Option('--plaid-flow <name>', 'only those that this API serves').choices(PLAID_FLOWS))
    .option('--older-than <age>', 'only those started so long ago, such as 30m, 12h or 7d', parseAge)
    .option('--limit <number>', 'the most to list', parseLimit, 100)
    .option('--json', 'print a list')
    .addHelpText(
      'after',
      examples('hosted-link list --state waiting --older-than 7d', 'hosted-link list --user user-42 --json'),
    )
    .action(async ({ user, olderThan, json, ...filter }: ListOptions) => {
      await withClient({ vault: false }, async (client) => {
        const sessions = await client.list({ ...filter, userId: user, minAgeMs: olderThan });
        if (json) printJson<'list'>(sessions);
        else printLines(sessions.map(lineOf));
      });
    });
}

function lineOf({ key, state, plaidFlow, startedAt, endedAt }: SessionSummary): Line {
  const span = endedAt === undefined ? `since ${startedAt}` : `${startedAt} to ${endedAt}`;
  return [`${key}  `, new Mark(state ?? '-'), `  ${plaidFlow ?? '-'}  ${span}`];
}

function stateOf(text: string): SessionState {
  const state = SESSION_STATES.find((one) => one === text.toUpperCase());
  if (state) return state;
  throw new InputError('--state', 'not a state', `give one of ${SESSION_STATES.join(', ').toLowerCase()}`);
}

const UNIT_MS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

function parseAge(text: string): number {
  const [, count, unit] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  if (count !== undefined && unit !== undefined) return Number(count) * UNIT_MS[unit]!;
  throw new InputError('--older-than', 'not an age', 'give minutes, hours or days, such as 30m, 12h or 7d');
}

function parseLimit(text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text);
  throw new InputError('--limit', 'not a number of sessions', 'give a whole one from 1 to 99999');
}
