import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
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
async function lint(sources: { filePath: string; text: string }[]): Promise<Finding[][]> {
  const child = spawn(process.execPath, [join(ROOT, 'testing/lint-texts.mjs')], {
    cwd: ROOT,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(JSON.stringify(sources));
  return JSON.parse(await text(child.stdout)) as Finding[][];
}

describe('ESLint', () => {
  const workflow = 'src/workflows/index.ts';
  const imports = '@typescript-eslint/no-restricted-imports';
  const refused: [what: string, filePath: string, source: string, rule: string][] = [
    ['node:fs in a workflow', workflow, `export { readFileSync } from 'node:fs';`, imports],
    ['undici in a workflow', workflow, `import { fetch } from 'undici';\nvoid fetch('');`, imports],
    ['process in a workflow', workflow, `export const p = process.pid;`, 'no-restricted-globals'],
    ['Buffer in a workflow', workflow, `export const b = Buffer.from('');`, 'no-restricted-globals'],
    ['globalThis in a workflow', workflow, `export const g = globalThis;`, 'no-restricted-globals'],
    ['import() in a workflow', workflow, `export const f = import('../session');`, 'no-restricted-syntax'],
    ['a value import of an activity', workflow, `export { createActivities } from '../activities';`, imports],
    [
      'a type of plaid in a workflow',
      workflow,
      `export type { PlaidClient } from '../plaid/plaid';`,
      imports,
    ],
    [
      'any import in session.ts',
      'src/domain/session.ts',
      `export { Secret } from './secret';`,
      'no-restricted-syntax',
    ],
    ['worker.ts in the client', 'src/client.ts', `export * from './worker';`, imports],
    ['Temporal in plaid', 'src/plaid/plaid.ts', `export { log } from '@temporalio/activity';`, imports],
    ['plaid in the vault', 'src/vault/vault.ts', `export type * from '../plaid/plaid';`, imports],
    ['a workflow in an activity', 'src/activities/index.ts', `export type * from '../workflows';`, imports],
    [
      'process.env outside of config.ts',
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
  ];
  const accepted: [what: string, filePath: string, source: string][] = [
    ['the types of an activity', workflow, `export type { Activities } from '../activities';`],
    [
      'Temporal, session.ts and siblings',
      workflow,
      `export { sleep } from '@temporalio/workflow';\nexport { TASK_QUEUES } from '../session';\nexport { statusQuery } from './messages';`,
    ],
    ['timers', workflow, `setTimeout(() => undefined, 1);`],
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
    'accepts $what in a workflow',
    ({ index }) => {
      expect(findings[index]).toEqual([]);
    },
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
