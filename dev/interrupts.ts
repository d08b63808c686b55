/** What a program that was interrupted exits with, by custom 128 + SIGINT. */
export const EXIT_INTERRUPTED = 130;

/** npm and tsx pass Ctrl-C on to this process, which has it from the terminal already. In milliseconds. */
const ECHO_MS = 1_000;

/** How long after Ctrl-C a step under way may take until all is stopped in spite of it, in milliseconds. */
const SETTLE_TIMEOUT_MS = 3_000;

/** Why a program ends before its end. */
export class Interrupted extends Error {}

/**
 * Aborts at the first SIGINT, SIGTERM or SIGHUP, or at an exception that nobody caught. A second signal ends this process,
 * and with it all that it started.
 */
export function interruptSignal(onAbort: () => void): AbortSignal {
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
export function rejectAfter(interrupted: AbortSignal): Promise<never> {
  const patience = new Promise<never>((_, reject) => {
    interrupted.addEventListener('abort', () => setTimeout(reject, SETTLE_TIMEOUT_MS, interrupted.reason));
  });
  patience.catch(() => undefined);
  return patience;
}
