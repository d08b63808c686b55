import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { PLAID_FLOWS } from '../../src/domain/plaid-flow';
import { percentile } from '../measure';
import { plotSvg, type Series } from '../plot';
import { wholeNumber } from '../whole-number';
import { BEHAVIOUR } from './population';
import { simulate, type SimulationOptions, type SimulationResult } from './simulation';

const RESULTS = join(__dirname, '../results');
const SHARES = [0.5, 0.9, 0.99, 0.999];
const MINUTE_MS = 60_000;

/** The schedule as it is, without webhooks and with 95 % of them, and one that leans on webhooks (docs/scale.md). */
const SCHEDULES: readonly Schedule[] = PLAID_FLOWS.flatMap((plaidFlow) => [
  { plaidFlow, hintedShare: 0 },
  { plaidFlow, hintedShare: 0.95 },
  // Of a link_delivery session nothing is lost by a late get; a hosted_link session's public tokens live 30 minutes.
  { plaidFlow, hintedShare: 0.95, maxPollDelayMs: (plaidFlow === 'link_delivery' ? 6 * 60 : 20) * MINUTE_MS },
]);

type Schedule = Pick<SimulationOptions, 'plaidFlow' | 'hintedShare' | 'maxPollDelayMs'>;

async function main(): Promise<void> {
  const { sessions, seed } = new Command('simulate')
    .description(
      'play sessions in virtual time through the schedule of gets, and tell what it costs and how late it is',
    )
    .option('--sessions <number>', 'how many, over one day', wholeNumber, 1_000_000)
    .option('--seed <number>', 'makes it repeatable', wholeNumber, 1)
    .parse()
    .opts<{ sessions: number; seed: number }>();
  const lags: Series[] = [];
  const rates: Series[] = [];
  const rows: Record<string, unknown>[] = [];
  for (const schedule of SCHEDULES) {
    const startedAt = Date.now();
    const result = simulate({ sessions, ...schedule, behaviour: BEHAVIOUR, seed });
    const name = nameOf(schedule);
    rows.push({ name, ...summary(result), 'computed in (s)': (Date.now() - startedAt) / 1_000 });
    lags.push({ name, points: distribution(result.lagsMs, 1_000) });
    rates.push({ name, points: byMinute(result.getsPerSecond) });
  }
  process.stdout.write(
    `${sessions} sessions over a day, --seed ${seed}; people as in bench/simulate/population.ts\n\n`,
  );
  for (const { name, ...figures } of rows) {
    process.stdout.write(`${String(name)}\n`);
    for (const [what, figure] of Object.entries(figures))
      process.stdout.write(`  ${what.padEnd(44)}${String(figure)}\n`);
  }
  await mkdir(RESULTS, { recursive: true });
  await writeFile(join(RESULTS, 'simulate.json'), `${JSON.stringify({ sessions, seed, rows }, null, 2)}\n`);
  await writeFile(
    join(RESULTS, 'simulate-lag.svg'),
    plotSvg({
      title: 'Lag between a change and the get that finds it',
      xLabel: 'share of changes',
      yLabel: 'lag (s)',
      series: lags,
      logY: true,
    }),
  );
  await writeFile(
    join(RESULTS, 'simulate-rate.svg'),
    plotSvg({
      title: `Gets a second, ${sessions} sessions over a day`,
      xLabel: 'minute of the day',
      yLabel: 'gets a second',
      series: rates,
    }),
  );
}

function nameOf({ plaidFlow, hintedShare, maxPollDelayMs }: Schedule): string {
  const cap = maxPollDelayMs ? `, at most ${maxPollDelayMs / MINUTE_MS} min` : '';
  return `${plaidFlow}, ${Math.round(hintedShare * 100)} % hinted${cap}`;
}

function summary(result: SimulationResult): Record<string, unknown> {
  const { sessions, completed, gets, lagsMs, worstExcessMs, getsPerSecond, openAtEnd } = result;
  const perSecond = getsPerSecond.slice().sort();
  const at = (values: Float64Array | Uint32Array, digits: number, unit: number) =>
    SHARES.map((share) => (percentile(values, share) / unit).toFixed(digits)).join(' / ');
  return {
    completed: completed,
    'open at once, at the end of the day': openAtEnd,
    'gets a session': (gets / sessions).toFixed(1),
    'lag (s), p50 / p90 / p99 / p99.9': at(lagsMs, 1, 1_000),
    'worst lag beyond its bound (s)': (worstExcessMs / 1_000).toFixed(1),
    'gets a second, p50 / p90 / p99 / p99.9': at(perSecond, 0, 1),
    'gets in the busiest second': perSecond.at(-1) ?? 0,
  };
}

/** Shares against values, at so many places. */
function distribution(sorted: Float64Array, unit: number): [number, number][] {
  return Array.from({ length: 200 }, (_, index) => [index / 200, percentile(sorted, index / 200) / unit]);
}

function byMinute(getsPerSecond: Uint32Array): [number, number][] {
  return Array.from({ length: Math.floor(getsPerSecond.length / 60) }, (_, minute) => {
    const seconds = getsPerSecond.subarray(minute * 60, minute * 60 + 60);
    return [minute, seconds.reduce((sum, count) => sum + count, 0) / 60];
  });
}

void main();
