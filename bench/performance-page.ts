import { asProgram, rewritePage, withSection } from '../tools/generated-page';
import { type KeptResult, readResults } from './results';
import { renderTable } from './table';

const PAGE = 'docs/performance.md';
const MARK = /<!-- bench: ([a-z-]+) -->/g;

/**
 * Puts what was measured into the text of docs/performance.md, the table of each bench between its two marks; the formatter does the rest.
 * @throws Error when marks and results are not those of the same benches
 */
export function withBenchTables(page: string, results: ReadonlyMap<string, KeptResult>): string {
  for (const [, name] of page.matchAll(MARK)) {
    if (!results.has(name!))
      throw new Error(`nothing is kept of the bench ${name}, which ${PAGE} has marks for`);
  }
  return [...results].reduce(
    (text, [name, result]) =>
      withSection(text, PAGE, `bench: ${name}`, `${renderTable(result.rows)}\n\n${caption(result)}`),
    page,
  );
}

function caption({ date, rounds, cpus, cpu, memory, node, commit, versions }: KeptResult): string {
  const compared = Object.entries(versions).map(([name, version]) => `, ${name} ${version}`);
  return `${date.slice(0, 16).replace('T', ' ')} UTC, ${rounds} rounds, ${cpus} x ${cpu}, ${memory} GiB, Node ${node}${compared.join('')}, commit ${commit ?? 'unknown'}.`;
}

asProgram(module, () => rewritePage(PAGE, async (page) => withBenchTables(page, await readResults())));
