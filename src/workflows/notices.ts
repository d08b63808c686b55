import type { PlaidFlow } from '../domain/plaid-flow';
import type { CompletionNotice } from '../domain/views';
import { notices, vault } from './activity-proxies';
import type { Notice } from './messages';

/**
 * Tells of the end of a session: each of the named workflows, and the deployment's receiver of callbacks, if it has one. That
 * gets it from a workflow of its own, in its own time.
 */
export async function tellOfEnd(
  workflowIds: readonly string[],
  plaidFlow: PlaidFlow,
  notice: CompletionNotice,
): Promise<Notice[]> {
  await vault.queueCallback({ ...notice, plaidFlow });
  return await notifyAll(workflowIds, notice);
}

/** Tells each of the named workflows; one that cannot be told never keeps the others from it. */
export async function notifyAll(workflowIds: readonly string[], notice: CompletionNotice): Promise<Notice[]> {
  return await Promise.all(
    workflowIds.map(async (workflowId) => {
      const outcome = await notices.notifyWorkflow(workflowId, notice).catch(() => 'UNREACHED' as const);
      return { workflowId, outcome };
    }),
  );
}
