import { z } from 'zod';

/** What a webhook is to us. Of its content nothing but Plaid's session id is taken over. */
export type WebhookMeaning =
  /** Something has happened that a get will show. */
  | { kind: 'hint'; plaidSessionId: string }
  /** Plaid could not send the link. */
  | { kind: 'delivery_failure'; plaidSessionId: string }
  /** Verified, and no reason to do anything. */
  | { kind: 'ignored' };

const sessionId = z.string().min(1).max(200);

/** Fields by Plaid API 1.697.4. Those that are not named here are not read: names, accounts and error texts among them. */
const schema = z.discriminatedUnion('webhook_code', [
  z.object({
    webhook_type: z.literal('LINK_DELIVERY'),
    webhook_code: z.literal('LINK_CALLBACK'),
    link_delivery_session_id: sessionId,
    link_callback_metadata: z.object({ callback_type: z.string() }),
  }),
  z.object({
    webhook_type: z.literal('LINK_DELIVERY'),
    webhook_code: z.literal('DELIVERY_STATUS'),
    link_delivery_session_id: sessionId,
    link_delivery_metadata: z.object({ delivery_status: z.string().optional() }),
  }),
]);

/** Callbacks that follow a change of the session's status. ON_EVENT is each step of the person in Link. */
const HINTING_CALLBACKS: readonly string[] = ['ON_SUCCESS', 'ON_EXIT'];

/** Reads a verified body. Whatever is not known, or cannot be read, is `ignored`: Plaid adds webhooks without notice. */
export function readWebhook(body: Buffer): WebhookMeaning {
  let json: unknown;
  try {
    json = JSON.parse(body.toString());
  } catch {
    return { kind: 'ignored' };
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) return { kind: 'ignored' };
  const webhook = parsed.data;
  const plaidSessionId = webhook.link_delivery_session_id;
  if (webhook.webhook_code === 'DELIVERY_STATUS') {
    const failed = webhook.link_delivery_metadata.delivery_status === 'FAILURE';
    return failed ? { kind: 'delivery_failure', plaidSessionId } : { kind: 'ignored' };
  }
  const hints = HINTING_CALLBACKS.includes(webhook.link_callback_metadata.callback_type);
  return hints ? { kind: 'hint', plaidSessionId } : { kind: 'ignored' };
}
