import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, onPath, provision, type Log } from './provision';
import { runProgram } from './run-program';

const REQUIREMENTS = join(__dirname, '../examples/python/requirements.txt');
const INSTALL_TIMEOUT_MS = 10 * 60_000;

/**
 * Gives the path of a Python that has Temporal's SDK as examples/python asks for it: one in the cache folder, made once.
 * @throws Error when there is none and none can be made: why, and the remedy
 */
export async function findPython({
  log,
  env = process.env,
}: {
  log: Log;
  env?: NodeJS.ProcessEnv;
}): Promise<string> {
  const folder = cacheFolder(env);
  const version = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 12);
  const environment = join(folder, `python-${version}`);
  return await provision({
    program: "Python with Temporal's SDK",
    cached: [join(environment, 'bin/python')],
    sources: [
      {
        name: 'pip install into an environment of its own',
        fetch: async () => {
          const python = await onPath('python3', env);
          if (!python) throw new Error('python3 is not on PATH');
          const making = await mkdtemp(join(folder, 'python-making-'));
          const options = { env, timeoutMs: INSTALL_TIMEOUT_MS };
          try {
            await runProgram(python, ['-m', 'venv', making], options);
            await runProgram(
              join(making, 'bin/python'),
              [
                ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'],
                ['--only-binary', ':all:', '-r', REQUIREMENTS],
              ].flat(),
              options,
            );
            await rename(making, environment);
            return join(environment, 'bin/python');
          } finally {
            await rm(making, { recursive: true, force: true });
          }
        },
      },
    ],
    remedy: 'Install Python 3.10 or newer with its venv module (Debian: python3-venv).',
    folder,
    log,
  });
}
