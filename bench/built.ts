import { createRequire } from 'node:module';
import { join } from 'node:path';

const DIST = join(__dirname, '../dist');

/** The workflows, bundled. */
export const BUILT_WORKFLOWS = join(DIST, 'workflow-bundle.js');

const load = createRequire(__filename);

/**
 * A module of this project as `npm run build` made it, by its path in `src`: `built<typeof import('../../src/plaid/client')>('plaid/client')`.
 * What runs the benches from their sources makes a call for each function that a function makes, to keep its name; measured is
 * what a deployment runs.
 * @throws Error when there is no `dist`
 */
export function built<Module>(path: string): Module {
  return load(join(DIST, path)) as Module;
}
