import fc from 'fast-check';
import { parseLinkToken } from '../../../src/domain/link-token';
import { PLAID_FLOW_RULES } from '../../../src/domain/plaid-flow';
import { defaultLifetimeMs, MIN_POLL_DELAY_MS, nextPollDelayMs } from '../../../src/domain/schedule';
import { isEndState, mayFollow, SESSION_STATES, type SessionState } from '../../../src/domain/states';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

describe('the schedule of gets', () => {
  const schedule = fc.record({
    sinceChangeMs: fc.integer({ min: -HOUR_MS, max: 30 * 24 * HOUR_MS }),
    untilDeadlineMs: fc.integer({ min: 1, max: 30 * 24 * HOUR_MS }),
    maxDelayMs: fc.integer({ min: MIN_POLL_DELAY_MS, max: HOUR_MS }),
    jitter: fc.double({ min: 0, max: 0.999_999, noNaN: true }),
  });

  it('never waits beyond its cap or past the deadline, and never less than its floor before it', () => {
    fc.assert(
      fc.property(schedule, (given) => {
        const delayMs = nextPollDelayMs(given);
        expect(Number.isInteger(delayMs)).toBe(true);
        expect(delayMs).toBeGreaterThanOrEqual(1);
        expect(delayMs).toBeLessThanOrEqual(Math.min(given.maxDelayMs, given.untilDeadlineMs));
        if (given.untilDeadlineMs > given.maxDelayMs)
          expect(delayMs).toBeGreaterThanOrEqual(MIN_POLL_DELAY_MS);
      }),
    );
  });

  it('is late by at most a tenth of the time since the last change', () => {
    fc.assert(
      fc.property(schedule, (given) => {
        const tenth = Math.max(given.sinceChangeMs / 10, MIN_POLL_DELAY_MS);
        expect(nextPollDelayMs(given)).toBeLessThanOrEqual(Math.ceil(tenth));
      }),
    );
  });

  it.each([
    [0, 5_000],
    [MINUTE_MS, 6_000],
    [10 * MINUTE_MS, MINUTE_MS],
    [HOUR_MS, 6 * MINUTE_MS],
    [24 * HOUR_MS, 15 * MINUTE_MS],
  ])('waits, %i ms after the last change, for %i ms without jitter', (sinceChangeMs, delayMs) => {
    const maxDelayMs = PLAID_FLOW_RULES.link_delivery.maxPollDelayMs;
    expect(nextPollDelayMs({ sinceChangeMs, untilDeadlineMs: Infinity, maxDelayMs, jitter: 0 })).toBe(
      delayMs,
    );
  });

  it('leaves a public token most of its 30 minutes, however long a session waits', () => {
    expect(PLAID_FLOW_RULES.hosted_link.maxPollDelayMs).toBeLessThanOrEqual(10 * MINUTE_MS);
  });
});

describe('the states of a session', () => {
  it('lead from CREATING to each other state, and from no end anywhere', () => {
    const reached = new Set<SessionState>(['CREATING']);
    for (const state of reached)
      SESSION_STATES.filter((next) => mayFollow(state, next)).forEach((next) => reached.add(next));
    expect([...reached].sort()).toEqual([...SESSION_STATES].sort());
    for (const end of SESSION_STATES.filter(isEndState)) {
      expect(SESSION_STATES.some((next) => mayFollow(end, next))).toBe(false);
    }
  });

  it('end in COMPLETED, EXPIRED, CANCELLED, FAILED or DELIVERY_UNCERTAIN', () => {
    expect(SESSION_STATES.filter(isEndState).sort()).toEqual([
      'CANCELLED',
      'COMPLETED',
      'DELIVERY_UNCERTAIN',
      'EXPIRED',
      'FAILED',
    ]);
  });

  it('never turn a cancel into a completion', () => {
    expect(mayFollow('CANCELLING', 'COMPLETED')).toBe(false);
  });
});

describe('a link token', () => {
  it('is taken apart into environment and id', () => {
    expect(parseLinkToken('link-sandbox-99ace160-3cf7-4e51-a083-403633425815')).toEqual({
      environment: 'sandbox',
      id: '99ace160-3cf7-4e51-a083-403633425815',
    });
  });

  it.each([
    '',
    'link-sandbox-',
    'link-staging-99ace160-3cf7',
    'public-sandbox-99ace160-3cf7',
    ' link-sandbox-99ace160-3cf7',
    'link-sandbox-99ace160/3cf7',
  ])('is not %j', (text) => expect(parseLinkToken(text)).toBeUndefined());
});

it('A link lives 24 hours when sent by SMS, 7 days by e-mail, and else 4 hours', () => {
  expect([defaultLifetimeMs('SMS'), defaultLifetimeMs('EMAIL'), defaultLifetimeMs(undefined)]).toEqual([
    24 * HOUR_MS,
    7 * 24 * HOUR_MS,
    4 * HOUR_MS,
  ]);
});
