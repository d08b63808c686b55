import fc from 'fast-check';
import { classify, type ErrorClass, errorRetryDelayMs } from '../../../src/plaid/error-classes';
import {
  PlaidApiError,
  PlaidBadAnswerError,
  type PlaidError,
  PlaidNoAnswerError,
} from '../../../src/plaid/errors';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

function apiError(errorType: string, errorCode: string, httpStatus = 400): PlaidError {
  return new PlaidApiError('/link_delivery/get', errorType, errorCode, httpStatus, 'Hk3jUq9s');
}

const noAnswer = new PlaidNoAnswerError('/item/get', true, 'ECONNRESET');
const badAnswer = (httpStatus: number) =>
  new PlaidBadAnswerError('/item/get', httpStatus, 'body: HTML, expected JSON', undefined);

/** plaid.com/docs/errors (2026-03): the type, its HTTP status, what it asks for, its codes. */
const PUBLISHED: [errorType: string, httpStatus: number, expected: ErrorClass, errorCodes: string][] = [
  ['API_ERROR', 500, 'transient', 'INTERNAL_SERVER_ERROR plaid-internal-error'],
  ['API_ERROR', 503, 'transient', 'PLANNED_MAINTENANCE'],
  [
    'RATE_LIMIT_EXCEEDED',
    429,
    'transient',
    `RATE_LIMIT ACCOUNTS_LIMIT ACCOUNTS_BALANCE_GET_LIMIT AUTH_LIMIT BALANCE_LIMIT IDENTITY_LIMIT
     INSTITUTIONS_GET_LIMIT INSTITUTIONS_GET_BY_ID_LIMIT INSTITUTION_RATE_LIMIT INVESTMENT_HOLDINGS_GET_LIMIT
     INVESTMENT_TRANSACTIONS_LIMIT ITEM_GET_LIMIT TRANSACTIONS_LIMIT TRANSACTIONS_REFRESH_LIMIT
     TRANSACTIONS_SYNC_LIMIT ADDITION_LIMIT`,
  ],
  ['RATE_LIMIT_EXCEEDED', 429, 'operator', 'CREDITS_EXHAUSTED'],
  [
    'INVALID_REQUEST',
    400,
    'permanent',
    `MISSING_FIELDS UNKNOWN_FIELDS INVALID_FIELD INVALID_CONFIGURATION INVALID_BODY INVALID_HEADERS
     INCOMPATIBLE_API_VERSION SANDBOX_ONLY`,
  ],
  ['INVALID_REQUEST', 404, 'permanent', 'NOT_FOUND NO_LONGER_AVAILABLE'],
  ['INVALID_REQUEST', 400, 'person', 'INVALID_ACCOUNT_NUMBER'],
  [
    'INVALID_INPUT',
    400,
    'operator',
    `INVALID_API_KEYS UNAUTHORIZED_ENVIRONMENT UNAUTHORIZED_ROUTE_ACCESS DIRECT_INTEGRATION_NOT_ENABLED`,
  ],
  [
    'INVALID_INPUT',
    400,
    'person',
    `INVALID_LINK_TOKEN INVALID_PUBLIC_TOKEN ADDITIONAL_CONSENT_REQUIRED USER_PERMISSION_REVOKED
     TOO_MANY_VERIFICATION_ATTEMPTS INCORRECT_DEPOSIT_VERIFICATION PROFILE_AUTHENTICATION_FAILED`,
  ],
  [
    'INVALID_INPUT',
    400,
    'permanent',
    `INVALID_ACCESS_TOKEN INVALID_PRODUCT INVALID_INSTITUTION INVALID_LINK_CUSTOMIZATION INVALID_USER_ID
     INVALID_USER_TOKEN INVALID_ACCOUNT_ID INVALID_WEBHOOK_VERIFICATION_KEY_ID`,
  ],
  [
    'INSTITUTION_ERROR',
    400,
    'transient',
    'INSTITUTION_DOWN INSTITUTION_NOT_RESPONDING INSTITUTION_NOT_AVAILABLE',
  ],
  [
    'INSTITUTION_ERROR',
    400,
    'permanent',
    `INSTITUTION_NO_LONGER_SUPPORTED UNSUPPORTED_RESPONSE INSTITUTION_NOT_ENABLED_IN_ENVIRONMENT
     UNAUTHORIZED_INSTITUTION INSTITUTION_REGISTRATION_REQUIRED`,
  ],
  ['ITEM_ERROR', 400, 'transient', 'PRODUCT_NOT_READY'],
  [
    'ITEM_ERROR',
    400,
    'person',
    `ITEM_LOGIN_REQUIRED INVALID_CREDENTIALS INVALID_MFA INSUFFICIENT_CREDENTIALS ITEM_LOCKED
     ACCESS_NOT_GRANTED NO_ACCOUNTS NO_AUTH_ACCOUNTS MFA_NOT_SUPPORTED USER_SETUP_REQUIRED
     PASSWORD_RESET_REQUIRED USER_INPUT_TIMEOUT`,
  ],
  [
    'ITEM_ERROR',
    400,
    'permanent',
    `ITEM_NOT_FOUND ITEM_CONCURRENTLY_DELETED PRODUCTS_NOT_SUPPORTED PRODUCT_NOT_ENABLED ITEM_NOT_SUPPORTED`,
  ],
  ['OAUTH_ERROR', 400, 'person', 'INCORRECT_OAUTH_NONCE INCORRECT_LINK_TOKEN'],
  ['OAUTH_ERROR', 208, 'person', 'OAUTH_STATE_ID_ALREADY_PROCESSED'],
  ['OAUTH_ERROR', 404, 'person', 'OAUTH_STATE_ID_NOT_FOUND'],
  ['SANDBOX_ERROR', 400, 'permanent', 'SANDBOX_PRODUCT_NOT_ENABLED SANDBOX_WEBHOOK_INVALID'],
  ['RECAPTCHA_ERROR', 400, 'person', 'RECAPTCHA_REQUIRED RECAPTCHA_BAD'],
  ['TRANSACTIONS_ERROR', 400, 'transient', 'TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION'],
  ['USER_ERROR', 403, 'person', 'INVALID_USER_IDENTITY_DATA'],
];

