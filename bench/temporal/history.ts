import type { Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';

export type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

/** What all runs of some workflows left in their histories. */
export interface Histories {
  /** Of each run, oldest first. */
  runs: HistoryEvent[][];
  events: number;
  /** As the server sends them. */
  bytes: number;
  workflowTasks: number;
}

/** Where a workflow began. */
export interface FirstRun {
  workflowId: string;
  firstRunId: string;
}

/** The newest run of each workflow that runs without continue-as-new. */
export async function onlyRuns(client: Client, workflowIds: readonly string[]): Promise<FirstRun[]> {
  return await Promise.all(
    workflowIds.map(async (workflowId) => ({
      workflowId,
      firstRunId: (await client.workflow.getHandle(workflowId).describe()).runId,
    })),
  );
}

/** Reads the histories of workflows from their first runs on, over continue-as-new. */
export async function readHistories(client: Client, firstRuns: readonly FirstRun[]): Promise<Histories> {
  const runs: HistoryEvent[][] = [];
  let bytes = 0;
  for (const { workflowId, firstRunId } of firstRuns) {
    let runId: string | undefined = firstRunId;
    while (runId) {
      const events = await readRun(client, workflowId, runId);
      runs.push(events.flat());
      bytes += events.reduce((sum, page) => sum + encodedBytes(page), 0);
      runId =
        events.at(-1)?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? undefined;
    }
  }
  const all = runs.flat();
  return {
    runs,
    events: all.length,
    bytes,
    workflowTasks: all.filter((event) => event.workflowTaskCompletedEventAttributes).length,
  };
}

async function readRun(client: Client, workflowId: string, runId: string): Promise<HistoryEvent[][]> {
  const pages: HistoryEvent[][] = [];
  let nextPageToken: Uint8Array | undefined;
  do {
    const page = await client.workflowService.getWorkflowExecutionHistory({
      namespace: client.options.namespace,
      execution: { workflowId, runId },
      nextPageToken,
    });
    pages.push(page.history?.events ?? []);
    nextPageToken = page.nextPageToken;
  } while (nextPageToken.length > 0);
  return pages;
}

function encodedBytes(events: HistoryEvent[]): number {
  return temporal.api.history.v1.History.encode({ events }).finish().length;
}
