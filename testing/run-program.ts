import { execFile } from 'node:child_process';

/** How {@link runProgram} runs a program. */
export interface RunOptions {
  env: NodeJS.ProcessEnv;
  cwd?: string;
  /** It is killed after this many milliseconds. */
  timeoutMs: number;
  /**
   * Asked once a second for a number that grows while the program gets on (bytes downloaded). The program is killed when
   * it has not grown, and the program has written nothing, for `stallMs` milliseconds.
   */
  progress?: { measure: () => Promise<number>; stallMs: number };
}

const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;
const TOLD_CHARACTERS = 600;

/**
 * Runs a program to its end and gives its standard output.
 * @throws Error when it cannot be started, fails, stalls or takes too long; the message ends with the last of its output
 */
export async function runProgram(path: string, args: string[], options: RunOptions): Promise<string> {
  const { env, cwd, timeoutMs, progress } = options;
  return await new Promise((resolve, reject) => {
    let stalled = false;
    const child = execFile(
      path,
      args,
      { env, cwd, timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: MAX_OUTPUT_BYTES },
      (error, stdout, stderr) => {
        clearInterval(watch);
        if (!error) return resolve(stdout);
        const said = (stderr.trim() || stdout.trim()).slice(-TOLD_CHARACTERS);
        reject(new Error(`${ending(error, stalled, options)}${said ? `: ${said}` : ''}`));
      },
    );
    let best = 0;
    let lastGrowth = Date.now();
    child.stdout?.on('data', () => (lastGrowth = Date.now()));
    const watch = setInterval(() => {
      void progress?.measure().then((value) => {
        if (value > best) {
          best = value;
          lastGrowth = Date.now();
        }
        if (Date.now() - lastGrowth < progress.stallMs) return;
        stalled = true;
        child.kill('SIGKILL');
      });
    }, 1_000);
  });
}

function ending(
  error: { code?: unknown; killed?: boolean },
  stalled: boolean,
  { timeoutMs, progress }: RunOptions,
) {
  if (stalled && progress) return `got nothing for ${progress.stallMs / 1_000} s`;
  if (error.killed) return `did not end within ${timeoutMs / 1_000} s`;
  if (typeof error.code === 'string') return `could not be started (${error.code})`;
  return `ended with exit code ${String(error.code)}`;
}
