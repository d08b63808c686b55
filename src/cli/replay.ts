import { Command } from 'commander';
import { readSettingsFor } from '../config/settings';
import { InputError } from '../domain/input-error';
import { loadCodecRing } from '../config/load-keys';
import { createLogger } from '../telemetry/logger';
import { replayOpen, type ReplayReport } from '../ops/replay/replay-open';
import { installRuntime } from '../temporal/runtime';
import { examples } from './examples';
import { EXIT_FAILURE } from './exit-codes';
import { printJson, printLines } from './print';
import { withProgress } from './progress';
import { withClient } from './with-client';

/** `hosted-link replay`: whether what is open can go on with this version. */
export function replayCommand(): Command {
  return new Command('replay')
    .description('before a rollout: replay what is open with this version of the workflows; changes nothing')
    .option('--limit <number>', 'the most workflows to replay, the newest first', parseLimit, 1000)
    .option('--json', 'print an object')
    .addHelpText('after', examples('hosted-link replay', 'hosted-link replay --limit 50 --json'))
    .action(async ({ limit, json }: { limit: number; json?: boolean }) => {
      const ring = await loadCodecRing(readSettingsFor('codecKeys'));
      await withClient({ vault: false }, async (_client, temporal) => {
        // What the SDK tells of a workflow that does not fit stands in the report.
        installRuntime(createLogger({ level: 'silent' }));
        const report = await withProgress('replaying open workflows', () =>
          replayOpen(temporal, ring, limit),
        );
        if (json) printJson<'replay'>(report);
        else printReport(report);
        if (report.failures.length > 0) process.exitCode = EXIT_FAILURE;
      });
    });
}

function printReport({ replayed, more, failures }: ReplayReport): void {
  const rest = more ? ', and more are open: see --limit' : '';
  printLines([
    ...failures.map(({ workflowId, runId, reason }) => `${workflowId} (run ${runId}): ${reason}`),
    `${replayed} open workflows replayed${rest}; ${failures.length} do not fit`,
  ]);
}

function parseLimit(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InputError('--limit', 'not a number of workflows', 'give a whole one from 1 to 999999');
}
