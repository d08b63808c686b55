import { Command } from 'commander';
import type { ReplayOptions } from './actions/replay';
import { InputError } from '../domain/input-error';
import { examples } from './examples';

/** `hosted-link replay`: checks that open workflows can continue with this version. */
export function replayCommand(): Command {
  return new Command('replay')
    .description('before a rollout: replay open workflows with this version; changes nothing')
    .option('--limit <number>', 'the maximum number of workflows to replay, newest first', parseLimit, 1000)
    .option('--json', 'print an object')
    .addHelpText('after', examples('hosted-link replay', 'hosted-link replay --limit 50 --json'))
    .action(async (options: ReplayOptions) => {
      const { replayOpenWorkflows } = await import('./actions/replay.js');
      await replayOpenWorkflows(options);
    });
}

function parseLimit(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InputError('--limit', 'not a number of workflows', 'give a whole one from 1 to 999999');
}
