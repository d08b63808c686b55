import { z } from 'zod';
import { ENDPOINTS, type Fault, LONGEST_WAIT_MS } from './fault';
import type { Sandbox } from './sandbox';
import type { WebhookFault } from './webhook-fault';

/* Faults as they are described in JSON, for the control API and the command line. */

const status = z.int().min(200).max(599);
const waitMs = z.number().min(0).max(LONGEST_WAIT_MS);

const fault = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('plaid_error'),
    status,
    errorType: z.string(),
    errorCode: z.string(),
    afterWork: z.boolean().optional(),
  }),
  z.strictObject({ kind: z.literal('html'), status, afterWork: z.boolean().optional() }),
  z.strictObject({ kind: z.literal('truncated_json') }),
  z.strictObject({ kind: z.literal('reset_before_work') }),
  z.strictObject({ kind: z.literal('reset_after_work') }),
  z.strictObject({ kind: z.literal('reset_in_answer') }),
  z.strictObject({ kind: z.literal('delay_before_work'), holdMs: waitMs }),
  z.strictObject({ kind: z.literal('delay_after_work'), holdMs: waitMs }),
  z.strictObject({ kind: z.literal('slow_headers'), pieceMs: waitMs }),
  z.strictObject({ kind: z.literal('slow_body'), pieceMs: waitMs }),
  z.strictObject({ kind: z.literal('oversized_answer'), bytes: z.int().min(0).max(100_000_000) }),
]) satisfies z.ZodType<Fault>;

const webhookFault = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('lose') }),
  z.strictObject({
    kind: z.literal('duplicate'),
    copies: z.int().min(1).max(1_000).optional(),
    afterMs: z.number().min(0).optional(),
  }),
  z.strictObject({ kind: z.literal('delay'), byMs: z.number().min(0) }),
  z.strictObject({ kind: z.literal('reorder') }),
]) satisfies z.ZodType<WebhookFault>;

/** How many, and which: those with these values in the top fields of their JSON. */
const plan = {
  times: z.union([z.int().positive(), z.literal('always')]).optional(),
  where: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).optional(),
};

/** A fault for an endpoint, or for all of them. */
export const plannedFaultSchema = z.strictObject({ endpoint: z.enum(ENDPOINTS).optional(), fault, ...plan });
export type PlannedFault = z.infer<typeof plannedFaultSchema>;

/** A fault for webhooks. */
export const plannedWebhookFaultSchema = z.strictObject({ fault: webhookFault, ...plan });
export type PlannedWebhookFault = z.infer<typeof plannedWebhookFaultSchema>;

/** Plans a fault that was described in JSON. The function that it gives removes it. */
export function planFault(sandbox: Sandbox, { endpoint, fault, times, where }: PlannedFault): () => void {
  const options = planOptions({ times, where });
  return endpoint === undefined ? sandbox.outage(fault, options) : sandbox.fault(endpoint, fault, options);
}

/** Plans a fault of webhooks that was described in JSON. The function that it gives removes it. */
export function planWebhookFault(sandbox: Sandbox, { fault, ...plan }: PlannedWebhookFault): () => void {
  return sandbox.webhooks.fault(fault, planOptions(plan));
}

function planOptions({ times = 1, where = {} }: Pick<PlannedFault, 'times' | 'where'>) {
  return {
    times: times === 'always' ? Infinity : times,
    matching: (body: Record<string, unknown>) =>
      Object.entries(where).every(([field, value]) => body[field] === value),
  };
}
