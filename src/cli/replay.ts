import { Command } from 'commander';
import { readSettingsFor } from '../config';
import { InputError } from '../input-error';
import { loadCodecRing } from '../keys';
import { createLogger } from '../logger';
import { replayOpen, type ReplayReport } from '../replay';
import { installRuntime } from '../temporal-runtime';
import { printJson } from './print';
import { withClient } from './with-client';

/** What the command exits with when this version cannot go on with a workflow. */
const EXIT_UNFIT = 1;

/** `hosted-link replay`: whether what is open can go on with this version. */
export function replayCommand(): Command {
  return new Command('replay')
    .description('before a rollout: replay what is open with this version of the workflows; changes nothing')
    .option('--limit <number>', 'the most workflows to replay, the newest first', parseLimit, 1000)
    .option('--json', 'print an object')
    .action(async ({ limit, json }: { limit: number; json?: boolean }) => {
      const ring = await loadCodecRing(readSettingsFor('codecKeys'));
      await withClient({ vault: false }, async (_client, temporal) => {
        // What the SDK tells of a workflow that does not fit stands in the report.
        installRuntime(createLogger({ level: 'silent' }));
        const report = await replayOpen(temporal, ring, limit);
        if (json) printJson(report);
        else printReport(report);
        if (report.failures.length > 0) process.exitCode = EXIT_UNFIT;
      });
    });
}

function printReport({ replayed, more, failures }: ReplayReport): void {
  for (const { workflowId, runId, reason } of failures) {
    process.stdout.write(`${workflowId} (run ${runId}): ${reason}\n`);
  }
  const rest = more ? ', and more are open: see --limit' : '';
  process.stdout.write(`${replayed} open workflows replayed${rest}; ${failures.length} do not fit\n`);
}

function parseLimit(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InputError('--limit', 'not a number of workflows; give a whole one from 1 to 999999');
}
