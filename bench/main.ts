import { Command, Option } from 'commander';
import { BENCHES } from './benches';
import { describeMeasurement } from './machine';
import { keepResult } from './results';
import { renderTable } from './table';
import { wholeNumber } from './whole-number';

interface Options {
  smoke: boolean;
  only: string[];
  rounds: number;
  seed: number;
  openSessions?: number;
}

async function main(): Promise<void> {
  const names = BENCHES.map(({ name }) => name);
  const { smoke, only, rounds, seed, openSessions } = new Command('bench')
    .description('measure this project beside what there would be instead of it, one bench after the other')
    .option('--smoke', 'only show that each can run: a minute, and nothing is kept', false)
    .addOption(new Option('--only <names...>', 'these alone').choices(names).default(names, 'all'))
    .option('--rounds <number>', 'how often each side is measured', wholeNumber, 9)
    .option(
      '--open-sessions <number>',
      'how many sessions the bench of that name opens (default: 5000)',
      wholeNumber,
    )
    .option('--seed <number>', 'makes what is drawn at random repeatable', wholeNumber, 1)
    .parse()
    .opts<Options>();
  const measurement = describeMeasurement();
  const { date, commit, node, cpu, cpus, memory } = measurement;
  print(`${date}, ${commit ?? 'no commit'}, Node ${node}, ${cpus} x ${cpu}, ${memory} GiB`);
  for (const bench of BENCHES.filter(({ name }) => only.includes(name))) {
    print(`\n${bench.name}: ${bench.what}`);
    const startedMs = performance.now();
    try {
      const log = (line: string) => print(`  ${line}`);
      const result = await bench.run({
        scale: smoke ? 'smoke' : 'full',
        rounds: smoke ? 1 : rounds,
        seed,
        openSessions,
        log,
      });
      print(`\n${renderTable(result.rows)}\n`);
      if (!smoke) await keepResult(bench, result, { ...measurement, rounds, seed });
    } catch (error) {
      process.exitCode = 1;
      print(
        `${bench.name} could not run: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      );
    }
    print(`${bench.name} took ${((performance.now() - startedMs) / 1_000).toFixed(1)} s`);
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

void main();
