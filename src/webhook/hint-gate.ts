/** The shortest time between two hints to one session, in milliseconds: 1 s. */
export const HINT_SPACING_MS = 1_000;

interface Spaced {
  timer: NodeJS.Timeout;
  /** Whether a hint came while the last one was too recent. */
  pending: boolean;
}

/**
 * Lets at most one hint a second through to each session. The first goes at once; those that come within a second of it become
 * one, sent when the second is over, so that the last news is never lost.
 */
export class HintGate {
  readonly #spaced = new Map<string, Spaced>();

  /**
   * @param send sends a hint to the session with this key
   * @param onLateFailure hears of a gathered hint that could not be sent: its webhooks have been answered
   */
  constructor(
    private readonly send: (key: string) => Promise<void>,
    private readonly onLateFailure: (key: string, error: unknown) => void,
  ) {}

  /** Resolves when the hint was sent or joined to one that will be; rejects with what `send` threw. */
  async hint(key: string): Promise<void> {
    const spaced = this.#spaced.get(key);
    if (spaced) {
      spaced.pending = true;
      return;
    }
    this.#startSpacing(key);
    await this.send(key);
  }

  /** Sends what is pending now. */
  async close(): Promise<void> {
    const pending = [...this.#spaced].filter(([, spaced]) => spaced.pending);
    for (const { timer } of this.#spaced.values()) clearTimeout(timer);
    this.#spaced.clear();
    await Promise.all(pending.map(([key]) => this.#sendLate(key)));
  }

  #startSpacing(key: string): void {
    const timer = setTimeout(() => this.#endSpacing(key), HINT_SPACING_MS);
    this.#spaced.set(key, { timer, pending: false });
  }

  #endSpacing(key: string): void {
    const pending = this.#spaced.get(key)?.pending;
    this.#spaced.delete(key);
    if (!pending) return;
    this.#startSpacing(key);
    void this.#sendLate(key);
  }

  async #sendLate(key: string): Promise<void> {
    try {
      await this.send(key);
    } catch (error) {
      this.onLateFailure(key, error);
    }
  }
}
