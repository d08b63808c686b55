import { z } from 'zod';
import { MAX_LIFETIME_MS } from '../domain/schedule';
import { invalidInput } from './api-error';
import {
  credentials,
  emailAddress,
  missingFields,
  phoneNumber,
  nonEmptyText,
  webUrl,
} from './request-schemas';

const COUNTRY_CODES = 'US GB ES NL FR IE CA DE IT PL DK NO SE EE LT LV PT BE AT FI'.split(' ');

const products = z.array(nonEmptyText);

/** Known fields that the sandbox takes and has no use for (names of Plaid API 1.740.1). */
const UNUSED_FIELDS = [
  'access_tokens',
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
] as const;

type UnusedFields = Record<(typeof UNUSED_FIELDS)[number], z.ZodOptional<z.ZodUnknown>>;

const unusedFields = Object.fromEntries(
  UNUSED_FIELDS.map((name) => [name, z.unknown().optional()]),
) as UnusedFields;

/** `/link/token/create`. */
export const linkTokenCreateSchema = z.strictObject({
  ...credentials,
  ...unusedFields,
  client_name: nonEmptyText,
  language: nonEmptyText,
  country_codes: z.array(z.enum(COUNTRY_CODES)).min(1),
  user: z
    .looseObject({
      client_user_id: nonEmptyText.refine((id) => !id.includes('@') && !/^\+?[\d\s()-]{7,}$/.test(id), {
        message: 'must not be an e-mail address or a phone number',
      }),
      phone_number: phoneNumber.nullish(),
      email_address: emailAddress.nullish(),
    })
    .optional(),
  user_id: nonEmptyText.optional(),
  user_token: nonEmptyText.optional(),
  products: products.nullish(),
  required_if_supported_products: products.nullish(),
  optional_products: products.nullish(),
  additional_consented_products: products.nullish(),
  webhook: webUrl.optional(),
  redirect_uri: webUrl.refine((uri) => !uri.includes('?'), 'must have no query string').optional(),
  /** Its item is mended: update mode. */
  access_token: nonEmptyText.nullish(),
  account_filters: z.looseObject({}).optional(),
  institution_data: z.looseObject({}).optional(),
  update: z.looseObject({ account_selection_enabled: z.boolean().optional() }).optional(),
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

/**
 * The rules between the fields of a link token request, which no single field shows.
 * @throws ApiError MISSING_FIELDS or INVALID_PRODUCT
 */
export function refuseBadLinkTokenRequest(request: z.infer<typeof linkTokenCreateSchema>): void {
  if (!request.user && request.user_id === undefined && request.user_token === undefined) {
    throw missingFields(['user']);
  }
  const asked = [
    request.products,
    request.required_if_supported_products,
    request.optional_products,
    request.additional_consented_products,
  ].flatMap((list) => list ?? []);
  if (asked.length === 0 && request.access_token == null) throw missingFields(['products']);
  if (asked.includes('balance')) {
    throw invalidInput('INVALID_PRODUCT', 'balance cannot be asked for in a link token request');
  }
  const method = request.hosted_link?.delivery_method;
  if (method === 'sms' && !request.user?.phone_number) throw missingFields(['user.phone_number']);
  if (method === 'email' && !request.user?.email_address) throw missingFields(['user.email_address']);
}
