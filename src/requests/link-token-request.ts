import { z } from 'zod';
import { inputErrorFrom, issueMessage } from '../domain/input-error';
import type { PlaidEnvironment } from '../domain/link-token';
import { MAX_LIFETIME_MS } from '../domain/schedule';
import { isLoopback } from '../plaid/base-url';
import type { LinkTokenRequest } from '../plaid/plaid';

/** What a request is for. */
export interface LinkTokenRequestRules {
  environment: PlaidEnvironment;
  /** Update mode: the worker adds the item's access token, and no products are needed. */
  update: boolean;
}

/** Deeper than anything of Plaid's is nested; keeps the walk below from overflowing. */
const MAX_DEPTH = 32;

const KEYS_REMEDY = "leave it out, the worker's PLAID_CLIENT_ID and PLAID_SECRET are used";
const TOKEN_REMEDY =
  'leave it out, no access token or public token may enter a workflow (for update mode give update: {"itemId": ...} beside the request)';
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
    if (TOKEN_PATTERN.test(value)) refuse(path, issueMessage('holds a token', TOKEN_REMEDY));
    return;
  }
  if (typeof value === 'number' && Number.isFinite(value)) return;
  if (path.length > MAX_DEPTH)
    return refuse(path, issueMessage(`nested deeper than ${MAX_DEPTH} levels`, 'give a flatter request'));
  if (Array.isArray(value)) return value.forEach((entry, index) => walk(entry, [...path, index], refuse));
  if (!isPlainObject(value))
    return refuse(path, issueMessage(`expected a JSON value, got ${kindOf(value)}`, 'give JSON'));
  for (const [key, entry] of Object.entries(value)) {
    const remedy = entry == null ? undefined : REFUSED_FIELDS.get(key);
    if (remedy === undefined) walk(entry, [...path, key], refuse);
    else refuse([...path, key], issueMessage('not allowed', remedy));
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
    input === undefined
      ? issueMessage('missing', remedy)
      : issueMessage(`expected ${kind}, got ${kindOf(input)}`, remedy),
});

const text = (remedy: string) => z.string(expected('a string', remedy)).min(1, issueMessage('empty', remedy));

const list = (entry: z.ZodString, remedy: string) =>
  z.array(entry, expected('an array', remedy)).min(1, issueMessage('empty', remedy));

const countryCode = text('give two capital letters such as US').regex(
  /^[A-Z]{2}$/,
  issueMessage('not a country code', 'give two capital letters such as US'),
);

const LIFETIME_REMEDY = `give a whole number of seconds from 1 to ${MAX_LIFETIME_MS / 1_000}, which is 21 days`;

const hostedLink = z
  .looseObject(
    {
      completion_redirect_uri: z.string(expected('a string', 'give a URI or leave it out')).optional(),
      url_lifetime_seconds: z
        .number(expected('a number', LIFETIME_REMEDY))
        .refine(
          (seconds) => Number.isInteger(seconds) && seconds >= 1 && seconds <= MAX_LIFETIME_MS / 1_000,
          issueMessage("not a lifetime of Plaid's", LIFETIME_REMEDY),
        )
        .optional(),
      is_mobile_app: z.boolean(expected('true or false', 'give one of them or leave it out')).optional(),
    },
    expected('an object', 'give an object or leave it out'),
  )
  .optional();

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
      hosted_link: hostedLink,
    },
    expected('an object', 'give the body of /link/token/create'),
  )
  .superRefine((request, context) => {
    const refuse: Refuse = (path, message) => context.addIssue({ code: 'custom', path, message });
    if (request.user === undefined && request.user_id === undefined) {
      refuse(['user'], issueMessage('missing', 'give {"client_user_id": ...}, or user_id'));
    }
    if (request.hosted_link?.['delivery_method'] !== undefined) {
      const remedy = 'leave it out and name a recipient for the session, so that no message is sent twice';
      refuse(['hosted_link', 'delivery_method'], issueMessage('not allowed', remedy));
    }
  });

const requestSchema = z
  .unknown()
  .superRefine((value, context) =>
    walk(value, [], (path, message) => context.addIssue({ code: 'custom', path, message })),
  )
  .pipe(required);

/** What is checked of a request, in a request that passed. */
export type CheckedLinkTokenRequest = z.output<typeof requestSchema>;

/**
 * Checks a request for `/link/token/create`: what Plaid always needs, and the options of `hosted_link`. All other fields pass
 * for Plaid to judge. Refused, at any depth, is what must not enter a workflow's payloads: keys, access tokens and public
 * tokens (by the name of the field, and by how they look), and identity numbers. Names, phone numbers and e-mail addresses
 * pass: payloads are encrypted.
 *
 * @returns a copy to send
 * @throws InputError INVALID_INPUT; its field is the path, such as `request.user.client_user_id`; its message holds no value
 */
export function checkLinkTokenRequest(
  value: unknown,
  { environment, update }: LinkTokenRequestRules,
): LinkTokenRequest {
  const schema = requestSchema.superRefine((request, context) => {
    const refuse: Refuse = (path, message) => context.addIssue({ code: 'custom', path, message });
    if (!update && request.products === undefined) {
      refuse(['products'], issueMessage('missing', 'give products such as ["auth"]'));
    }
    if (!update && request['update'] != null) {
      refuse(
        ['update'],
        issueMessage('goes with update mode', 'give update: {"itemId": ...} beside the request'),
      );
    }
    const { completion_redirect_uri: uri } = request.hosted_link ?? {};
    const problem = uri === undefined ? undefined : redirectProblem(uri, environment);
    if (problem !== undefined) refuse(['hosted_link', 'completion_redirect_uri'], problem);
  });
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw inputErrorFrom(parsed.error, 'request');
  return parsed.data;
}

/** Schemes that run what follows them, or show what is on the person's own device. */
const UNSAFE_SCHEMES = [
  'javascript',
  'data',
  'vbscript',
  'file',
  'filesystem',
  'blob',
  'about',
  'view-source',
];

/** Why a person may not be led to `uri`; undefined when all is well. An app's own scheme is its own business. */
function redirectProblem(uri: string, environment: PlaidEnvironment): string | undefined {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\/./i.exec(uri)?.[1]?.toLowerCase();
  if (scheme === undefined || UNSAFE_SCHEMES.includes(scheme) || !URL.canParse(uri)) {
    return issueMessage(
      'not an address to lead a person to',
      'give one such as https://app.example/linked or app://linked',
    );
  }
  const { username, password, hostname } = new URL(uri);
  if (username !== '' || password !== '') return issueMessage('has a user or a password', 'give it without');
  if (scheme !== 'http') return undefined;
  if (environment === 'production') return issueMessage('http, with PLAID_ENV production', 'use https');
  return isLoopback(hostname) ? undefined : issueMessage('http to another machine', 'use https');
}
