import { GATHER_HINTS_MS } from '../domain/schedule';

interface Spaced<T> {
  timer: NodeJS.Timeout;
  /** The newest of those that came while the last one was too recent. */
  pending: { content: T } | undefined;
}

/**
 * Lets at most one signal of a kind in {@link GATHER_HINTS_MS} through to each session. The first goes at once; those that come
 * within that time become one, the newest, sent when it is over, so that the last news is never lost.
 */
export class SignalGate<T> {
  readonly #spaced = new Map<string, Spaced<T>>();

  /**
   * @param send signals the session with this key
   * @param onLateFailure hears of a gathered signal that could not be sent: its webhooks have been answered
   */
  constructor(
    private readonly send: (key: string, content: T) => Promise<void>,
    private readonly onLateFailure: (key: string, error: unknown) => void,
  ) {}

  /** Resolves when the signal was sent or joined to one that will be; rejects with what `send` threw. */
  async signal(key: string, content: T): Promise<void> {
    const spaced = this.#spaced.get(key);
    if (spaced) {
      spaced.pending = { content };
      return;
    }
    this.#startSpacing(key);
    await this.send(key, content);
  }

  /** Sends what is pending now. */
  async close(): Promise<void> {
    const sends: Promise<void>[] = [];
    for (const [key, { timer, pending }] of this.#spaced) {
      clearTimeout(timer);
      if (pending) sends.push(this.#sendLate(key, pending.content));
    }
    this.#spaced.clear();
    await Promise.all(sends);
  }

  #startSpacing(key: string): void {
    const timer = setTimeout(() => this.#endSpacing(key), GATHER_HINTS_MS);
    this.#spaced.set(key, { timer, pending: undefined });
  }

  #endSpacing(key: string): void {
    const pending = this.#spaced.get(key)?.pending;
    this.#spaced.delete(key);
    if (!pending) return;
    this.#startSpacing(key);
    void this.#sendLate(key, pending.content);
  }

  async #sendLate(key: string, content: T): Promise<void> {
    try {
      await this.send(key, content);
    } catch (error) {
      this.onLateFailure(key, error);
    }
  }
}
