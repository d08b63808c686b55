import { mkdir, mkdtemp, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** The folder in which a demo keeps its databases, keys and logs. */
export interface DataDir {
  path: string;
  /** Whether it outlives the demo. */
  kept: boolean;
  /** Deletes it, when it is not kept. */
  remove(): Promise<void>;
}

/**
 * Makes the folder that was asked for, or a temporary one.
 * @throws Error when it holds anything: what it would be searched for is only what this demo issues
 */
export async function makeDataDir(asked: string | undefined): Promise<DataDir> {
  if (asked === undefined) {
    // Short, since the path of a Unix socket inside may have 103 bytes.
    const path = await realpath(await mkdtemp(join(tmpdir(), 'hl-demo-')));
    return { path, kept: false, remove: () => rm(path, { recursive: true, force: true }) };
  }
  const path = resolve(asked);
  await mkdir(path, { recursive: true, mode: 0o700 });
  if ((await readdir(path)).length > 0)
    throw new Error(`--data-dir: ${path} is not empty; name an empty or a new folder`);
  return { path, kept: true, remove: async () => {} };
}
