import { isReached } from '../../../bench/bench';
import {
  alternate,
  compare,
  cpuSecondsOf,
  makeCalls,
  measureGrowth,
  percentile,
  state,
  summarize,
} from '../../../bench/measure';

describe('measuring side by side', () => {
  it('gives each contender its turn in each round, in an order that turns around, and drops what warmed them up', async () => {
    const turns: string[] = [];
    const contender = (name: string) => async () => ({ turn: turns.push(name) });
    const measured = await alternate({ a: contender('a'), b: contender('b') }, { rounds: 3, warmUps: 2 });
    expect(turns.join('')).toBe('abbaabbaab');
    expect(measured).toEqual({ a: { turn: [5, 8, 9] }, b: { turn: [6, 7, 10] } });
  });

  it('fails when a contender does', async () => {
    const broken = () => Promise.reject(new Error('no server'));
    await expect(alternate({ broken }, { rounds: 1 })).rejects.toThrow('no server');
  });

  it('takes the ratio of each round, not of the medians', () => {
    const { ratio, ours, baseline } = compare({
      what: 'calls',
      unit: 'calls/s',
      ours: [10, 40, 90],
      baseline: { name: 'other', values: [10, 80, 30] },
    });
    expect(ratio).toMatchObject({ values: [1, 0.5, 3], median: 1, lower: 0.75, upper: 2 });
    expect([ours.median, baseline.summary.median]).toEqual([40, 30]);
  });

  it('holds the ratio against the reach, and a figure without a baseline by itself', () => {
    const row = { what: 'calls', unit: 'calls/s', ours: [9], baseline: { name: 'other', values: [10] } };
    expect(isReached(compare({ ...row, reach: { op: '>=', value: 0.9 } }))).toBe(true);
    expect(isReached(compare({ ...row, reach: { op: '>=', value: 0.91 } }))).toBe(false);
    expect(isReached(state('events', 'events', [45], { op: '<=', value: 45 }))).toBe(true);
    expect(isReached(state('events', 'events', [46], { op: '<=', value: 45 }))).toBe(false);
    expect(isReached(compare(row))).toBeUndefined();
  });

  it('tells percentiles of sorted values, between two of them in proportion', () => {
    const values = Float64Array.from({ length: 101 }, (_, index) => index);
    expect([0, 0.5, 0.99, 1].map((share) => percentile(values, share))).toEqual([0, 50, 99, 100]);
    expect(percentile(Float64Array.of(1, 2), 0.5)).toBe(1.5);
    expect(percentile(new Float64Array(0), 0.5)).toBe(0);
  });

  it('sorts by size what it summarizes, and keeps the order of the rounds', () => {
    expect(summarize([100, 9, 20])).toEqual({ median: 20, lower: 14.5, upper: 60, values: [100, 9, 20] });
  });

  it('keeps as many calls under way as it was told to, and makes each once', async () => {
    const seen: number[] = [];
    let underWay = 0;
    let most = 0;
    const taken = await makeCalls({ calls: 20, atOnce: 4 }, async (index) => {
      seen.push(index);
      most = Math.max(most, ++underWay);
      await new Promise(setImmediate);
      underWay--;
    });
    expect(seen).toEqual(Array.from({ length: 20 }, (_, index) => index));
    expect(most).toBe(4);
    expect(taken.latenciesMs).toHaveLength(20);
    expect(taken.latenciesMs[0]).toBeGreaterThan(0);
    expect(taken.seconds).toBeGreaterThan(0);
  });

  it('fails with the first call that fails', async () => {
    const call = (index: number) => (index === 2 ? Promise.reject(new Error('refused')) : Promise.resolve());
    await expect(makeCalls({ calls: 5, atOnce: 2 }, call)).rejects.toThrow('refused');
  });

  it('counts the CPU time of this process as another would', () => {
    const before = cpuSecondsOf(process.pid);
    if (before === undefined) return;
    const { user, system } = process.cpuUsage();
    expect(Math.abs((user + system) / 1e6 - before)).toBeLessThan(0.5);
    expect(cpuSecondsOf(2 ** 30)).toBeUndefined();
  });

  it.each([
    ['linear', (work: number) => work / 1_000, 1],
    ['quadratic', (work: number) => work ** 2 / 1e6, 16],
  ])('tells how far growth that is %s is from linear', async (_name, secondsFor, figure) => {
    const options = { name: 'calls-growth', what: 'calls', leastWork: 10, rounds: 2 };
    const { row, plot } = await measureGrowth(options, async (work) => secondsFor(work));
    expect(row.ours.median).toBeCloseTo(figure);
    expect(isReached(row)).toBe(figure === 1);
    const [measured, linear] = plot.series;
    expect(measured!.points.map(([work]) => work)).toEqual([10, 40, 160]);
    expect(linear!.points[2]![1]).toBeCloseTo(measured!.points[0]![1] * 16);
  });
});
