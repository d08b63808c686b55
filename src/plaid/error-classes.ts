import { MINUTE, SECOND } from '../domain/time';
import { PlaidApiError, PlaidBadAnswerError, type PlaidError } from './errors';

/**
 * What a failed call asks for. transient: the same call later. permanent: another request. operator: somebody
 * has to mend keys or the Plaid account, then the same call works. person: the person has to do something,
 * often in a new session.
 */
export type ErrorClass = 'transient' | 'permanent' | 'operator' | 'person';

/**
 * Plaid's error_type, then its error_code; `*` stands for all other codes of the type. From
 * plaid.com/docs/errors (2026-03). Institutions that are down come as HTTP 400, so the status alone says
 * little. What is not listed is decided by {@link classify}.
 */
const CLASSES: Record<string, Record<string, ErrorClass>> = {
  API_ERROR: { '*': 'transient' },
  RATE_LIMIT_EXCEEDED: { CREDITS_EXHAUSTED: 'operator', '*': 'transient' },
  INVALID_REQUEST: { INVALID_ACCOUNT_NUMBER: 'person', '*': 'permanent' },
  INVALID_INPUT: {
    INVALID_API_KEYS: 'operator',
    UNAUTHORIZED_ENVIRONMENT: 'operator',
    UNAUTHORIZED_ROUTE_ACCESS: 'operator',
    DIRECT_INTEGRATION_NOT_ENABLED: 'operator',
    INVALID_LINK_TOKEN: 'person',
    INVALID_PUBLIC_TOKEN: 'person',
    ADDITIONAL_CONSENT_REQUIRED: 'person',
    USER_PERMISSION_REVOKED: 'person',
    TOO_MANY_VERIFICATION_ATTEMPTS: 'person',
    INCORRECT_DEPOSIT_VERIFICATION: 'person',
    PROFILE_AUTHENTICATION_FAILED: 'person',
    INVALID_ACCESS_TOKEN: 'permanent',
    INVALID_PRODUCT: 'permanent',
    INVALID_INSTITUTION: 'permanent',
    INVALID_LINK_CUSTOMIZATION: 'permanent',
    INVALID_USER_ID: 'permanent',
    INVALID_USER_TOKEN: 'permanent',
    INVALID_ACCOUNT_ID: 'permanent',
    INVALID_WEBHOOK_VERIFICATION_KEY_ID: 'permanent',
  },
  INSTITUTION_ERROR: {
    INSTITUTION_DOWN: 'transient',
    INSTITUTION_NOT_RESPONDING: 'transient',
    INSTITUTION_NOT_AVAILABLE: 'transient',
    INSTITUTION_NO_LONGER_SUPPORTED: 'permanent',
    UNSUPPORTED_RESPONSE: 'permanent',
    INSTITUTION_NOT_ENABLED_IN_ENVIRONMENT: 'permanent',
    UNAUTHORIZED_INSTITUTION: 'permanent',
    INSTITUTION_REGISTRATION_REQUIRED: 'permanent',
  },
  ITEM_ERROR: {
    PRODUCT_NOT_READY: 'transient',
    ITEM_LOGIN_REQUIRED: 'person',
    INVALID_CREDENTIALS: 'person',
    INVALID_MFA: 'person',
    INSUFFICIENT_CREDENTIALS: 'person',
    ITEM_LOCKED: 'person',
    ACCESS_NOT_GRANTED: 'person',
    NO_ACCOUNTS: 'person',
    NO_AUTH_ACCOUNTS: 'person',
    MFA_NOT_SUPPORTED: 'person',
    USER_SETUP_REQUIRED: 'person',
    PASSWORD_RESET_REQUIRED: 'person',
    USER_INPUT_TIMEOUT: 'person',
    ITEM_NOT_FOUND: 'permanent',
    ITEM_CONCURRENTLY_DELETED: 'permanent',
    PRODUCTS_NOT_SUPPORTED: 'permanent',
    PRODUCT_NOT_ENABLED: 'permanent',
    ITEM_NOT_SUPPORTED: 'permanent',
  },
  OAUTH_ERROR: {
    INCORRECT_OAUTH_NONCE: 'person',
    INCORRECT_LINK_TOKEN: 'person',
    OAUTH_STATE_ID_ALREADY_PROCESSED: 'person',
    OAUTH_STATE_ID_NOT_FOUND: 'person',
  },
  SANDBOX_ERROR: { SANDBOX_PRODUCT_NOT_ENABLED: 'permanent', SANDBOX_WEBHOOK_INVALID: 'permanent' },
  RECAPTCHA_ERROR: { RECAPTCHA_REQUIRED: 'person', RECAPTCHA_BAD: 'person' },
  USER_ERROR: { INVALID_USER_IDENTITY_DATA: 'person' },
  TRANSACTIONS_ERROR: { TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION: 'transient' },
};

