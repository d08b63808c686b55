import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { importsAcrossFence } from '../../testing/workflow-bundle';

const ROOT = join(__dirname, '../..');
const WORKFLOWS = join(ROOT, 'src', 'workflows');
/** Two bundles, or ESLint with types, on a busy machine. */
const SLOW_MS = 180_000;

interface Finding {
  ruleId: string;
  message: string;
}

/** What ESLint finds in each text, were it the named file's. */
async function lint(sources: { filePath: string; text: string }[], cwd = ROOT): Promise<Finding[][]> {
  const child = spawn(process.execPath, [join(ROOT, 'testing/lint-texts.mjs')], {
    cwd,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(JSON.stringify(sources));
  return JSON.parse(await text(child.stdout)) as Finding[][];
}

describe('ESLint', () => {
  const workflow = 'src/workflows/index.ts';
  const wall = 'boundaries/dependencies';
  const refused: [what: string, filePath: string, source: string, rule: string][] = [
    ['node:fs in a workflow', workflow, `export { readFileSync } from 'node:fs';`, wall],
    ['undici in a workflow', workflow, `export { fetch } from 'undici';`, wall],
    ['process in a workflow', workflow, `export const p = process.pid;`, 'no-restricted-globals'],
    ['Buffer in a workflow', workflow, `export const b = Buffer.from('');`, 'no-restricted-globals'],
    ['globalThis in a workflow', workflow, `export const g = globalThis;`, 'no-restricted-globals'],
    ['import() in a workflow', workflow, `export const f = import('../domain/ids');`, 'no-restricted-syntax'],
    [
      'an activity as a value in a workflow',
      workflow,
      `export { createActivities } from '../activities';`,
      wall,
    ],
    ['a type of plaid in a workflow', workflow, `export type { PlaidClient } from '../plaid/plaid';`, wall],
    ['a room in domain', 'src/domain/ids.ts', `export type { Secret } from '../secrets/secret';`, wall],
    ['a package as a value in domain', 'src/domain/ids.ts', `export { z } from 'zod';`, wall],
    ['the door of the worker in that of the client', 'src/client.ts', `export * from './worker';`, wall],
    ['Temporal in plaid', 'src/plaid/plaid.ts', `export { log } from '@temporalio/activity';`, wall],
    [
      'a dynamic import through a wall',
      'src/plaid/plaid.ts',
      `export const v = import('../vault/vault');`,
      wall,
    ],
    ['types through a wall', 'src/vault/vault.ts', `export type * from '../plaid/plaid';`, wall],
    ['a workflow in an activity', 'src/activities/index.ts', `export type * from '../workflows';`, wall],
    ['testing in src', 'src/client.ts', `export { until } from '../testing/until';`, wall],
    [
      'process.env outside of src/config',
      'src/client.ts',
      `export const { env } = process;`,
      'no-restricted-properties',
    ],
    [
      'a promise that nobody waits for',
      'src/client.ts',
      `const f = async () => 1;\nf();`,
      '@typescript-eslint/no-floating-promises',
    ],
    [
      'a function with more than 15 ways through it',
      'src/client.ts',
      `export const f = (n: number) => ${'n > 1 && '.repeat(15)}n;`,
      'complexity',
    ],
    [
      'a function of more than 60 lines in a workflow',
      workflow,
      `export function f(): void {\n${'  f();\n'.repeat(61)}}`,
      'max-lines-per-function',
    ],
  ];
  const accepted: [what: string, filePath: string, source: string][] = [
    ['the types of an activity in a workflow', workflow, `export type { Activities } from '../activities';`],
    [
      'Temporal, the domain and siblings in a workflow',
      workflow,
      `export { sleep } from '@temporalio/workflow';\nexport { TASK_QUEUES } from '../domain/ids';\nexport { statusQuery } from './messages';`,
    ],
    ['timers in a workflow', workflow, `setTimeout(() => undefined, 1);`],
    [
      'a dynamic import of a sibling in the command line',
      'src/cli/worker.ts',
      `export const load = () => import('./actions/worker.js');`,
    ],
    ['a room below in plaid', 'src/plaid/plaid.ts', `export { Secret } from '../secrets/secret';`],
  ];
  let findings: Finding[][];

  beforeAll(async () => {
    findings = await lint(
      [...refused, ...accepted].map(([, filePath, source]) => ({ filePath, text: source })),
    );
  }, SLOW_MS);

  it.each(refused.map(([what, , , rule], index) => ({ what, rule, index })))(
    'refuses $what',
    ({ rule, index }) => {
      expect(findings[index]!.map(({ ruleId }) => ruleId)).toContain(rule);
    },
  );

  it.each(accepted.map(([what], index) => ({ what, index: refused.length + index })))(
    'accepts $what',
    ({ index }) => {
      expect(findings[index]).toEqual([]);
    },
  );
});

describe('a file outside of every room', () => {
  let copy: string;

  beforeEach(async () => {
    copy = await mkdtemp(join(tmpdir(), 'rooms-'));
    await mkdir(join(copy, 'src', 'attic'), { recursive: true });
    for (const file of ['eslint.config.mjs', 'tsconfig.json', 'package.json'])
      await cp(join(ROOT, file), join(copy, file));
    await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  });
  afterEach(async () => await rm(copy, { recursive: true }));

  it.each(['src/loose.ts', 'src/attic/old.ts'])(
    '%s fails lint',
    async (file) => {
      await writeFile(join(copy, file), 'export const answer = 42;\n');
      const findings = await lint([{ filePath: file, text: 'export const answer = 42;\n' }], copy);
      expect(findings).toEqual([[expect.objectContaining({ ruleId: 'boundaries/no-unknown-files' })]]);
    },
    SLOW_MS,
  );
});

describe('the bundle of the workflows', () => {
  let copy: string;

  beforeEach(async () => {
    await mkdir(join(ROOT, '.cache'), { recursive: true });
    copy = await mkdtemp(join(ROOT, '.cache', 'fence-'));
    await cp(join(ROOT, 'src'), join(copy, 'src'), { recursive: true });
  });
  afterEach(async () => await rm(copy, { recursive: true }));

  it(
    'holds nothing from outside the fence',
    async () => {
      expect(await importsAcrossFence(WORKFLOWS)).toEqual([]);
    },
    SLOW_MS,
  );

  it.each([
    ['a file outside of the folder', `export * from '../secrets/digest';`, 'src/secrets/digest.ts'],
    ['an activity', `export * from '../activities/failures';`, 'src/activities/failures.ts'],
    ['a package', `export * from 'zod';`, 'zod'],
    ["one of Node's own modules", `export * from 'node:fs';`, 'node:fs'],
  ])(
    'is refused with %s that comes in through another file',
    async (_what, source, imported) => {
      await writeFile(join(copy, 'src', 'workflows', 'between.ts'), source);
      await writeFile(join(copy, 'src', 'workflows', 'index.ts'), `export * from './between';`);
      const crossing = await importsAcrossFence(join(copy, 'src', 'workflows'));
      expect(crossing).toContain(`src/workflows/between.ts imports ${imported}`);
    },
    SLOW_MS,
  );
});
