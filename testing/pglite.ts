import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { embeddedDatabaseUrl } from '../src/vault';

const ROOT = join(__dirname, '..');

/** The embedded database in a process of its own. */
export interface PgliteOwner {
  pid: number;
  databaseUrl: string;
  /** Lets the owner close the database and waits for its end. */
  stop(): Promise<void>;
  /** Ends the owner by SIGKILL. */
  kill(): Promise<void>;
}

/**
 * Starts the owner of the embedded database in `dataDir`. A `dataDir` without a vault gets a copy of an empty database.
 * @throws what the owner says when it may not own it, `<code> <message>`
 */
export async function startPglite(dataDir: string): Promise<PgliteOwner> {
  if (!existsSync(join(dataDir, 'vault'))) await copyEmptyDatabase(dataDir);
  return startOwner(dataDir);
}

/** Puts an empty embedded database into `dataDir`, which saves its first owner seconds of computing. */
export async function copyEmptyDatabase(dataDir: string): Promise<void> {
  await cp(await emptyDatabase(), join(dataDir, 'vault/database'), {
    recursive: true,
    mode: constants.COPYFILE_FICLONE,
  });
}

/** As {@link startPglite}, with PGlite making the database itself if need be, which takes seconds of computing. */
export async function startOwner(dataDir: string): Promise<PgliteOwner> {
  const child = spawnTypeScript('testing/pglite-owner.ts', [dataDir]);
  const exited = once(child, 'exit');
  const line = await firstLine(child);
  if (line !== 'ready') {
    await exited;
    throw new Error(line.replace(/^refused /, ''));
  }
  return {
    pid: child.pid!,
    databaseUrl: embeddedDatabaseUrl(dataDir),
    async stop() {
      child.stdin!.end();
      await exited;
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** Runs a TypeScript file of this repository with its standard input and output piped. */
export function spawnTypeScript(file: string, args: readonly string[]): ChildProcess {
  return spawn(process.execPath, ['--import', 'tsx', join(ROOT, file), ...args], {
    cwd: ROOT,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

/** The first line of the child's output, or `ended` when there is none. */
export async function firstLine(child: ChildProcess): Promise<string> {
  const lines = createInterface({ input: child.stdout! });
  for await (const line of lines) return line;
  return 'ended';
}

/** A folder with an empty database, made once for each version of PGlite and kept beside the installed packages. */
async function emptyDatabase(): Promise<string> {
  const manifest = await readFile(join(ROOT, 'node_modules/@electric-sql/pglite/package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  const template = join(ROOT, 'node_modules/.cache/hosted-link', `pglite-${version}`);
  if (existsSync(template)) return template;
  const folder = await mkdtemp(join(tmpdir(), 'hosted-link-pglite-'));
  const unfinished = `${template}-${process.pid}`;
  try {
    await (await startOwner(folder)).stop();
    await cp(join(folder, 'vault/database'), unfinished, { recursive: true });
    // When two make one at once, the second finds a folder that is not empty, and that is as good.
    await rename(unfinished, template).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(unfinished, { recursive: true, force: true });
    await rm(folder, { recursive: true, force: true });
  }
  return template;
}
