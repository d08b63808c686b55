import { z } from 'zod';
import { invalidRequest } from './api-error';

/** Fields that every request may carry besides its own; credentials may stand in headers instead. */
export const credentials = { client_id: z.string().optional(), secret: z.string().optional() };

/** A string that is not empty. */
export const nonEmptyText = z.string().min(1);
/** A phone number in E.164. */
export const phoneNumber = z.string().regex(/^\+[1-9]\d{6,14}$/, 'must be a phone number in E.164');
/** An e-mail address. */
export const emailAddress = z.string().regex(/^[^\s@]+@[^\s@]+\.[^\s@]+$/, 'must be an e-mail address');

/** A URL of the web. The page leads there by itself, and `javascript:` or `data:` would run as code. */
export const webUrl = z.string().refine((value) => /^https?:\/\//i.test(value) && URL.canParse(value), {
  message: 'must be an http or https URL',
});

const communicationMethod = z.discriminatedUnion('method', [
  z.strictObject({ method: z.literal('SMS'), address: phoneNumber }),
  z.strictObject({ method: z.literal('EMAIL'), address: emailAddress }),
]);

/** `/link/token/get`. */
export const linkTokenGetSchema = z.strictObject({ ...credentials, link_token: nonEmptyText });

/** `/link_delivery/create`. */
export const linkDeliveryCreateSchema = z.strictObject({
  ...credentials,
  link_token: nonEmptyText,
  options: z
    .strictObject({
      recipient: z
        .strictObject({
          communication_methods: z.array(communicationMethod).optional(),
          first_name: z.string().optional(),
        })
        .optional(),
    })
    .optional(),
});

/** `/link_delivery/get`. */
export const linkDeliveryGetSchema = z.strictObject({
  ...credentials,
  link_delivery_session_id: nonEmptyText,
});

/** `/item/public_token/exchange`. */
export const exchangeSchema = z.strictObject({ ...credentials, public_token: nonEmptyText });

/** `/item/get`. */
export const itemGetSchema = z.strictObject({ ...credentials, access_token: nonEmptyText });

/** `/accounts/get`. */
export const accountsGetSchema = z.strictObject({
  ...credentials,
  access_token: nonEmptyText,
  options: z.strictObject({ account_ids: z.array(nonEmptyText).optional() }).optional(),
});

/** `/item/webhook/update`. */
export const itemWebhookUpdateSchema = z.strictObject({
  ...credentials,
  access_token: nonEmptyText,
  webhook: webUrl.nullish(),
});

/** `/item/remove`. */
export const itemRemoveSchema = z.strictObject({
  ...credentials,
  access_token: nonEmptyText,
  reason_code: z
    .enum([
      'FRAUD_FIRST_PARTY',
      'FRAUD_FALSE_IDENTITY',
      'FRAUD_ABUSE',
      'FRAUD_OTHER',
      'CONNECTION_IS_NON_FUNCTIONAL',
      'OTHER',
    ])
    .nullish(),
  reason_note: z.string().max(512).nullish(),
});

/** `/webhook_verification_key/get`. */
export const webhookVerificationKeyGetSchema = z.strictObject({ ...credentials, key_id: nonEmptyText });

/** `/sandbox/public_token/create`. */
export const sandboxPublicTokenCreateSchema = z.strictObject({
  ...credentials,
  institution_id: nonEmptyText,
  initial_products: z.array(nonEmptyText).min(1),
  options: z.looseObject({ webhook: webUrl.optional() }).optional(),
  user_id: nonEmptyText.optional(),
  user_token: nonEmptyText.optional(),
});

/** `/sandbox/item/reset_login`. */
export const sandboxResetLoginSchema = z.strictObject({ ...credentials, access_token: nonEmptyText });

/** `/sandbox/item/fire_webhook`. */
export const sandboxFireWebhookSchema = z.strictObject({
  ...credentials,
  access_token: nonEmptyText,
  webhook_type: z
    .enum(['AUTH', 'HOLDINGS', 'INVESTMENTS_TRANSACTIONS', 'ITEM', 'LIABILITIES', 'TRANSACTIONS', 'ASSETS'])
    .optional(),
  webhook_code: z.enum([
    'DEFAULT_UPDATE',
    'NEW_ACCOUNTS_AVAILABLE',
    'SMS_MICRODEPOSITS_VERIFICATION',
    'AUTHORIZATION_GRANTED',
    'USER_PERMISSION_REVOKED',
    'USER_ACCOUNT_REVOKED',
    'PENDING_DISCONNECT',
    'RECURRING_TRANSACTIONS_UPDATE',
    'LOGIN_REPAIRED',
    'SYNC_UPDATES_AVAILABLE',
    'PRODUCT_READY',
    'ERROR',
  ]),
});

/**
 * Reads a request body as Plaid would.
 * @throws ApiError UNKNOWN_FIELDS, MISSING_FIELDS or INVALID_FIELD, in this order
 */
export function readRequest<T>(schema: z.ZodType<T>, body: Record<string, unknown>): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const { issues } = result.error;
  const unknown = issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key].join('.')) : [],
  );
  if (unknown.length > 0) {
    throw invalidRequest(
      'UNKNOWN_FIELDS',
      `the following fields are not recognized by this endpoint: ${unknown.join(', ')}`,
    );
  }
  const missing = issues.filter((issue) => valueAt(body, issue.path) === undefined);
  if (missing.length > 0) throw missingFields(missing.map((issue) => issue.path.join('.')));
  const [first] = issues;
  throw invalidRequest(
    'INVALID_FIELD',
    `${first!.path.join('.')} ${first!.message} (got ${JSON.stringify(valueAt(body, first!.path))})`,
  );
}

/** A MISSING_FIELDS that names `fields`. */
export function missingFields(fields: readonly string[]): Error {
  return invalidRequest(
    'MISSING_FIELDS',
    `the following required fields are missing: ${[...new Set(fields)].join(', ')}`,
  );
}

function valueAt(body: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    body,
  );
}
