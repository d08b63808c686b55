import fc from 'fast-check';
import { classify, type ErrorClass, errorRetryDelayMs } from '../../src/plaid/error-classes';
import {
  PlaidApiError,
  PlaidBadAnswerError,
  type PlaidError,
  PlaidNoAnswerError,
} from '../../src/plaid/errors';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

function apiError(errorType: string, errorCode: string, httpStatus = 400): PlaidError {
  return new PlaidApiError('/link_delivery/get', errorType, errorCode, httpStatus, 'Hk3jUq9s');
}

const noAnswer = new PlaidNoAnswerError('/item/get', true, 'ECONNRESET');
const badAnswer = (httpStatus: number) =>
  new PlaidBadAnswerError('/item/get', httpStatus, 'body: HTML, expected JSON', undefined);

describe('the class of an error', () => {
  test.each<[string, string, number, ErrorClass]>([
    ['API_ERROR', 'INTERNAL_SERVER_ERROR', 500, 'transient'],
    ['API_ERROR', 'plaid-internal-error', 500, 'transient'],
    ['API_ERROR', 'PLANNED_MAINTENANCE', 503, 'transient'],
    ['API_ERROR', 'NEW_CODE', 400, 'transient'],
    ['RATE_LIMIT_EXCEEDED', 'RATE_LIMIT', 429, 'transient'],
    ['RATE_LIMIT_EXCEEDED', 'NEW_LIMIT', 400, 'transient'],
    ['RATE_LIMIT_EXCEEDED', 'CREDITS_EXHAUSTED', 429, 'operator'],
    ['INVALID_INPUT', 'INVALID_API_KEYS', 400, 'operator'],
    ['INVALID_INPUT', 'UNAUTHORIZED_ENVIRONMENT', 400, 'operator'],
    ['INVALID_INPUT', 'UNAUTHORIZED_ROUTE_ACCESS', 400, 'operator'],
    ['INVALID_INPUT', 'DIRECT_INTEGRATION_NOT_ENABLED', 400, 'operator'],
    ['INVALID_INPUT', 'INVALID_LINK_TOKEN', 400, 'person'],
    ['INVALID_INPUT', 'INVALID_PUBLIC_TOKEN', 400, 'person'],
    ['INVALID_INPUT', 'INVALID_ACCESS_TOKEN', 400, 'permanent'],
    ['INVALID_INPUT', 'INVALID_PRODUCT', 400, 'permanent'],
    ['INVALID_REQUEST', 'MISSING_FIELDS', 400, 'permanent'],
    ['INVALID_REQUEST', 'NOT_FOUND', 404, 'permanent'],
    ['INSTITUTION_ERROR', 'INSTITUTION_DOWN', 400, 'transient'],
    ['INSTITUTION_ERROR', 'INSTITUTION_NO_LONGER_SUPPORTED', 400, 'permanent'],
    ['ITEM_ERROR', 'PRODUCT_NOT_READY', 400, 'transient'],
    ['ITEM_ERROR', 'ITEM_LOGIN_REQUIRED', 400, 'person'],
    ['ITEM_ERROR', 'ITEM_NOT_FOUND', 400, 'permanent'],
    ['OAUTH_ERROR', 'INCORRECT_OAUTH_NONCE', 400, 'person'],
    ['USER_ERROR', 'INVALID_USER_IDENTITY_DATA', 403, 'person'],
    ['LINK_DELIVERY_ERROR', 'UNPUBLISHED', 400, 'permanent'],
    ['LINK_DELIVERY_ERROR', 'UNPUBLISHED', 500, 'transient'],
    ['NEW_ERROR', 'NEW_CODE', 429, 'transient'],
    ['NEW_ERROR', 'NEW_CODE', 418, 'permanent'],
    ['constructor', 'name', 400, 'permanent'],
  ])('of %s/%s with HTTP %d is %s', (errorType, errorCode, httpStatus, expected) => {
    expect(classify(apiError(errorType, errorCode, httpStatus))).toBe(expected);
  });

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
