import { z } from 'zod';
import { inputErrorFrom } from '../input-error';
import type { LinkTokenRequest } from './plaid';

/** Deeper than anything of Plaid's is nested; keeps the walk below from overflowing. */
const MAX_DEPTH = 32;

const KEYS_REMEDY = "leave it out, the worker's PLAID_CLIENT_ID and PLAID_SECRET are used";
const TOKEN_REMEDY =
  'leave it out, no access token or public token may enter a workflow (update mode is not supported)';
const IDENTITY_REMEDY = 'leave it out, no identity number may enter a workflow';

/** Fields that are refused wherever they stand, and what to do instead. */
const REFUSED_FIELDS: ReadonlyMap<string, string> = new Map([
  ['client_id', KEYS_REMEDY],
  ['secret', KEYS_REMEDY],
  ['access_token', TOKEN_REMEDY],
  ['access_tokens', TOKEN_REMEDY],
  ['public_token', TOKEN_REMEDY],
  ['public_tokens', TOKEN_REMEDY],
  ['ssn', IDENTITY_REMEDY],
  ['ssn_full', IDENTITY_REMEDY],
  ['ssn_last_4', IDENTITY_REMEDY],
  ['id_number', IDENTITY_REMEDY],
  ['id_numbers', IDENTITY_REMEDY],
]);

const TOKEN_PATTERN = /(access|public)-(sandbox|development|production)-/;

type Refuse = (path: PropertyKey[], problem: string) => void;

/** Finds what may not be sent, at any depth. A refused field is reported once, without a look into it. */
function walk(value: unknown, path: PropertyKey[], refuse: Refuse): void {
  if (value === null || value === undefined || typeof value === 'boolean') return;
  if (typeof value === 'string') {
    if (TOKEN_PATTERN.test(value)) refuse(path, `holds a token; ${TOKEN_REMEDY}`);
    return;
  }
  if (typeof value === 'number' && Number.isFinite(value)) return;
  if (path.length > MAX_DEPTH)
    return refuse(path, `nested deeper than ${MAX_DEPTH} levels; give a flatter request`);
  if (Array.isArray(value)) return value.forEach((entry, index) => walk(entry, [...path, index], refuse));
  if (!isPlainObject(value)) return refuse(path, `expected a JSON value, got ${kindOf(value)}; give JSON`);
  for (const [key, entry] of Object.entries(value)) {
    const remedy = entry == null ? undefined : REFUSED_FIELDS.get(key);
    if (remedy === undefined) walk(entry, [...path, key], refuse);
    else refuse([...path, key], `not allowed; ${remedy}`);
  }
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'number') return Number.isFinite(value) ? 'a number' : 'a number that is not finite';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

const expected = (kind: string, remedy: string) => ({
  error: ({ input }: { input?: unknown }) =>
    input === undefined ? `missing; ${remedy}` : `expected ${kind}, got ${kindOf(input)}; ${remedy}`,
});

const text = (remedy: string) => z.string(expected('a string', remedy)).min(1, `empty; ${remedy}`);

const list = (entry: z.ZodString, remedy: string) =>
  z.array(entry, expected('an array', remedy)).min(1, `empty; ${remedy}`);

const countryCode = text('give two capital letters such as US').regex(
  /^[A-Z]{2}$/,
  'not a country code; give two capital letters such as US',
);

const required = z
  .looseObject(
    {
      client_name: text('give the name that the person sees in Link'),
      language: text('give a language of Plaid such as en'),
      country_codes: list(countryCode, 'give country codes such as ["US"]'),
      user: z
        .looseObject(
          {
            client_user_id: text(
              'give your own id of the person, without personal data such as an e-mail address',
            ),
          },
          expected('an object', 'give {"client_user_id": ...}'),
        )
        .optional(),
      user_id: text("give Plaid's id of the user, usr_...").optional(),
      products: list(
        text('give a product of Plaid such as auth'),
        'give products such as ["auth"]',
      ).optional(),
      hosted_link: z.looseObject({}, expected('an object', 'give an object or leave it out')).nullish(),
    },
    expected('an object', 'give the body of /link/token/create'),
  )
  .superRefine((request, context) => {
    const refuse: Refuse = (path, message) => context.addIssue({ code: 'custom', path, message });
    if (request.user === undefined && request.user_id === undefined) {
      refuse(['user'], 'missing; give {"client_user_id": ...}, or user_id');
    }
    if (request.products === undefined && request['update'] === undefined) {
      refuse(['products'], 'missing; give products such as ["auth"]');
    }
    if (request.hosted_link?.['delivery_method'] != null) {
      const remedy = 'leave it out and name a recipient for the session, so that no message is sent twice';
      refuse(['hosted_link', 'delivery_method'], `not allowed; ${remedy}`);
    }
  });

/**
 * A request for `/link/token/create`. Checked is what Plaid always needs; all other fields pass for Plaid to
 * judge. Refused, at any depth, is what must not enter a workflow's payloads: keys, access tokens and public
 * tokens (by the name of the field, and by how they look), and identity numbers. Names, phone numbers and
 * e-mail addresses pass: payloads are encrypted.
 */
export const linkTokenRequestSchema = z
  .unknown()
  .superRefine((value, context) =>
    walk(value, [], (path, message) => context.addIssue({ code: 'custom', path, message })),
  )
  .pipe(required);

/**
 * Checks a request for a link token.
 * @returns a copy to send
 * @throws InputError INVALID_INPUT; its field is the path, such as `request.user.client_user_id`; its message holds no value
 */
export function checkLinkTokenRequest(value: unknown): LinkTokenRequest {
  const parsed = linkTokenRequestSchema.safeParse(value);
  if (!parsed.success) throw inputErrorFrom(parsed.error, 'request');
  return parsed.data;
}
