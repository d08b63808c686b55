import { printable } from '../secrets/printable';

/** What takes longer is told, in milliseconds. */
const SLOW_MS = 1_000;

const DEFAULT_COLUMNS = 80;

/** What stands on the terminal's last line now. */
let shown = '';

/**
 * Tells on standard error what is being done, and for how long, once it has taken a second. Only a terminal is told.
 *
 * @param doing in a few words; a function is asked each time
 */
export async function withProgress<T>(doing: string | (() => string), work: () => Promise<T>): Promise<T> {
  if (!process.stderr.isTTY) return await work();
  const startedMs = Date.now();
  const timer = setInterval(() => {
    const seconds = Math.round((Date.now() - startedMs) / 1_000);
    show(`${typeof doing === 'string' ? doing : doing()} (${seconds} s)`);
  }, SLOW_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    eraseProgress();
  }
}

/** Clears the line, so that something else can stand there. */
export function eraseProgress(): void {
  if (shown === '') return;
  process.stderr.write(`\r${' '.repeat(shown.length)}\r`);
  shown = '';
}

function show(text: string): void {
  eraseProgress();
  // A line that wraps could not be cleared. A terminal that does not know its width says 0.
  shown = printable(text).slice(0, (process.stderr.columns || DEFAULT_COLUMNS) - 1);
  process.stderr.write(shown);
}
