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
  await runGo(['install', '-ldflags=-s -w', ...packages], { ...env, GOBIN: bin, CGO_ENABLED: '0' });
}

/**
 * Gives the folder in which Go keeps the sources of a module, which it fetches unless they are there. They cannot be written to.
 * @param module `path@version`
 * @throws Error when there is no Go, or no such module
 */
export async function goModuleFolder(module: string, env: NodeJS.ProcessEnv): Promise<string> {
  const { Dir } = JSON.parse(await runGo(['mod', 'download', '-json', module], env)) as { Dir: string };
  return Dir;
}

async function runGo(args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const go = await onPath('go', env);
  if (!go) throw new Error('go is not on PATH');
  // An older Go fetches the one that the module asks for by itself (Debian's has that switched off).
  return await runProgram(go, args, { env: { GOTOOLCHAIN: 'auto', ...env }, timeoutMs: TIMEOUT_MS });
}
