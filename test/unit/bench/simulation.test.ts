import { BEHAVIOUR, drawSession, seededRandom } from '../../../bench/simulate/population';
import { simulate, type SimulationOptions } from '../../../bench/simulate/simulation';
import { PLAID_FLOWS } from '../../../src/domain/plaid-flow';

const OPTIONS: SimulationOptions = {
  sessions: 2_000,
  plaidFlow: 'link_delivery',
  behaviour: BEHAVIOUR,
  hintedShare: 0,
  seed: 7,
};

const usual = simulate(OPTIONS);

describe('the simulation of the schedule', () => {
  it('comes to the same with the same seed, and to something else with another', () => {
    expect(simulate(OPTIONS)).toEqual(usual);
    expect(simulate({ ...OPTIONS, seed: 8 }).gets).not.toBe(usual.gets);
  });

  it.each(PLAID_FLOWS)('finds every completion of %s within the bound of its lag', (plaidFlow) => {
    const result = plaidFlow === OPTIONS.plaidFlow ? usual : simulate({ ...OPTIONS, plaidFlow });
    expect(result.completed).toBeGreaterThan(0);
    expect(result.lagsMs.length).toBeGreaterThanOrEqual(result.completed);
    expect(result.worstExcessMs).toBeLessThanOrEqual(0);
  });

  it('has no lag where every change is told by a hint', () => {
    expect(simulate({ ...OPTIONS, hintedShare: 1 }).lagsMs).toHaveLength(0);
  });

  it('asks fewer times, and is later, where gets may wait longer', () => {
    const rare = simulate({ ...OPTIONS, maxPollDelayMs: 6 * 3_600_000 });
    expect(rare.gets).toBeLessThan(usual.gets);
    expect(rare.lagsMs.at(-1)).toBeGreaterThan(usual.lagsMs.at(-1)!);
    expect(rare.worstExcessMs).toBeLessThan(0);
  });

  it('counts each get of the day in its second', () => {
    const { gets, getsPerSecond } = simulate({
      ...OPTIONS,
      sessions: 1,
      arrivalsMs: 30 * 86_400_000,
      seed: 3,
    });
    expect(getsPerSecond.reduce((sum, count) => sum + count, 0)).toBe(gets);
  });

  it('draws sessions whose changes lie in order within their lifetime', () => {
    const random = seededRandom(1);
    for (let index = 0; index < 1_000; index++) {
      const { changesMs, lifetimeMs } = drawSession(random, BEHAVIOUR);
      expect(changesMs).toEqual([...changesMs].sort((one, other) => one - other));
      expect(changesMs.every((atMs) => atMs >= 0 && atMs < lifetimeMs)).toBe(true);
    }
  });
});
