import { z } from 'zod';
import { MAX_LIFETIME_MS } from '../domain/schedule';
import type { ConnectionChoice } from './handles';
import type { LinkExit } from './records';
import type { LinkTokenOptions } from './sandbox';

/* The requests of the control API. */

const session = z.string().min(1);
const choice = {
  institutionId: z.string().optional(),
  accounts: z.array(z.string()).min(1).optional(),
} satisfies Record<keyof ConnectionChoice, z.ZodType>;
const exit = {
  status: z.string().min(1).default('requires_credentials'),
  error: z.strictObject({ errorType: z.string(), errorCode: z.string() }).optional(),
} satisfies Record<keyof LinkExit, z.ZodType>;

/** What a person or time does to a session. */
export const sessionMoveSchema = z.discriminatedUnion('move', [
  z.strictObject({ move: z.literal('open'), session }),
  z.strictObject({ move: z.literal('connect'), session, ...choice }),
  z.strictObject({ move: z.literal('exit'), session, ...exit }),
  z.strictObject({ move: z.literal('finish'), session }),
  z.strictObject({
    move: z.literal('complete'),
    session,
    ...choice,
    items: z.int().min(0).max(100).optional(),
  }),
  z.strictObject({ move: z.literal('expire'), session }),
]);

/** What happens to an item. */
export const itemMoveSchema = z.strictObject({ move: z.literal('require_login'), itemId: z.string().min(1) });

/** A link token without a request. */
export const linkTokenSchema = z.strictObject({
  lifetimeMs: z.number().positive().max(MAX_LIFETIME_MS).optional(),
  tokenShape: z.enum(['access_tokens', 'public_tokens']).optional(),
  linkSessionShape: z.enum(['results', 'on_success']).optional(),
  items: z.int().min(1).max(100).optional(),
  webhook: z.url({ protocol: /^https?$/ }).optional(),
}) satisfies z.ZodType<LinkTokenOptions>;

/** The clock is put forward. */
export const clockSchema = z.strictObject({ advanceMs: z.number() });

/** A webhook of any content. */
export const webhookSchema = z.strictObject({
  url: z.url({ protocol: /^https?$/ }),
  webhook: z.looseObject({ webhook_type: z.string(), webhook_code: z.string() }),
});

/** A key is rotated, or withdrawn. */
export const webhookKeySchema = z.discriminatedUnion('move', [
  z.strictObject({ move: z.literal('rotate') }),
  z.strictObject({ move: z.literal('expire'), keyId: z.string().optional() }),
]);
