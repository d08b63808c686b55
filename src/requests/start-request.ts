import { z } from 'zod';
import { InputError, inputErrorFrom, issueMessage } from '../domain/input-error';
import { checkLinkTokenRequest } from './link-token-request';
import type { PlaidEnvironment } from '../domain/link-token';
import type { PlaidFlow } from '../domain/plaid-flow';
import type { CheckedRequest, Delivery, UserAttribute } from '../domain/start-request';
import { ITEM_ID_PATTERN, OWN_WORKFLOW_PREFIXES, SESSION_KEY_PATTERN } from '../domain/ids';
import { parseLinkToken, PLAID_ENVIRONMENTS } from '../domain/link-token';
import { PLAID_FLOWS } from '../domain/plaid-flow';
import { MAX_LIFETIME_MS } from '../domain/schedule';
import { jsonDigest, plaidSessionHash, userHash } from '../secrets/digest';

/**
 * What an application asks for. Exactly one of `linkToken` and `linkTokenRequest` is given: the latter with the Plaid flow
 * `hosted_link`, whose URL comes with the link token and cannot be had again, and in update mode.
 */
export interface StartRequest {
  /**
   * The caller's idempotency key, `[A-Za-z0-9._:-]{1,128}`: the same key always means the same session. Default with a
   * `linkToken`: the first 128 bits of the SHA-256 of its id. Needed with a `linkTokenRequest`.
   */
  key?: string | undefined;
  /** Which Plaid API serves the session. Default `link_delivery`. */
  plaidFlow?: PlaidFlow | undefined;
  /** A link token of this deployment's Plaid environment. */
  linkToken?: string | undefined;
  /** A body for Plaid's `/link/token/create`, without `client_id` and `secret`. */
  linkTokenRequest?: Record<string, unknown> | undefined;
  /**
   * Lets Plaid send the link: by SMS to a phone number in E.164, or by e-mail. With `hosted_link` the address becomes the
   * `phone_number` or `email_address` of the request's `user`, and there is no `firstName`.
   */
  delivery?: Delivery | undefined;
  /**
   * Update mode: lets the person mend the item, whose access token stays in the vault. Goes with a `linkTokenRequest`, which
   * then needs no `products`. Nothing is exchanged.
   */
  update?: { itemId: string } | undefined;
  /**
   * Your id of the person, without personal data. Only its hash is kept outside of encrypted payloads, unless
   * HOSTED_LINK_USER_ATTRIBUTE is `clear`. Default: the request's `user.client_user_id`, or its `user_id`.
   */
  userId?: string | undefined;
  /**
   * True: a bank account that the person has already is linked again, in a second item. Default false: such a result ends as
   * DUPLICATE. With `hosted_link` only, since Plaid itself makes the items of `link_delivery`.
   */
  allowDuplicates?: boolean | undefined;
  /** When the link of a given `linkToken` expires, ISO 8601, at most 21 days from now. Default: Plaid's own lifetime. */
  expiresAt?: string | undefined;
  /** Ids of running workflows that are to be signalled `linkCompleted` at the end. At most 10. */
  notify?: string[] | undefined;
  /**
   * Your customer or tenant, 1 to 64 bytes in UTF-8, in clear: where the Temporal server has fairness on, the sessions of one
   * key do not hold up those of another. It does not count when a key's request is told from another one.
   */
  fairnessKey?: string | undefined;
}

/** What this deployment allows. */
export interface StartRules {
  environment: PlaidEnvironment;
  /** Workflow id prefixes that `notify` may name. Default: all but our own. */
  notifyPrefixes?: readonly string[] | undefined;
  /**
   * What stands for the person in Temporal's search attributes, which are not encrypted: `hash` (the default), or `clear` for
   * the user id itself, which then has at most 255 characters.
   */
  userAttribute?: UserAttribute | undefined;
}

/** Temporal's own bound. */
const MAX_FAIRNESS_KEY_BYTES = 64;

/** The longest keyword of a search attribute that Temporal keeps on every database, in characters. */
const MAX_KEYWORD_LENGTH = 255;

const E164 = /^\+[1-9][0-9]{6,14}$/;

