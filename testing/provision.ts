import { access, constants, mkdir, open } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { tryLock } from 'fs-native-extensions';

/** Takes one line of progress, without a newline. */
export type Log = (line: string) => void;

/** One way to get a program. */
export interface ProgramSource {
  /** What it does, as the error at the end and the progress lines say it: "the SDK's own download". */
  name: string;
  /** Added to the progress line, when it takes long: "once; some minutes". */
  takes?: string;
  /** Puts the program in place and gives its path; rejects with the reason when it cannot. */
  fetch: () => Promise<string>;
}

/** How to get one program. */
export interface Provision {
  /** "a Temporal server" */
  program: string;
  /** Where earlier runs left it, best first. What is there is complete: sources rename into place. */
  cached: string[];
  /** Tried in order when nothing is cached. */
  sources: ProgramSource[];
  /** What a person can do when every source failed. */
  remedy: string;
  /** The project's cache folder, see {@link cacheFolder}. */
  folder: string;
  log: Log;
}

/** After this time, in milliseconds, a step says what it is doing. */
const SILENT_MS = 2_000;
/** A long step says that it still runs every so many milliseconds. */
const REMIND_MS = 60_000;

/** Where downloaded and built programs are kept: HOSTED_LINK_CACHE_DIR, else `hosted-link` in XDG_CACHE_HOME, else in ~/.cache. */
export function cacheFolder(env: NodeJS.ProcessEnv): string {
  if (env['HOSTED_LINK_CACHE_DIR']) return env['HOSTED_LINK_CACHE_DIR'];
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'hosted-link');
}

/**
 * Gives the path of a program: a cached one, or the first that a source can put in place. Only one process at a time
 * tries the sources (an OS lock on a file in the cache folder, which ends with its process); the others wait and use what
 * it made.
 * @throws Error when every source failed: what was tried, why each failed, and the remedy
 */
export async function provision({
  program,
  cached,
  sources,
  remedy,
  folder,
  log,
}: Provision): Promise<string> {
  const before = await firstExecutable(cached);
  if (before) return before;
  await mkdir(folder, { recursive: true });
  const lockFile = await open(join(folder, 'provision.lock'), 'a+');
  try {
    await whileTelling(log, `Waiting for another process that prepares ${program}`, async () => {
      while (!tryLock(lockFile.fd)) await delay(100);
    });
    const meanwhile = await firstExecutable(cached);
    if (meanwhile) return meanwhile;
    const failures: string[] = [];
    for (const source of sources) {
      const what = `Getting ${program} by ${source.name}`;
      try {
        return await whileTelling(log, what, source.fetch, source.takes);
      } catch (error) {
        failures.push(`- ${source.name}: ${reason(error)}`);
      }
    }
    throw new Error(`No way to get ${program} worked.\n${failures.join('\n')}\n${remedy}`);
  } finally {
    await lockFile.close();
  }
}

/** Gives the path of the executable `name` on the PATH of `env`, or undefined. */
export async function onPath(name: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return await firstExecutable(folders.map((folder) => join(folder, name)));
}

/** True when `path` is there and may be executed. */
export async function isExecutable(path: string): Promise<boolean> {
  return await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function firstExecutable(paths: string[]): Promise<string | undefined> {
  for (const path of paths) if (await isExecutable(path)) return path;
  return undefined;
}

async function whileTelling<T>(log: Log, what: string, action: () => Promise<T>, takes?: string): Promise<T> {
  const start = Date.now();
  const seconds = () => Math.round((Date.now() - start) / 1_000);
  let told = false;
  const first = setTimeout(() => {
    told = true;
    log(`${what}${takes ? ` (${takes})` : ''} ...`);
  }, SILENT_MS);
  const reminder = setInterval(() => log(`${what}: ${seconds()} s so far ...`), REMIND_MS);
  try {
    const result = await action();
    if (told) log(`${what}: done in ${seconds()} s.`);
    return result;
  } finally {
    clearTimeout(first);
    clearInterval(reminder);
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
