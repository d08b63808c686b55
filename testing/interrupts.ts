import { closeAll, type Closers } from './closers';

/** What a program that was interrupted exits with, by custom 128 + SIGINT. */
const EXIT_INTERRUPTED = 130;

/** npm and tsx pass Ctrl-C on to this process, which has it from the terminal already. In milliseconds. */
const ECHO_MS = 1_000;

/** How long after Ctrl-C a step under way may take until all is stopped in spite of it, in milliseconds. */
const SETTLE_TIMEOUT_MS = 3_000;

/** Why a program ends before its end. */
class Interrupted extends Error {}

/** How {@link runInterruptible} tells of a program. */
export interface InterruptibleOptions {
  /** What it is called when it fails, such as `demo`. */
  name: string;
  log: (line: string) => void;
  /** Is called before something is told that its run has not said itself. */
  settle?: () => void;
}

/**
 * Runs a program to its end or to an interrupt, closes in any case what it has opened, and ends this process: with 0 when `run` gives
 * true, 130 at an interrupt, else 1.
 */
export async function runInterruptible(
  { name, log, settle = () => undefined }: InterruptibleOptions,
  run: (closers: Closers, interrupted: AbortSignal) => Promise<boolean>,
): Promise<never> {
  const interrupted = interruptSignal(() => {
    settle();
    log('Stopping all that was started ...');
  });
  const outOfPatience = rejectAfter(interrupted);
  const closers: Closers = [];
  process.exitCode = 1;
  try {
    if (await Promise.race([run(closers, interrupted), outOfPatience])) process.exitCode = 0;
  } catch (error) {
    settle();
    if (error instanceof Interrupted) process.exitCode = EXIT_INTERRUPTED;
    else log(`The ${name} failed: ${error instanceof Error ? error.message : String(error)}`);
  }
  await closeAll(closers, log);
  process.exit();
}

/**
 * Aborts at the first SIGINT, SIGTERM or SIGHUP, or at an exception that nobody caught. A second signal ends this process,
 * and with it all that it started.
 */
function interruptSignal(onAbort: () => void): AbortSignal {
  const controller = new AbortController();
  const { signal } = controller;
  signal.addEventListener('abort', onAbort);
  let firstAt: number | undefined;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      firstAt ??= Date.now();
      if (Date.now() - firstAt > ECHO_MS) process.exit(EXIT_INTERRUPTED);
      controller.abort(new Interrupted(name));
    });
  }
  process.on('uncaughtException', (error) => controller.abort(error));
  return signal;
}

/** Rejects when the step under way at an interrupt does not end within 3 s. */
function rejectAfter(interrupted: AbortSignal): Promise<never> {
  const patience = new Promise<never>((_, reject) => {
    interrupted.addEventListener('abort', () => setTimeout(reject, SETTLE_TIMEOUT_MS, interrupted.reason));
  });
  patience.catch(() => undefined);
  return patience;
}
