import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './built';

/** Programs that some tests need, and that are fetched or built where a machine lacks them. */
export type ProgramName =
  'temporal-cli' | 'time-skipping-server' | 'python-with-temporal' | 'python-with-linters' | 'compose-reader';

/** What the environment can name them by. */
const NAMED_BY: Partial<Record<ProgramName, string>> = {
  'temporal-cli': 'TEMPORAL_CLI_PATH',
  'time-skipping-server': 'TEMPORAL_TEST_SERVER_PATH',
};

interface Found {
  path?: string;
  /** Why there is none. */
  reason?: string;
}

const found = new Map<ProgramName, Found>();

/**
 * Gives the path of a program; undefined, after a line that says why, when it cannot be had. It is looked for, and fetched or built, when
 * the first test of a run asks for it; the other files of the run, in whatever process, use what that one found.
 * @throws Error with the reason, when it cannot be had and CI is set or the environment names one, so that no pipeline passes without
 * the tests that need it
 */
export function programPath(name: ProgramName): string | undefined {
  const { path, reason } = foundBefore(name) ?? find(name);
  if (path !== undefined) return path;
  if (process.env['CI'] || process.env[NAMED_BY[name] ?? '']) throw new Error(reason);
  return undefined;
}

/** `describe` for tests that need a program: skipped without it. Looks for it when it is first used, not before. */
export function describeWith(name: ProgramName): jest.Describe {
  const chosen = () => (programPath(name) === undefined ? describe.skip : describe);
  return new Proxy(describe, {
    apply: (_target, _this, args: Parameters<jest.Describe>) => chosen()(...args),
    get: (_target, key) => Reflect.get(chosen(), key) as unknown,
  });
}

function find(name: ProgramName): Found {
  const output = execFileSync(
    process.execPath,
    ['--import', 'tsx', join(__dirname, 'find-program.ts'), name],
    {
      cwd: ROOT,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const result = JSON.parse(output) as Found;
  if (result.reason !== undefined)
    process.stderr.write(`Tests that need ${name} are SKIPPED. ${result.reason}\n`);
  keep(name, result);
  return result;
}

function foundBefore(name: ProgramName): Found | undefined {
  const file = fileOfRun(name);
  if (!found.has(name) && file !== undefined && existsSync(file))
    found.set(name, JSON.parse(readFileSync(file, 'utf8')) as Found);
  return found.get(name);
}

function keep(name: ProgramName, result: Found): void {
  found.set(name, result);
  const file = fileOfRun(name);
  if (file === undefined) return;
  writeFileSync(`${file}.${process.pid}`, JSON.stringify(result));
  renameSync(`${file}.${process.pid}`, file);
}

/** Where the processes of a test run keep what they found for each other; jest.config.js makes the folder. */
function fileOfRun(name: ProgramName): string | undefined {
  const folder = process.env['TEST_RUN_FOLDER'];
  return folder === undefined ? undefined : join(folder, `${name}.json`);
}
