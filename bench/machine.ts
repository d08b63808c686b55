import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';

const ROOT = join(__dirname, '..');

/** Where and when something was measured, and on which state of the code. */
export interface Measurement {
  /** ISO 8601. */
  date: string;
  /** The commit's hash, with `-dirty` when something but results was changed since; undefined outside of a repository. */
  commit: string | undefined;
  node: string;
  cpu: string;
  cpus: number;
  /** In GiB. */
  memory: number;
}

/** This machine, now. */
export function describeMeasurement(): Measurement {
  const processors = cpus();
  return {
    date: new Date().toISOString(),
    commit: commit(),
    node: process.version,
    cpu: processors[0]?.model ?? 'unknown',
    cpus: processors.length,
    memory: Math.round(totalmem() / 1024 ** 3),
  };
}

/** The version of an installed package. @throws when it is not installed */
export function packageVersion(name: string): string {
  const text = readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

function commit(): string | undefined {
  try {
    const changes = git('status', '--porcelain', '--', '.', ':!bench/results');
    return git('rev-parse', '--short=12', 'HEAD') + (changes === '' ? '' : '-dirty');
  } catch {
    return undefined;
  }
}

function git(...args: string[]): string {
  return execFileSync('git', args, {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
}
