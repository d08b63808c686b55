import type { CompletionNotice } from '../session';
import { notices } from './activity-proxies';
import type { Notice } from './messages';

/** Tells each of the named workflows; one that cannot be told never keeps the others from it. */
export async function notifyAll(workflowIds: readonly string[], notice: CompletionNotice): Promise<Notice[]> {
  return await Promise.all(
    workflowIds.map(async (workflowId) => {
      const outcome = await notices.notifyWorkflow(workflowId, notice).catch(() => 'UNREACHED' as const);
      return { workflowId, outcome };
    }),
  );
}
