import { getExternalWorkflowHandle } from '@temporalio/workflow';
import type { PlaidFlow } from '../domain/plaid-flow';
import type { CompletionNotice } from '../domain/views';
import { notices, vault } from './activity-proxies';
import type { LinkReady, Notice } from './messages';
import { linkReadySignal } from './messages';

/**
 * Notifies the named workflows of the end of a session, and queues a callback for the deployment's receiver, if it has one. A
 * workflow of its own delivers the callback.
 */
export async function notifyEnd(
  workflowIds: readonly string[],
  plaidFlow: PlaidFlow,
  notice: CompletionNotice,
): Promise<Notice[]> {
  await vault.queueCallback({ ...notice, plaidFlow });
  return await notifyAll(workflowIds, notice);
}

/** Signals each of the named workflows. One that cannot be reached does not keep the others from their signal. */
export async function notifyAll(workflowIds: readonly string[], notice: CompletionNotice): Promise<Notice[]> {
  return await Promise.all(
    workflowIds.map(async (workflowId) => {
      const outcome = await notices.notifyWorkflow(workflowId, notice).catch(() => 'UNREACHED' as const);
      return { workflowId, outcome };
    }),
  );
}

/** Signals the link to a session's parent. A parent that has ended is ignored. */
export async function signalParent(parentId: string, link: LinkReady): Promise<void> {
  await getExternalWorkflowHandle(parentId)
    .signal(linkReadySignal, link)
    .catch(() => undefined);
}
