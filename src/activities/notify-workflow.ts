import { WorkflowNotFoundError } from '@temporalio/client';
import type { CompletionNotice } from '../domain/views';
import type { ActivityDeps } from './deps';

/** The activity that tells a workflow of the caller's that a session has ended. */
export function notifyWorkflowActivities({ noticeClient }: ActivityDeps) {
  return {
    /**
     * Signals `linkCompleted`. The client has no payload codec, since a foreign worker could not decode: the payload holds
     * only what may be read by anyone. GONE when the workflow does not run.
     */
    async notifyWorkflow(workflowId: string, notice: CompletionNotice): Promise<'SIGNALLED' | 'GONE'> {
      try {
        await noticeClient.getHandle(workflowId).signal('linkCompleted', notice);
        return 'SIGNALLED';
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return 'GONE';
        throw error;
      }
    },
  };
}
