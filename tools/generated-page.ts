import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const ROOT = join(__dirname, '..');

/**
 * Puts a text between the two marks `<!-- mark -->` and `<!-- /mark -->` of a page, in place of what stands there; the formatter does the rest.
 * @param file what the page is called in an error
 * @throws Error when the page lacks a mark
 */
export function withSection(page: string, file: string, mark: string, text: string): string {
  const [start, end] = [`<!-- ${mark} -->`, `<!-- /${mark} -->`];
  const [before, after] = [page.indexOf(start), page.indexOf(end)];
  if (before < 0 || after < before) throw new Error(`${file} lacks ${start} … ${end}`);
  return `${page.slice(0, before)}${start}\n\n${text}\n\n${page.slice(after)}`;
}

/** Writes a page anew. @param file from the root of this project */
export async function rewritePage(
  file: string,
  rewrite: (page: string) => string | Promise<string>,
): Promise<void> {
  const path = join(ROOT, file);
  await writeFile(path, await rewrite(await readFile(path, 'utf8')));
}

/** Runs what a file does as a program, when that is what it was started as; a failure is told, and is its exit code. */
export function asProgram(module: NodeJS.Module, run: () => Promise<void>): void {
  if (require.main !== module) return;
  run().catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exitCode = 1;
  });
}