/** The same with lookups that find nothing but what is written above: the names come from Plaid's answer. */
const LOOKUP: ReadonlyMap<string, ReadonlyMap<string, ErrorClass>> = new Map(
  Object.entries(CLASSES).map(([errorType, codes]) => [errorType, new Map(Object.entries(codes))]),
);

/**
 * The class of a failed call. No answer and a bad answer are transient: of the call's effect they say
 * nothing, see `PlaidNoAnswerError.mayHaveReachedPlaid`. An error of Plaid's that is not in the table is
 * permanent with HTTP 4xx but 429, and transient with any other status.
 */
export function classify(error: PlaidError): ErrorClass {
  if (!(error instanceof PlaidApiError)) return 'transient';
  const { errorType, errorCode, httpStatus } = error;
  const isRefusal = httpStatus >= 400 && httpStatus < 500 && httpStatus !== 429;
  return classOf(errorType, errorCode) ?? (isRefusal ? 'permanent' : 'transient');
}

/** The class of an error that Plaid tells of otherwise than by an answer; undefined when it is not in the table. */
export function classOf(errorType: string, errorCode: string): ErrorClass | undefined {
  const codes = LOOKUP.get(errorType);
  return codes?.get(errorCode) ?? codes?.get('*');
}

const ITEM_GONE: readonly string[] = ['ITEM_NOT_FOUND', 'INVALID_ACCESS_TOKEN', 'ITEM_CONCURRENTLY_DELETED'];

/** True when Plaid says that there is no such item, or none any more: whoever wanted it removed has what he wanted. */
export function isItemGone(error: unknown): boolean {
  return error instanceof PlaidApiError && ITEM_GONE.includes(error.errorCode);
}

/** From the first delay, doubled with each failure, to the longest, in milliseconds. */
interface Backoff {
  firstMs: number;
  longestMs: number;
}

const TRANSIENT: Backoff = { firstMs: 2 * SECOND, longestMs: 60 * SECOND };
/** Plaid sends no Retry-After with a 429; its limits are per minute. */
const RATE_LIMITED: Backoff = { firstMs: 15 * SECOND, longestMs: 5 * MINUTE };
const MAINTENANCE: Backoff = { firstMs: 1 * MINUTE, longestMs: 15 * MINUTE };
/** Soon enough that a mended key is noticed while its mender still looks. */
const OPERATOR: Backoff = { firstMs: 30 * SECOND, longestMs: 5 * MINUTE };

/**
 * How long to wait before the same call is made again, in whole milliseconds. Whether it is to be repeated at
 * all is the caller's decision, by {@link classify}; one that neither time nor an operator can help waits
 * like an operator's.
 * @param consecutiveFailures how often the call has failed in a row, this failure included; below 1 counts as 1
 * @param jitter a number in [0, 1) that shortens the delay by up to a tenth, though never below the first delay
 */
export function errorRetryDelayMs(error: PlaidError, consecutiveFailures: number, jitter: number): number {
  const { firstMs, longestMs } = backoffOf(error);
  const doublings = Math.max(0, consecutiveFailures - 1);
  const base = Math.min(firstMs * 2 ** doublings, longestMs);
  return Math.round(Math.max(base * (1 - jitter / 10), firstMs));
}

function backoffOf(error: PlaidError): Backoff {
  if (classify(error) !== 'transient') return OPERATOR;
  if (error instanceof PlaidApiError && error.errorCode === 'PLANNED_MAINTENANCE') return MAINTENANCE;
  return isRateLimit(error) ? RATE_LIMITED : TRANSIENT;
}

/** True for a 429 that more time alone helps, from Plaid or from something before it. */
export function isRateLimit(error: PlaidError): boolean {
  if (classify(error) !== 'transient') return false;
  if (error instanceof PlaidApiError && error.errorType === 'RATE_LIMIT_EXCEEDED') return true;
  return (error instanceof PlaidApiError || error instanceof PlaidBadAnswerError) && error.httpStatus === 429;
}
