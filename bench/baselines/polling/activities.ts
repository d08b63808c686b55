import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';

/** The activities of both ways to poll. Nothing is stored, which is to their advantage. */
export function pollingActivities(call: (path: string, body: object) => Promise<unknown>) {
  async function get(sessionId: string): Promise<string> {
    const answer = await call('/link_delivery/get', { link_delivery_session_id: sessionId });
    return (answer as { status: string }).status;
  }

  return {
    async create(linkToken: string): Promise<string> {
      const answer = await call('/link_delivery/create', { link_token: linkToken });
      return (answer as { link_delivery_session_id: string }).link_delivery_session_id;
    },

    get,

    async untilCompleted(sessionId: string): Promise<void> {
      const status = await get(sessionId);
      if (status === 'COMPLETED') return;
      throw ApplicationFailure.create({ message: status, category: ApplicationFailureCategory.BENIGN });
    },
  };
}

export type Activities = ReturnType<typeof pollingActivities>;
