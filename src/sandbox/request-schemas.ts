import { z } from 'zod';
import { MAX_LIFETIME_MS } from '../session';
import { invalidInput, invalidRequest } from './api-error';

/** Fields that every request may carry besides its own; credentials may stand in headers instead. */
const credentials = { client_id: z.string().optional(), secret: z.string().optional() };

const text = z.string().min(1);
const phoneNumber = z.string().regex(/^\+[1-9]\d{6,14}$/, 'must be a phone number in E.164');
const emailAddress = z.string().regex(/^[^\s@]+@[^\s@]+\.[^\s@]+$/, 'must be an e-mail address');

/** The page leads there by itself, so nothing but the web will do: `javascript:` and `data:` would run as code. */
const webUrl = z.string().refine((value) => /^https?:\/\//i.test(value) && URL.canParse(value), {
  message: 'must be an http or https URL',
});

const COUNTRY_CODES = 'US GB ES NL FR IE CA DE IT PL DK NO SE EE LT LV PT BE AT FI'.split(' ');

const products = z.array(text);

/** Known fields that the sandbox takes and has no use for (names of Plaid API 1.697.4). */
const UNUSED_FIELDS = [
  'access_tokens',
  'account_filters',
  'android_package_name',
  'appearance_mode',
  'auth',
  'base_report',
  'card_switch',
  'cashflow_report',
  'consumer_report_permissible_purpose',
  'cra_enabled',
  'cra_options',
  'credit_partner_insights',
  'employment',
  'eu_config',
  'financekit_supported',
  'identity',
  'identity_verification',
  'income_verification',
  'institution_data',
  'institution_id',
  'investments',
  'investments_auth',
  'link_customization_name',
  'payment_configuration',
  'payment_initiation',
  'statements',
  'third_party_user_token',
  'transactions',
  'transfer',
  'update',
] as const;

/** `/link/token/create`. */
export const linkTokenCreateSchema = z.strictObject({
  ...credentials,
  ...Object.fromEntries(UNUSED_FIELDS.map((name) => [name, z.unknown().optional()])),
  client_name: text,
  language: text,
  country_codes: z.array(z.enum(COUNTRY_CODES)).min(1),
  user: z
    .looseObject({
      client_user_id: text.refine((id) => !id.includes('@') && !/^\+?[\d\s()-]{7,}$/.test(id), {
        message: 'must not be an e-mail address or a phone number',
      }),
      phone_number: phoneNumber.nullish(),
      email_address: emailAddress.nullish(),
    })
    .optional(),
  user_id: text.optional(),
  user_token: text.optional(),
  products: products.optional(),
  required_if_supported_products: products.optional(),
  optional_products: products.optional(),
  additional_consented_products: products.optional(),
  webhook: webUrl.optional(),
  redirect_uri: webUrl.refine((uri) => !uri.includes('?'), 'must have no query string').optional(),
  access_token: z.null('must be null: update mode is no part of this sandbox').optional(),
  enable_multi_item_link: z.boolean().optional(),
  hosted_link: z
    .strictObject({
      delivery_method: z.enum(['sms', 'email']).optional(),
      completion_redirect_uri: webUrl.optional(),
      url_lifetime_seconds: z
        .int()
        .positive()
        .max(MAX_LIFETIME_MS / 1_000)
        .optional(),
      is_mobile_app: z.boolean().optional(),
    })
    .nullish(),
});

const communicationMethod = z.discriminatedUnion('method', [
  z.strictObject({ method: z.literal('SMS'), address: phoneNumber }),
  z.strictObject({ method: z.literal('EMAIL'), address: emailAddress }),
]);

/** `/link_delivery/create`. */
export const linkDeliveryCreateSchema = z.strictObject({
  ...credentials,
  link_token: text,
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
export const linkDeliveryGetSchema = z.strictObject({ ...credentials, link_delivery_session_id: text });

/** `/item/public_token/exchange`. */
export const exchangeSchema = z.strictObject({ ...credentials, public_token: text });

/** `/item/get`. */
export const itemGetSchema = z.strictObject({ ...credentials, access_token: text });

/** `/item/remove`. */
export const itemRemoveSchema = z.strictObject({
  ...credentials,
  access_token: text,
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
export const webhookVerificationKeyGetSchema = z.strictObject({ ...credentials, key_id: text });

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

/**
 * The rules between the fields of a link token request, which no single field shows.
 * @throws ApiError MISSING_FIELDS or INVALID_PRODUCT
 */
export function checkLinkTokenRequest(request: z.infer<typeof linkTokenCreateSchema>): void {
  if (!request.user && request.user_id === undefined && request.user_token === undefined) {
    throw missingFields(['user']);
  }
  const asked = [
    request.products,
    request.required_if_supported_products,
    request.optional_products,
    request.additional_consented_products,
  ].flatMap((list) => list ?? []);
  if (asked.length === 0) throw missingFields(['products']);
  if (asked.includes('balance')) {
    throw invalidInput('INVALID_PRODUCT', 'balance cannot be asked for in a link token request');
  }
  const method = request.hosted_link?.delivery_method;
  if (method === 'sms' && !request.user?.phone_number) throw missingFields(['user.phone_number']);
  if (method === 'email' && !request.user?.email_address) throw missingFields(['user.email_address']);
}

function valueAt(body: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    body,
  );
}