/** The form of a request. What depends on several fields, or on the deployment, {@link sessionInput} checks. */
export const startRequestSchema = z.strictObject({
  key: z
    .string()
    .regex(
      SESSION_KEY_PATTERN,
      issueMessage(
        'not a session key',
        'use 1 to 128 letters, digits, dots, underscores, colons and hyphens',
      ),
    )
    .optional(),
  plaidFlow: z.enum(PLAID_FLOWS).default('link_delivery'),
  linkToken: z.string().optional(),
  linkTokenRequest: z.record(z.string(), z.unknown()).optional(),
  delivery: z
    .discriminatedUnion('method', [
      z.strictObject({
        method: z.literal('SMS'),
        address: z
          .string()
          .regex(
            E164,
            issueMessage(
              'not a phone number in E.164',
              'write it as + and 7 to 15 digits, such as +14155550123',
            ),
          ),
        firstName: z.string().min(1).max(100).optional(),
      }),
      z.strictObject({
        method: z.literal('EMAIL'),
        address: z.email(issueMessage('not an e-mail address', 'write it as name@example.com')).max(254),
        firstName: z.string().min(1).max(100).optional(),
      }),
    ])
    .optional(),
  update: z
    .strictObject({
      itemId: z
        .string()
        .regex(
          ITEM_ID_PATTERN,
          issueMessage('not an item id', 'give one as `hosted-link items list` shows it'),
        ),
    })
    .optional(),
  userId: z
    .string()
    .min(1, issueMessage('is empty', 'give your id of the person, or leave it out'))
    .max(500)
    .optional(),
  allowDuplicates: z.boolean().optional(),
  expiresAt: z.iso
    .datetime({
      offset: true,
      message: issueMessage('not a time in ISO 8601', 'write it as 2026-01-31T12:00:00Z'),
    })
    .optional(),
  notify: z.array(z.string().min(1).max(1000)).max(10).default([]),
  fairnessKey: z
    .string()
    .refine(
      (key) => key !== '' && Buffer.byteLength(key) <= MAX_FAIRNESS_KEY_BYTES,
      issueMessage('not a fairness key', 'give 1 to 64 bytes, or leave it out'),
    )
    .optional(),
});

/**
 * Checks a request before anything is done for it, and gives the input of the session's workflow.
 *
 * @throws InputError naming the field
 */
export function sessionInput(request: StartRequest, rules: StartRules): CheckedRequest {
  const parsed = startRequestSchema.safeParse(request);
  if (!parsed.success) throw inputErrorFrom(parsed.error);
  // How soon a session is served is no part of what it is.
  const { key, linkToken, linkTokenRequest, fairnessKey: _, ...rest } = parsed.data;
  if ((linkToken === undefined) === (linkTokenRequest === undefined)) {
    throw new InputError(
      'linkToken',
      'give either a linkToken or a linkTokenRequest',
      'one of them, not both',
    );
  }
  if (linkToken !== undefined) checkTakesLinkToken(rest);
  if (linkTokenRequest !== undefined) {
    const { environment } = rules;
    checkLinkTokenRequest(linkTokenRequest, { environment, update: rest.update !== undefined });
    if (rest.plaidFlow === 'hosted_link' && rest.delivery) checkRecipient(rest.delivery, linkTokenRequest);
  }
  if (rest.allowDuplicates) checkComparesAccounts(rest);
  if (rest.expiresAt !== undefined) checkExpiration(rest.expiresAt, linkToken);
  rest.notify.forEach((workflowId, index) => checkTarget(workflowId, `notify[${index}]`, rules));
  const input = { ...rest, linkToken, linkTokenRequest };
  const userId = rest.userId ?? userOf(linkTokenRequest);
  return {
    ...input,
    userId,
    userAttribute: userId === undefined ? undefined : userAttributeOf(userId, rules),
    key: key ?? defaultKey(linkToken && linkTokenId(linkToken, rules)),
    requestDigest: jsonDigest(
      linkToken === undefined ? input : { ...input, linkToken: linkTokenId(linkToken, rules) },
    ),
  };
}

function linkTokenId(linkToken: string, { environment }: StartRules): string {
  const parts = parseLinkToken(linkToken);
  if (!parts) {
    throw new InputError(
      'linkToken',
      'not a link token',
      `give one as /link/token/create returned it, link-${environment}-...`,
    );
  }
  if (parts.environment !== environment) {
    throw new InputError(
      'linkToken',
      `is of Plaid's ${parts.environment}, but this deployment serves ${environment}`,
      `make the link token there, or set PLAID_ENV (${PLAID_ENVIRONMENTS.join(', ')})`,
    );
  }
  return parts.id;
}

