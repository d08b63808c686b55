import type { Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import type { LeakSource } from './leak-scan';

const { History } = temporal.api.history.v1;
const { DescribeWorkflowExecutionResponse } = temporal.api.workflowservice.v1;

/**
 * Gives, for every workflow run in the client's namespace, or those that a list filter (`query`) names, the bytes of its
 * whole history and of its description, as the server sends them: the codec of the client is not applied. The description
 * has what is in no history: pending activities with their heartbeats and last failures, memo, search attributes and
 * current details.
 */
export async function* collectHistories(client: Client, query?: string): AsyncGenerator<LeakSource> {
  const { workflowService } = client;
  const { namespace } = client.options;
  for await (const { workflowId, runId } of client.workflow.list({ query })) {
    const execution = { workflowId, runId };
    const parts: Uint8Array[] = [];
    let nextPageToken: Uint8Array | undefined;
    do {
      const page = await workflowService.getWorkflowExecutionHistory({ namespace, execution, nextPageToken });
      parts.push(History.encode(page.history ?? {}).finish());
      nextPageToken = page.nextPageToken;
    } while (nextPageToken.length > 0);
    const description = await workflowService.describeWorkflowExecution({ namespace, execution });
    parts.push(DescribeWorkflowExecutionResponse.encode(description).finish());
    yield { name: `history of ${workflowId} (run ${runId})`, bytes: Buffer.concat(parts) };
  }
}
