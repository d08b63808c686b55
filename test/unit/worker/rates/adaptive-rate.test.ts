import fc from 'fast-check';
import { lowerLimit, RATE_TIMES, raiseLimit } from '../../../../src/worker/rates/adaptive-rate';

const SETTING = 20;
const FLOOR = 0.5;
const LONG_AGO = { lowered: false, unchangedMs: Infinity };

const lower = (perSecond: number | undefined, setting = SETTING) =>
  lowerLimit({ perSecond, ...LONG_AGO }, setting, RATE_TIMES);
const raise = (perSecond: number | undefined, setting = SETTING) =>
  raiseLimit({ perSecond, ...LONG_AGO }, Infinity, setting, RATE_TIMES);

describe('a 429', () => {
  it('halves the limit, and at first the setting', () => {
    expect(lower(undefined)).toBe(10);
    expect(lower(10)).toBe(5);
    expect(lower(7.3)).toBe(3.65);
  });

  it('halves the setting when the limit is above it', () => {
    expect(lower(400)).toBe(10);
  });

  it('does not lower the limit below the lowest, which a lower setting lowers', () => {
    expect(lower(0.8)).toBe(FLOOR);
    expect(lower(FLOOR)).toBeUndefined();
    expect(lower(0.1)).toBeUndefined();
    expect(lower(undefined, 0.2)).toBeUndefined();
  });

  it('lowers once in 30 s, but at once after a rise', () => {
    const limit = { perSecond: 10, unchangedMs: 29_999 };
    expect(lowerLimit({ ...limit, lowered: true }, SETTING, RATE_TIMES)).toBeUndefined();
    expect(lowerLimit({ ...limit, lowered: true, unchangedMs: 30_000 }, SETTING, RATE_TIMES)).toBe(5);
    expect(lowerLimit({ ...limit, lowered: false }, SETTING, RATE_TIMES)).toBe(5);
  });
});

describe('a look without a new 429', () => {
  it('raises the limit by a twentieth of the setting, up to the setting', () => {
    expect(raise(10)).toBe(11);
    expect(raise(19.5)).toBe(SETTING);
  });

  it('leaves a queue alone that only its setting limits', () => {
    expect(raise(undefined)).toBeUndefined();
  });

  it('takes a limit at or above the setting away at once', () => {
    const fresh = { lowered: false, unchangedMs: 0 };
    expect(raiseLimit({ perSecond: 20, ...fresh }, 0, SETTING, RATE_TIMES)).toBe(SETTING);
    expect(raiseLimit({ perSecond: 21, ...fresh }, 0, SETTING, RATE_TIMES)).toBe(SETTING);
  });

  it.each([
    ['a minute without a 429', 59_999, 60_000],
    ['a minute without a change', 60_000, 59_999],
  ])('raises only after %s', (_what, quietMs, unchangedMs) => {
    const limit = { perSecond: 10, lowered: false };
    expect(raiseLimit({ ...limit, unchangedMs }, quietMs, SETTING, RATE_TIMES)).toBeUndefined();
    expect(raiseLimit({ ...limit, unchangedMs: 60_000 }, 60_000, SETTING, RATE_TIMES)).toBe(11);
  });
});

describe('any course of 429s and looks', () => {
  /** A queue as a worker sees it, in seconds of its clock. */
  function course(setting: number, events: { afterMs: number; rateLimited: boolean }[]) {
    const limit = { perSecond: undefined as number | undefined, lowered: false, unchangedMs: Infinity };
    let quietMs = Infinity;
    const loweredAt: number[] = [];
    const limits: number[] = [];
    let nowMs = 0;
    for (const { afterMs, rateLimited } of events) {
      nowMs += afterMs;
      limit.unchangedMs += afterMs;
      quietMs = rateLimited ? 0 : quietMs + afterMs;
      const next = rateLimited
        ? lowerLimit(limit, setting, RATE_TIMES)
        : raiseLimit(limit, quietMs, setting, RATE_TIMES);
      if (next === undefined) continue;
      if (rateLimited) loweredAt.push(nowMs);
      Object.assign(limit, {
        perSecond: next === setting ? undefined : next,
        lowered: rateLimited,
        unchangedMs: 0,
      });
      limits.push(next);
    }
    return { limit, limits, loweredAt };
  }

  const settings = fc.double({ min: 0.01, max: 1_000, noNaN: true });
  const events = fc.array(fc.record({ afterMs: fc.nat(90_000), rateLimited: fc.boolean() }), {
    maxLength: 200,
  });

  it('keeps the limit within the lowest and the setting, and lowers it once in 30 s', () => {
    fc.assert(
      fc.property(settings, events, (setting, happened) => {
        const { limits, loweredAt } = course(setting, happened);
        for (const limit of limits) {
          expect(limit).toBeLessThanOrEqual(setting);
          expect(limit).toBeGreaterThanOrEqual(Math.min(FLOOR, setting));
        }
        for (const [index, at] of loweredAt.entries()) {
          if (index > 0) expect(at - loweredAt[index - 1]!).toBeGreaterThanOrEqual(30_000);
        }
      }),
    );
  });

  it('is back at the setting after 20 quiet minutes', () => {
    fc.assert(
      fc.property(settings, events, (setting, happened) => {
        const quiet = Array.from({ length: 21 }, () => ({ afterMs: 60_000, rateLimited: false }));
        expect(course(setting, [...happened, ...quiet]).limit.perSecond).toBeUndefined();
      }),
    );
  });
});
