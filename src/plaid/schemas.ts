import { z } from 'zod';
import { Secret } from '../secrets/secret';

/*
 * What is read of Plaid's answers, by the field names of Plaid API 1.517.0 to 1.740.1
 * (github.com/plaid/plaid-openapi). Fields that are not named here are accepted and dropped, and so is any
 * string where Plaid documents a list of values: Plaid adds both without notice. Tokens are wrapped where
 * they are read.
 */

export const text = z.string().min(1);
export const secret = text.transform((value) => new Secret(value));

/** Plaid documents ISO 8601; examples have up to nine digits after the second, which `Date.parse` reads. */
export const dateTime = z
  .string()
  .refine((value) => !Number.isNaN(Date.parse(value)), 'expected a date and time in ISO 8601');

const httpUrl = z.url({ protocol: /^https?$/ });

/** Plaid's request id. It ends in logs, so only a plain id is taken over, and nothing that looks like a token. */
export const requestId = z
  .string()
  .regex(/^(?!(access|public|link)-)[A-Za-z0-9_-]{1,64}$/, 'expected a request id');

/**
 * Where an answer may be the only one that shows its tokens, a missing request id is no reason to lose them:
 * it only serves Plaid's support.
 */
export const lenientRequestId = requestId.catch('unknown');

/** Absent, null and empty mean the same. */
const secrets = z
  .array(secret)
  .nullish()
  .transform((value) => value ?? []);

const texts = z
  .array(text)
  .nullish()
  .transform((value) => value ?? []);

/** A text that the vault takes: bounded as its columns are, and PostgreSQL takes no NUL. */
const keptText = (maxLength: number) => text.max(maxLength).regex(/^[^\0]*$/, 'expected no NUL');

/** A name or an id that only describes: what cannot be read of it counts as not told, and does not hold a token up. */
export const label = (maxLength: number) =>
  keptText(maxLength)
    .nullish()
    .catch(undefined)
    .transform((value) => value ?? undefined);

/** An item's id, by which its token is stored. */
const itemId = keptText(200);

/** `/link/token/create`. */
export const linkTokenCreateAnswer = z.object({
  link_token: text,
  expiration: dateTime,
  /** Of a request with `hosted_link` only. */
  hosted_link_url: httpUrl.nullish().transform((value) => value ?? undefined),
  request_id: requestId,
});

/** `/link_delivery/create`. */
export const linkDeliveryCreateAnswer = z.object({
  link_delivery_url: httpUrl,
  link_delivery_session_id: text,
  request_id: requestId,
});

/** `/link_delivery/get`: `access_tokens` and `item_ids` since 1.228.0, `public_tokens` before. */
export const linkDeliveryGetAnswer = z.object({
  status: text,
  created_at: dateTime,
  completed_at: dateTime.nullish().transform((value) => value ?? undefined),
  access_tokens: secrets,
  item_ids: texts,
  public_tokens: secrets,
  request_id: lenientRequestId,
});

/** `/item/public_token/exchange`. */
export const exchangeAnswer = z.object({
  access_token: secret,
  item_id: itemId,
  request_id: lenientRequestId,
});

/** `/item/get`. */
export const itemGetAnswer = z.object({
  item: z.object({
    item_id: itemId,
    institution_id: label(200),
    institution_name: label(500),
    /** An error of any shape is one. */
    error: z.unknown().optional(),
  }),
  request_id: requestId,
});

/** `/item/remove`. */
export const itemRemoveAnswer = z.object({ request_id: requestId });

/** `/item/webhook/update`. */
export const itemWebhookUpdateAnswer = z.object({ request_id: requestId });

/** A coordinate of P-256: 32 bytes in base64url. */
const coordinate = z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'expected 32 bytes in base64url');

/** `/webhook_verification_key/get`. A key of any other kind than the one that Plaid documents is refused. */
export const webhookVerificationKeyAnswer = z.object({
  key: z.object({
    alg: z.literal('ES256'),
    crv: z.literal('P-256'),
    kty: z.literal('EC'),
    use: z.literal('sig'),
    kid: text,
    x: coordinate,
    y: coordinate,
    expired_at: z.number().nullable(),
  }),
  request_id: requestId,
});

/**
 * Plaid's constants: `INVALID_INPUT`, and a few older ones such as `plaid-internal-error`. No token looks
 * like either. The vault keeps type and code of an error in one column of 200 characters.
 */
export const constant = z
  .string()
  .max(99)
  .regex(/^([A-Z][A-Z0-9_]{0,99}|[a-z]+(-[a-z]+){0,9})$/, 'expected a constant of Plaid');

/** Plaid's own error. Its messages are not read: they may repeat what was sent. */
export const plaidErrorAnswer = z.object({
  error_type: constant,
  error_code: constant,
  request_id: requestId.optional().catch(undefined),
});

/** The request id of any answer, if it has one. */
export const anyAnswer = z.object({ request_id: requestId });
