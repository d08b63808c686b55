import { readFileSync } from 'node:fs';
import type { Comparison, Reach, Row, Statement, Summary } from './bench';
import type { Plot } from './plot';

/** The clock ticks of `/proc` in a second: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** What one round of a contender gives: each of its figures. */
type Round<Figure extends string> = () => Promise<Record<Figure, number>>;

/**
 * Measures contenders side by side: each is warmed up, then all take their turn in each round, in an order that is turned around from
 * round to round, so that what else the machine does falls on all of them alike. Gives each one's figures, round by round.
 * @param options.warmUps rounds that do not count; default 1
 */
export async function alternate<Name extends string, Figure extends string>(
  contenders: Record<Name, Round<Figure>>,
  { rounds, warmUps = 1 }: { rounds: number; warmUps?: number },
): Promise<Record<Name, Record<Figure, number[]>>> {
  const names = Object.keys(contenders) as Name[];
  const measured = {} as Record<Name, Record<Figure, number[]>>;
  for (let round = -warmUps; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const figures = await contenders[name]();
      if (round < 0) continue;
      const kept = (measured[name] ??= {} as Record<Figure, number[]>);
      for (const [figure, value] of Object.entries<number>(figures))
        (kept[figure as Figure] ??= []).push(value);
    }
  }
  return measured;
}

/** A row of a figure that was measured by {@link alternate}, with the ratio of each round. */
export function compare({
  what,
  unit,
  ours,
  baseline,
  reach,
}: {
  what: string;
  unit: string;
  ours: readonly number[];
  baseline: { name: string; values: readonly number[] };
  reach?: Reach;
}): Comparison {
  return {
    what,
    unit,
    ours: summarize(ours),
    baseline: { name: baseline.name, summary: summarize(baseline.values) },
    ratio: summarize(ours.map((value, round) => value / baseline.values[round]!)),
    reach,
  };
}

/** A row of a figure without a baseline. */
export function state(what: string, unit: string, values: readonly number[], reach?: Reach): Statement {
  return { what, unit, ours: summarize(values), reach };
}

/** Median and quartiles. */
export function summarize(values: readonly number[]): Summary {
  const sorted = Float64Array.from(values).sort();
  return {
    median: percentile(sorted, 0.5),
    lower: percentile(sorted, 0.25),
    upper: percentile(sorted, 0.75),
    values: [...values],
  };
}

/** The value below which a share (0 to 1) of the sorted values lies, between two values in proportion; 0 when there are none. */
export function percentile(sorted: Float64Array | Uint32Array, share: number): number {
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)] ?? 0;
  const above = sorted[Math.ceil(position)] ?? 0;
  return below + (above - below) * (position % 1);
}

/** What a piece of work took. */
export interface Taken {
  seconds: number;
  /** Of this process, user and system. */
  cpuSeconds: number;
  /** How long each call took, in milliseconds, sorted. */
  latenciesMs: Float64Array;
}

/**
 * Makes `calls` calls, up to `atOnce` of them under way at any time. Fails with the first that fails, once none is under way any more: then what
 * they need can be closed.
 */
export async function makeCalls(
  { calls, atOnce }: { calls: number; atOnce: number },
  call: (index: number) => Promise<unknown>,
): Promise<Taken> {
  const latenciesMs = new Float64Array(calls);
  let next = 0;
  const failures: unknown[] = [];
  const oneAfterTheOther = async () => {
    while (next < calls && failures.length === 0) {
      const index = next++;
      const startedMs = performance.now();
      try {
        await call(index);
      } catch (error) {
        failures.push(error);
      }
      latenciesMs[index] = performance.now() - startedMs;
    }
  };
  const cpuBefore = process.cpuUsage();
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: atOnce }, oneAfterTheOther));
  if (failures.length > 0) throw failures[0];
  const seconds = (performance.now() - startedMs) / 1_000;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { seconds, cpuSeconds: (user + system) / 1e6, latenciesMs: latenciesMs.sort() };
}

/**
 * The CPU seconds, user and system, that another process has used so far, its ended children not among them; in steps of 10 ms.
 * Undefined where there is no `/proc`.
 */
export function cpuSecondsOf(pid: number): number | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The program's name, in parentheses, may hold spaces and parentheses; utime and stime are the 12th and 13th field after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** How many times the least work there is in each step of a growth. */
export const GROWTH_STEPS = [1, 4, 16] as const;

/** Linear, and some room for what else the machine does. */
const LINEAR: Reach = { op: '<=', value: 1.1 };

/**
 * How the time grows with the work, measured in turns. The row's figure is the time for 16 times the work through 16 times the time
 * of the least: 1 is linear.
 */
export async function measureGrowth(
  {
    name,
    what,
    leastWork,
    rounds,
  }: {
    /** Of the plot's file, `[a-z-]+`. */
    name: string;
    /** Such as `calls`. */
    what: string;
    /** How many of them the least work is. */
    leastWork: number;
    rounds: number;
  },
  /** Does `work` of them, and tells how many seconds that took. */
  secondsFor: (work: number) => Promise<number>,
): Promise<{ row: Row; plot: Plot & { name: string } }> {
  const contenders = Object.fromEntries(
    GROWTH_STEPS.map(
      (step) => [step, async () => ({ seconds: await secondsFor(leastWork * step) })] as const,
    ),
  );
  const measured = await alternate(contenders, { rounds });
  return growthOf(
    { name, what, leastWork, figure: 'time', unit: 'seconds' },
    GROWTH_STEPS.map((step) => measured[step]!.seconds),
  );
}

/** As {@link measureGrowth}, of any figure: `values` are those of each of {@link GROWTH_STEPS}, round by round. */
export function growthOf(
  {
    name,
    what,
    leastWork,
    figure,
    unit,
  }: { name: string; what: string; leastWork: number; figure: string; unit: string },
  values: readonly (readonly number[])[],
): { row: Row; plot: Plot & { name: string } } {
  const most = GROWTH_STEPS.at(-1)!;
  const [ofLeast, ofMost] = [values[0]!, values.at(-1)!];
  const medians = GROWTH_STEPS.map(
    (step, index) => [leastWork * step, summarize(values[index]!).median] as const,
  );
  return {
    row: state(
      `${figure} for ${most} x as many ${what}, through ${most} x the ${figure}`,
      '1 is linear',
      ofMost.map((value, round) => value / (ofLeast[round]! * most)),
      LINEAR,
    ),
    plot: {
      name,
      title: `${unit[0]!.toUpperCase()}${unit.slice(1)} for so many ${what}`,
      xLabel: what,
      yLabel: unit,
      logX: true,
      logY: true,
      series: [
        { name: 'measured', points: medians },
        { name: 'linear', points: medians.map(([work]) => [work, medians[0]![1] * (work / leastWork)]) },
      ],
    },
  };
}
