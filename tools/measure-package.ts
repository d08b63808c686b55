import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { readdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pack } from '../testing/packed';

const run = promisify(execFile);

/** Odd, so that the median is a measurement. */
const RUNS = 15;

/** What an installed package costs an application. */
interface Cost {
  packages: number;
  megabytes: number;
  /** Of `require`, in milliseconds of CPU: the median. */
  requireMs: number;
}

/** Installs packages into an empty project and measures it, with `required` as the module that the application loads. */
async function measure(packages: readonly string[], required: string): Promise<Cost> {
  const project = await mkdtemp(join(tmpdir(), 'hosted-link-measured-'));
  try {
    await writeFile(join(project, 'package.json'), JSON.stringify({ private: true }));
    await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...packages], {
      cwd: project,
    });
    const { stdout } = await run('npm', ['ls', '--all', '--parseable'], { cwd: project });
    // The first line is the project itself.
    const installed = stdout.trim().split('\n').length - 1;
    const code = `const t = process.cpuUsage(); require('${required}'); const u = process.cpuUsage(t); console.log((u.user + u.system) / 1000)`;
    const times = Array.from({ length: RUNS }, () =>
      Number(spawnSync(process.execPath, ['-e', code], { cwd: project, encoding: 'utf8' }).stdout),
    ).sort((a, b) => a - b);
    const bytes = sizeOf(join(project, 'node_modules'));
    return { packages: installed, megabytes: bytes / 1e6, requireMs: times[(RUNS - 1) / 2]! };
  } finally {
    await rm(project, { recursive: true });
  }
}

/** Returns the bytes of all files in a folder. */
function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

/** Returns the median of the CPU time of a program in Node, in milliseconds. */
function cpuOf(...args: string[]): number {
  const times = Array.from({ length: RUNS }, () => {
    const script = `TIMEFORMAT='%U %S'; time "$0" "$@" >/dev/null 2>&1`;
    const { stderr } = spawnSync('bash', ['-c', script, process.execPath, ...args], { encoding: 'utf8' });
    return stderr
      .trim()
      .split(' ')
      .reduce((sum, seconds) => sum + Number(seconds) * 1_000, 0);
  }).sort((a, b) => a - b);
  return times[(RUNS - 1) / 2]!;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function main(): Promise<void> {
  const packed = await pack();
  try {
    const theirs = await measure(['@temporalio/client@1.24.0'], '@temporalio/client');
    const ours = await measure(
      [packed.tarball, '@temporalio/client@1.24.0', '@temporalio/common@1.24.0'],
      'hosted-link/client',
    );
    for (const [name, { packages, megabytes, requireMs }] of Object.entries({
      '@temporalio/client': theirs,
      'hosted-link': ours,
    }))
      print(`${name}: ${packages} packages, ${megabytes.toFixed(1)} MB, require ${requireMs.toFixed(0)} ms`);
    print(
      `size ${(ours.megabytes / theirs.megabytes).toFixed(2)} x, require ${(ours.requireMs / theirs.requireMs).toFixed(2)} x`,
    );
  } finally {
    await packed.remove();
  }
  const bare = cpuOf('-e', '0');
  for (const flag of ['--version', '--help']) {
    const command = cpuOf(join(__dirname, '../bin/hosted-link.js'), flag);
    print(
      `hosted-link ${flag}: ${command.toFixed(0)} ms of CPU, ${(command / bare).toFixed(2)} x node -e 0 (${bare.toFixed(0)} ms)`,
    );
  }
}

void main();
