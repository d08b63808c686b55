import { onPath } from './provision';
import { runProgram } from './run-program';

const TIMEOUT_MS = 30 * 60_000;

/**
 * Builds programs of Go modules by `go install`, without symbols and without C, into the folder `bin`.
 * @param packages `path@version`, all of one module
 * @throws Error when there is no Go, or it cannot build them: the last of what it said
 */
export async function goInstall(
  packages: readonly string[],
  bin: string,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const go = await onPath('go', env);
  if (!go) throw new Error('go is not on PATH');
  await runProgram(go, ['install', '-ldflags=-s -w', ...packages], {
    // An older Go fetches the one that the module asks for by itself (Debian's has that switched off).
    env: { GOTOOLCHAIN: 'auto', ...env, GOBIN: bin, CGO_ENABLED: '0' },
    timeoutMs: TIMEOUT_MS,
  });
}
