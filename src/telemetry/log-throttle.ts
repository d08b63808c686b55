import type { Logger } from './logger';

/** The same trouble is logged at most this often, in milliseconds: strangers must not fill the log. */
const SPACING_MS = 60_000;

/** Logs trouble by its reason, the first at once, the others as a number. */
export class ThrottledLogger {
  readonly #reasons = new Map<string, { loggedAt: number; since: number }>();

  /** @param now in milliseconds since 1970 */
  constructor(
    private readonly logger: Logger,
    private readonly now: () => number,
  ) {}

  /** @param reason one of a few constants */
  warn(reason: string, message: string, cause?: unknown): void {
    const last = this.#reasons.get(reason);
    if (last && this.now() - last.loggedAt < SPACING_MS) {
      last.since += 1;
      return;
    }
    this.#reasons.set(reason, { loggedAt: this.now(), since: 0 });
    this.logger.warn({ reason, suppressed: last?.since ?? 0, err: cause }, message);
  }
}
