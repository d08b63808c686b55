import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type KeptResult, readResults } from './results';
import { renderTable } from './table';

const PAGE = join(__dirname, '../docs/performance.md');
const MARKED = /<!-- bench: ([a-z-]+) -->[^]*?<!-- \/bench: \1 -->/g;

/**
 * Puts what was measured into the text of docs/performance.md, the table of each bench between its two marks; the formatter does the rest.
 * @throws Error when marks and results are not those of the same benches
 */
export function withBenchTables(page: string, results: ReadonlyMap<string, KeptResult>): string {
  const unshown = new Set(results.keys());
  const filled = page.replace(MARKED, (_, name: string) => {
    const result = results.get(name);
    if (!result)
      throw new Error(`nothing is kept of the bench ${name}, which docs/performance.md has marks for`);
    unshown.delete(name);
    const [start, end] = [`<!-- bench: ${name} -->`, `<!-- /bench: ${name} -->`];
    return [start, renderTable(result.rows), caption(result), end].join('\n\n');
  });
  if (unshown.size > 0) throw new Error(`docs/performance.md lacks the marks of ${[...unshown].join(', ')}`);
  return filled;
}

function caption({ date, rounds, cpus, cpu, memory, node, commit, versions }: KeptResult): string {
  const compared = Object.entries(versions).map(([name, version]) => `, ${name} ${version}`);
  return `${date.slice(0, 16).replace('T', ' ')} UTC, ${rounds} rounds, ${cpus} x ${cpu}, ${memory} GiB, Node ${node}${compared.join('')}, commit ${commit ?? 'unknown'}.`;
}

async function main(): Promise<void> {
  await writeFile(PAGE, withBenchTables(await readFile(PAGE, 'utf8'), await readResults()));
}

if (require.main === module) {
  main().catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exitCode = 1;
  });
}
