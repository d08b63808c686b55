import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, onPath, provision, type Log } from './provision';
import { runProgram } from './run-program';

const INSTALL_TIMEOUT_MS = 10 * 60_000;

/** What a Python is to have: a line for an error or for progress, and a file of requirements. */
const WANTED = {
  temporal: { what: "Temporal's SDK", requirements: '../examples/python/requirements.txt' },
  linters: { what: 'linters of deployments', requirements: 'linters/requirements.txt' },
};

/**
 * Gives the path of a Python that has Temporal's SDK as examples/python asks for it, or the linters that tests hold the files of
 * deployments against: one in the cache folder, made once. Programs of what it has are beside it.
 * @throws Error when there is none and none can be made: why, and the remedy
 */
export async function findPython({
  log,
  env = process.env,
  wanted = 'temporal',
}: {
  log: Log;
  env?: NodeJS.ProcessEnv;
  wanted?: keyof typeof WANTED;
}): Promise<string> {
  const folder = cacheFolder(env);
  const requirements = join(__dirname, WANTED[wanted].requirements);
  const version = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const environment = join(folder, `python-${version}`);
  return await provision({
    program: `Python with ${WANTED[wanted].what}`,
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
                ['--only-binary', ':all:', '-r', requirements],
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
