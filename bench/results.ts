import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bench, BenchResult } from './bench';
import type { Measurement } from './machine';
import { plotSvg } from './plot';

const RESULTS = join(__dirname, 'results');

/** What is kept of a bench, in `bench/results/<name>.json`. */
export interface KeptResult
  extends Pick<Bench, 'name' | 'what'>, Measurement, Pick<BenchResult, 'versions' | 'rows'> {
  rounds: number;
  seed: number;
}

/** Keeps what a bench found, and draws its plots beside it, in place of what was there. */
export async function keepResult(
  { name, what }: Bench,
  { rows, versions, plots = [] }: BenchResult,
  measurement: Measurement & Pick<KeptResult, 'rounds' | 'seed'>,
): Promise<void> {
  await mkdir(RESULTS, { recursive: true });
  const kept: KeptResult = { name, what, ...measurement, versions, rows };
  await writeFile(join(RESULTS, `${name}.json`), `${JSON.stringify(kept, null, 2)}\n`);
  for (const { name: plotName, ...plot } of plots)
    await writeFile(join(RESULTS, `${plotName}.svg`), plotSvg(plot));
}

/** What is kept of each bench, by its name. */
export async function readResults(): Promise<Map<string, KeptResult>> {
  const results = new Map<string, KeptResult>();
  for (const file of await readdir(RESULTS)) {
    // The simulation keeps what it found there too.
    if (!file.endsWith('.json') || file === 'simulate.json') continue;
    const result = JSON.parse(await readFile(join(RESULTS, file), 'utf8')) as KeptResult;
    results.set(result.name, result);
  }
  return results;
}
