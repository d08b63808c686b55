import { mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { goInstall } from './go-install';
import { cacheFolder, provision, type Log } from './provision';

/** Has the schema of Compose files, and is what Docker Compose itself reads them with. */
const MODULE = 'github.com/compose-spec/compose-go/v2/cmd';
const VERSION = '2.9.1';

/**
 * Gives the path of a program that reads Compose files as Docker Compose does, with the environment for variables, and prints what it
 * makes of them: the one in the cache folder, made once by `go install`.
 * @throws Error when it cannot be built: why, and the remedy
 */
export async function findComposeReader({
  log,
  env = process.env,
}: {
  log: Log;
  env?: NodeJS.ProcessEnv;
}): Promise<string> {
  const folder = cacheFolder(env);
  const made = join(folder, `compose-go-${VERSION}`);
  return await provision({
    program: 'a reader of Compose files',
    cached: [made],
    sources: [
      {
        name: `go install of ${MODULE} ${VERSION}`,
        fetch: async () => {
          const bin = await mkdtemp(join(folder, 'go-install-'));
          try {
            await goInstall([`${MODULE}@v${VERSION}`], bin, env);
            await rename(join(bin, 'cmd'), made);
          } finally {
            await rm(bin, { recursive: true, force: true });
          }
          return made;
        },
      },
    ],
    remedy: 'Install Go 1.21 or newer.',
    folder,
    log,
  });
}
