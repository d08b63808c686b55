import { loadCodecRing } from '../../config/load-keys';
import { readSettingsFor } from '../../config/settings';
import { replayOpen, type ReplayReport } from '../../ops/replay/replay-open';
import { createLogger } from '../../telemetry/logger';
import { installRuntime } from '../../temporal/runtime';
import { EXIT_FAILURE } from '../exit-codes';
import { printJson, printLines } from '../print';
import { withProgress } from '../progress';
import { runWithClient } from './connect';

/** The options of `hosted-link replay`. */
export interface ReplayOptions {
  limit: number;
  json?: boolean;
}

/** Replays open workflows, prints a report, and sets the exit code to 1 when one does not fit this version. */
export async function replayOpenWorkflows({ limit, json }: ReplayOptions): Promise<void> {
  const ring = await loadCodecRing(readSettingsFor('codecKeys'));
  await runWithClient({ vault: false }, async (_client, temporal) => {
    // The report contains what the SDK logs about a workflow that does not fit.
    installRuntime(createLogger({ level: 'silent' }));
    const report = await withProgress('replaying open workflows', () => replayOpen(temporal, ring, limit));
    if (json) printJson<'replay'>(report);
    else printReport(report);
    if (report.failures.length > 0) process.exitCode = EXIT_FAILURE;
  });
}

function printReport({ replayed, more, failures }: ReplayReport): void {
  const rest = more ? ', and more are open: see --limit' : '';
  printLines([
    ...failures.map(({ workflowId, runId, reason }) => `${workflowId} (run ${runId}): ${reason}`),
    `${replayed} open workflows replayed${rest}; ${failures.length} do not fit`,
  ]);
}
