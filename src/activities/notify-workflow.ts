import { WorkflowNotFoundError } from '@temporalio/client';
import type { CompletionNotice } from '../domain/views';
import type { ActivityDeps } from './deps';

/** Makes the activity that notifies a workflow of the caller that a session has ended. */
export function notifyWorkflowActivities({ noticeClient }: ActivityDeps) {
  return {
    /**
     * Signals `linkCompleted`. Returns GONE when the workflow is not running. The payload is not encrypted, because the caller's
     * worker could not decode it, so it contains nothing confidential.
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
