import { randomId } from './random-id';
import type { Session } from './records';
import type { SandboxState } from './state';
import type { WebhookSender } from './webhook-sender';

/** Sends the webhooks of `/link_delivery` sessions whose link token named a `webhook`, by the shapes of Plaid API 1.697.4. */
export function sendSessionWebhooks(state: SandboxState, sender: WebhookSender): void {
  state.onMove((session) => {
    const { webhookUrl, sessionId } = session.linkToken;
    const callback = callbackOf(session);
    if (webhookUrl === undefined || !session.delivered || !callback) return;
    sender.send(webhookUrl, {
      link_callback_metadata: {
        ...callback,
        link_session_id: session.linkSessions.at(-1)!.linkSessionId,
        request_id: randomId(15),
      },
      link_delivery_session_id: sessionId,
      timestamp: new Date(state.now()).toISOString(),
      webhook_code: 'LINK_CALLBACK',
      webhook_type: 'LINK_DELIVERY',
    });
  });
}

/** What the callback of a session's latest move says; undefined when it has none. */
function callbackOf(session: Session): Record<string, unknown> | undefined {
  if (session.status === 'COMPLETED') return { callback_type: 'ON_SUCCESS', event_name: 'HANDOFF' };
  if (session.status === 'EXITED') {
    return {
      callback_type: 'ON_EXIT',
      event_name: 'EXIT',
      status: session.linkSessions.at(-1)!.exit!.status,
    };
  }
  return undefined;
}
