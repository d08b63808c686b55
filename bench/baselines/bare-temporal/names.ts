export const BARE_TASK_QUEUE = 'bare';

/** The workflow id of the session with this id of Plaid's. */
export function bareWorkflowId(sessionId: string): string {
  return `bare/${sessionId}`;
}
