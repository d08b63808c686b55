/** How often the clock is looked at while something is planned, in milliseconds: `now` may jump. */
const TICK_MS = 250;

/** The clock goes no further, in milliseconds since 1970: the year 9999, after which ISO 8601 needs more digits. */
const LATEST_MS = Date.UTC(9999, 0);

interface Planned {
  readonly at: number;
  readonly action: () => void;
}

/** The sandbox's clock, which can be put forward, and what is to happen by it. */
export class SandboxClock {
  readonly #planned = new Set<Planned>();
  #forwardMs = 0;
  #ticker: NodeJS.Timeout | undefined;

  /** @param source the time that is put forward, in milliseconds since 1970 */
  constructor(private readonly source: () => number) {}

  /** In milliseconds since 1970. */
  readonly now = (): number => this.source() + this.#forwardMs;

  /**
   * Puts the clock forward by `ms`. What is planned until then happens at once.
   * @throws RangeError when `ms` is negative or not finite, or leads beyond the year 9999
   */
  advance(ms: number): void {
    if (!(ms >= 0 && ms < Infinity)) throw new RangeError(`a clock goes forward only, got ${ms} ms`);
    if (this.now() + ms > LATEST_MS) throw new RangeError(`${ms} ms lead beyond the year 9999`);
    this.#forwardMs += ms;
    this.#runDue();
  }

  /** Calls `action` once the clock has reached `at`, which may be now: never before this returns. */
  plan(at: number, action: () => void): void {
    this.#planned.add({ at, action });
    this.#ticker ??= setInterval(() => this.#runDue(), TICK_MS).unref();
  }

  /** Forgets all that is planned. */
  close(): void {
    this.#planned.clear();
    clearInterval(this.#ticker);
    this.#ticker = undefined;
  }

  #runDue(): void {
    const now = this.now();
    const due = [...this.#planned].filter(({ at }) => at <= now).sort((left, right) => left.at - right.at);
    for (const planned of due) {
      this.#planned.delete(planned);
      planned.action();
    }
    if (this.#planned.size === 0) this.close();
  }
}
