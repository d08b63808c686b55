import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(__dirname, '..');

/** The last file that `npm run build` makes. */
export const BUILT_WORKFLOWS = join(ROOT, 'dist/workflow-bundle.js');

/** True when `npm run build`, which `npm test` begins with, ran after the last change in src: then tests may use dist. */
export function isBuilt(): boolean {
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
  const changedMs = Math.max(...sources.map((file) => statSync(join(ROOT, 'src', file)).mtimeMs));
  return (statSync(BUILT_WORKFLOWS, { throwIfNoEntry: false })?.mtimeMs ?? 0) > changedMs;
}
