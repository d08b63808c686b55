import type { Client } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { createWorkerCodec } from '../../codec/payload-codec';
import type { KeyRing } from '../../secrets/key-ring';
import { redactText } from '../../secrets/redact';
import { TASK_QUEUES } from '../../domain/ids';
import { runSpans } from '../../temporal/run-spans';
import { workflowBundle } from '../../temporal/bundle';

/** What a replay of open workflows came to. */
export interface ReplayReport {
  /** How many workflows were replayed. */
  replayed: number;
  /** Whether there are more of them than were asked for. */
  more: boolean;
  failures: ReplayFailure[];
}

/** A workflow that this version cannot go on with. */
export interface ReplayFailure {
  workflowId: string;
  runId: string;
  /** Redacted. */
  reason: string;
}

/**
 * Replays the histories of workflows that are open with the workflows of this version, and changes nothing: what a worker of this
 * version would do with them, before there is one. The histories stay in memory.
 *
 * @param limit the most workflows to replay, the newest first
 */
export async function replayOpen(
  { workflow, options: { namespace } }: Client,
  codecRing: KeyRing,
  limit: number,
): Promise<ReplayReport> {
  const query = `TaskQueue = '${TASK_QUEUES.main}' AND ExecutionStatus = 'Running'`;
  const histories = workflow.list({ query, pageSize: Math.min(limit, 1000) }).intoHistories();
  const report: ReplayReport = { replayed: 0, more: false, failures: [] };
  async function* upToLimit() {
    let count = 0;
    for await (const history of histories) {
      if (count === limit) {
        report.more = true;
        return;
      }
      count += 1;
      yield history;
    }
  }
  const options = {
    namespace,
    workflowBundle: await workflowBundle(),
    dataConverter: { payloadCodecs: [createWorkerCodec(codecRing)] },
    // Makes no span: a replay is none of the runs themselves.
    sinks: runSpans,
  };
  for await (const { workflowId, runId, error } of Worker.runReplayHistories(options, upToLimit())) {
    report.replayed += 1;
    if (error) report.failures.push({ workflowId, runId, reason: redactText(error.message) });
  }
  return report;
}
