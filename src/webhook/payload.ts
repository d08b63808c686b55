import { z } from 'zod';
import { parseLinkToken, type PlaidEnvironment } from '../domain/link-token';
import type { DeliveryFailure } from '../domain/views';

/** What a verified webhook is to us. Of its content nothing is taken over but the id of Plaid's session and constants. */
export type WebhookMeaning =
  /** Something has happened that a get will show. */
  | { kind: 'hint'; plaidSessionId: string }
  /** Plaid could not send the link. */
  | { kind: 'delivery_failure'; plaidSessionId: string; method: DeliveryFailure['method'] }
  /** About sessions, and no reason to do anything. */
  | { kind: 'nothing' }
  /** Of another product, such as TRANSACTIONS: the item's, and so the application's. */
  | { kind: 'other_product' }
  /** Of another Plaid environment than this deployment's. */
  | { kind: 'other_environment' };

const NOTHING: WebhookMeaning = { kind: 'nothing' };

/** The types that are about sessions. All others are about what came of them. */
const SESSION_TYPES: readonly string[] = ['LINK', 'LINK_DELIVERY'];

/** What all webhooks have. Those of LINK_DELIVERY name no environment. */
const envelope = z.object({
  webhook_type: z.string(),
  environment: z.string().optional().catch(undefined),
});

/** Callbacks that follow a change of the session's status. ON_EVENT is each step of the person in Link. */
const HINTING_CALLBACKS: readonly string[] = ['ON_SUCCESS', 'ON_EXIT'];

/** Events with which a link session ends, by Plaid's names. */
const ENDING_EVENTS: readonly string[] = ['HANDOFF', 'EXIT'];

const plaidSessionId = z.string().min(1).max(200);

/** A link token, read as what it stands for: its id part is Plaid's session id in both Plaid flows. */
const linkToken = z.string().transform((text, context) => {
  const parsed = parseLinkToken(text);
  if (parsed) return parsed;
  context.addIssue({ code: 'custom', message: 'expected a link token' });
  return z.NEVER;
});

/**
 * Webhooks by Plaid API 1.517.0 to 1.740.1. Fields that are not named here are not read: public tokens, names, accounts and error
 * texts among them, and whether a finished session was a success. Plaid has written that in either case.
 */
const webhookSchema = z.discriminatedUnion('webhook_code', [
  z.object({
    webhook_type: z.literal('LINK_DELIVERY'),
    webhook_code: z.literal('LINK_CALLBACK'),
    link_delivery_session_id: plaidSessionId,
    link_callback_metadata: z.object({ callback_type: z.string() }),
  }),
  z.object({
    webhook_type: z.literal('LINK_DELIVERY'),
    webhook_code: z.literal('DELIVERY_STATUS'),
    link_delivery_session_id: plaidSessionId,
    link_delivery_metadata: z.object({
      communication_method: z.enum(['SMS', 'EMAIL', 'UNKNOWN']).catch('UNKNOWN'),
      delivery_status: z.string().optional(),
    }),
  }),
  z.object({
    webhook_type: z.literal('LINK'),
    webhook_code: z.enum(['SESSION_FINISHED', 'ITEM_ADD_RESULT']),
    link_token: linkToken,
  }),
  z.object({
    webhook_type: z.literal('LINK'),
    webhook_code: z.literal('EVENTS'),
    link_token: linkToken,
    events: z.array(z.object({ event_name: z.unknown() }).catch({ event_name: undefined })),
  }),
]);

/**
 * Reads a verified body, for a deployment of one Plaid environment. Whatever cannot be read means nothing: Plaid adds webhooks
 * without notice.
 */
export function readWebhook(body: Buffer, environment: PlaidEnvironment): WebhookMeaning {
  const json = parseJson(body);
  const { data: common } = envelope.safeParse(json);
  if (!common) return NOTHING;
  if (common.environment !== undefined && common.environment !== environment)
    return { kind: 'other_environment' };
  if (!SESSION_TYPES.includes(common.webhook_type)) return { kind: 'other_product' };
  const { data: webhook } = webhookSchema.safeParse(json);
  if (!webhook) return NOTHING;
  if ('link_token' in webhook && webhook.link_token.environment !== environment)
    return { kind: 'other_environment' };
  return meaningOf(webhook);
}

function meaningOf(webhook: z.output<typeof webhookSchema>): WebhookMeaning {
  switch (webhook.webhook_code) {
    case 'LINK_CALLBACK': {
      const hints = HINTING_CALLBACKS.includes(webhook.link_callback_metadata.callback_type);
      return hints ? { kind: 'hint', plaidSessionId: webhook.link_delivery_session_id } : NOTHING;
    }
    case 'DELIVERY_STATUS': {
      const { delivery_status, communication_method: method } = webhook.link_delivery_metadata;
      if (delivery_status !== 'FAILURE') return NOTHING;
      return { kind: 'delivery_failure', plaidSessionId: webhook.link_delivery_session_id, method };
    }
    case 'EVENTS': {
      const ended = webhook.events.some(({ event_name }) => ENDING_EVENTS.includes(event_name as string));
      return ended ? { kind: 'hint', plaidSessionId: webhook.link_token.id } : NOTHING;
    }
    case 'SESSION_FINISHED':
    case 'ITEM_ADD_RESULT':
      return { kind: 'hint', plaidSessionId: webhook.link_token.id };
  }
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}