function checkTakesLinkToken({ plaidFlow, update }: Pick<StartRequest, 'plaidFlow' | 'update'>): void {
  if (plaidFlow === 'hosted_link') {
    throw new InputError(
      'linkToken',
      'goes with link_delivery only: Plaid tells the URL of a hosted_link session when it makes the link token, and not again',
      'give a linkTokenRequest',
    );
  }
  if (update) {
    throw new InputError(
      'linkToken',
      'does not go with update, for which the worker makes the link token, with the access token of the item',
      'give a linkTokenRequest',
    );
  }
}

function checkComparesAccounts({ plaidFlow, update }: Pick<StartRequest, 'plaidFlow' | 'update'>): void {
  if (plaidFlow === 'hosted_link' && !update) return;
  const why =
    plaidFlow === 'hosted_link'
      ? 'does not go with update, which links nothing'
      : 'goes with hosted_link only';
  throw new InputError('allowDuplicates', why, 'leave it out');
}

/** With `hosted_link` Plaid sends to an address of the request's user. */
function checkRecipient({ method, address, firstName }: Delivery, request: Record<string, unknown>): void {
  const { user } = request as { user?: Record<string, unknown> };
  const field = method === 'SMS' ? 'phone_number' : 'email_address';
  if (!user) {
    throw new InputError(
      'request.user',
      'missing, but hosted_link sends to an address of the user',
      'give {"client_user_id": ...}',
    );
  }
  if (user[field] != null && user[field] !== address) {
    throw new InputError(`request.user.${field}`, 'is another one than delivery.address', 'leave it out');
  }
  if (firstName !== undefined) {
    throw new InputError('delivery.firstName', 'goes with link_delivery only', 'leave it out');
  }
}

function userOf(linkTokenRequest: Record<string, unknown> | undefined): string | undefined {
  const { user, user_id: userId } = (linkTokenRequest ?? {}) as {
    user?: { client_user_id?: string };
    user_id?: string;
  };
  return user?.client_user_id ?? userId;
}

/**
 * What stands for a person in search attributes.
 * @throws InputError naming userId when it is too long to stand there in clear
 */
export function userAttributeOf(
  userId: string,
  { userAttribute = 'hash' }: Pick<StartRules, 'userAttribute'>,
): string {
  if (userAttribute === 'hash') return userHash(userId);
  if (userId.length <= MAX_KEYWORD_LENGTH) return userId;
  throw new InputError(
    'userId',
    `has more than ${MAX_KEYWORD_LENGTH} characters, the most that a search attribute holds`,
    'give a shorter one, or set HOSTED_LINK_USER_ATTRIBUTE to hash',
  );
}

function defaultKey(linkTokenId: string | undefined): string {
  if (linkTokenId !== undefined) return plaidSessionHash(linkTokenId);
  throw new InputError(
    'key',
    'missing',
    'with a linkTokenRequest, give a key of your own, so that a repeated call finds the same session',
  );
}

function checkExpiration(expiresAt: string, linkToken: string | undefined): void {
  if (linkToken === undefined) {
    throw new InputError(
      'expiresAt',
      'goes with a linkToken only',
      issueMessage('with a linkTokenRequest Plaid says when it expires', 'leave it out'),
    );
  }
  const aheadMs = Date.parse(expiresAt) - Date.now();
  if (aheadMs <= 0) throw new InputError('expiresAt', 'is over', 'make a new link token');
  if (aheadMs > MAX_LIFETIME_MS)
    throw new InputError('expiresAt', "is more than 21 days ahead, Plaid's longest", 'correct it');
}

function checkTarget(workflowId: string, field: string, { notifyPrefixes }: StartRules): void {
  if (OWN_WORKFLOW_PREFIXES.some((prefix) => workflowId.startsWith(prefix))) {
    throw new InputError(field, "names one of hosted-link's own workflows", 'name a workflow of yours');
  }
  if (notifyPrefixes && !notifyPrefixes.some((prefix) => workflowId.startsWith(prefix))) {
    throw new InputError(
      field,
      'does not begin with a prefix in HOSTED_LINK_NOTIFY_PREFIXES',
      'have it added, or name another workflow',
    );
  }
}