const PUBLISHED_CODES = PUBLISHED.flatMap(([errorType, httpStatus, expected, errorCodes]) =>
  errorCodes.split(/\s+/).map((errorCode) => ({ errorType, errorCode, httpStatus, expected })),
);

describe('the class of an error', () => {
  test.each(PUBLISHED_CODES)(
    'of $errorType/$errorCode with HTTP $httpStatus is $expected',
    ({ errorType, errorCode, httpStatus, expected }) => {
      expect(classify(apiError(errorType, errorCode, httpStatus))).toBe(expected);
    },
  );

  test.each<[string, string, number, ErrorClass]>([
    ['API_ERROR', 'NEW_CODE', 400, 'transient'],
    ['RATE_LIMIT_EXCEEDED', 'NEW_LIMIT', 400, 'transient'],
    ['INVALID_REQUEST', 'NEW_CODE', 500, 'permanent'],
    ['INVALID_INPUT', 'NEW_CODE', 400, 'permanent'],
    ['INSTITUTION_ERROR', 'NEW_CODE', 503, 'transient'],
    ['IDEMPOTENCY_ERROR', 'NEW_CODE', 400, 'permanent'],
    ['LINK_DELIVERY_ERROR', 'UNPUBLISHED', 400, 'permanent'],
    ['LINK_DELIVERY_ERROR', 'UNPUBLISHED', 500, 'transient'],
    ['NEW_ERROR', 'NEW_CODE', 429, 'transient'],
    ['NEW_ERROR', 'NEW_CODE', 418, 'permanent'],
    ['NEW_ERROR', 'NEW_CODE', 200, 'transient'],
    ['constructor', 'name', 400, 'permanent'],
  ])(
    'that Plaid has not published, %s/%s with HTTP %d, is %s',
    (errorType, errorCode, httpStatus, expected) => {
      expect(classify(apiError(errorType, errorCode, httpStatus))).toBe(expected);
    },
  );

  test('of no answer and of a bad answer is transient', () => {
    expect(classify(noAnswer)).toBe('transient');
    expect(classify(badAnswer(404))).toBe('transient');
    expect(classify(badAnswer(200))).toBe('transient');
  });
});

describe('the wait before the same call', () => {
  const rateLimit = apiError('RATE_LIMIT_EXCEEDED', 'RATE_LIMIT', 429);
  const maintenance = apiError('API_ERROR', 'PLANNED_MAINTENANCE', 503);
  const wrongKeys = apiError('INVALID_INPUT', 'INVALID_API_KEYS');

  test.each<[string, PlaidError, number, number]>([
    ['no answer', noAnswer, 2 * SECOND, MINUTE],
    ['a bad answer', badAnswer(502), 2 * SECOND, MINUTE],
    ['an internal error', apiError('API_ERROR', 'INTERNAL_SERVER_ERROR', 500), 2 * SECOND, MINUTE],
    ['a rate limit', rateLimit, 15 * SECOND, 5 * MINUTE],
    ['a rate limit by something before Plaid', badAnswer(429), 15 * SECOND, 5 * MINUTE],
    ['planned maintenance', maintenance, MINUTE, 15 * MINUTE],
    ['wrong keys', wrongKeys, 30 * SECOND, 5 * MINUTE],
    ['used-up credits', apiError('RATE_LIMIT_EXCEEDED', 'CREDITS_EXHAUSTED', 429), 30 * SECOND, 5 * MINUTE],
    ['a permanent error', apiError('INVALID_INPUT', 'INVALID_PRODUCT'), 30 * SECOND, 5 * MINUTE],
  ])('doubles from its first to its longest: %s', (_case, error, firstMs, longestMs) => {
    expect(errorRetryDelayMs(error, 1, 0)).toBe(firstMs);
    expect(errorRetryDelayMs(error, 2, 0)).toBe(2 * firstMs);
    expect(errorRetryDelayMs(error, 3, 0)).toBe(4 * firstMs);
    expect(errorRetryDelayMs(error, 100, 0)).toBe(longestMs);
    expect(errorRetryDelayMs(error, 1_000_000, 0)).toBe(longestMs);
  });

  test('counts fewer than one failure as one', () => {
    expect(errorRetryDelayMs(noAnswer, 0, 0)).toBe(2 * SECOND);
    expect(errorRetryDelayMs(noAnswer, -3, 0)).toBe(2 * SECOND);
  });

  test('is shortened by up to a tenth, whole, and never shorter than the first', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(noAnswer, rateLimit, maintenance, wrongKeys),
        fc.integer({ min: 1, max: 60 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (error, failures, jitter) => {
          const full = errorRetryDelayMs(error, failures, 0);
          const delay = errorRetryDelayMs(error, failures, jitter);
          expect(Number.isInteger(delay)).toBe(true);
          expect(delay).toBeLessThanOrEqual(full);
          expect(delay).toBeGreaterThanOrEqual(Math.floor(full * 0.9));
          expect(delay).toBeGreaterThanOrEqual(errorRetryDelayMs(error, 1, 0));
        },
      ),
    );
    expect(errorRetryDelayMs(noAnswer, 4, 0.5)).toBe(15_200);
  });
});
