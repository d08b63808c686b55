/** How often what is over is forgotten, in milliseconds: 1 min. */
const SWEEP_EVERY_MS = 60_000;

/** Names of webhooks that were taken, for as long as their tokens live. Only what Plaid signed gets here. */
export class SeenWebhooks {
  readonly #until = new Map<string, number>();
  #sweptAt: number;

  /** @param now in milliseconds since 1970 */
  constructor(private readonly now: () => number) {
    this.#sweptAt = now();
  }

  /** Keeps `name` until `until` (milliseconds since 1970). False when it is there already. */
  add(name: string, until: number): boolean {
    this.#sweep();
    if ((this.#until.get(name) ?? 0) >= this.now()) return false;
    this.#until.set(name, until);
    return true;
  }

  remove(name: string): void {
    this.#until.delete(name);
  }

  #sweep(): void {
    if (this.now() - this.#sweptAt < SWEEP_EVERY_MS) return;
    this.#sweptAt = this.now();
    for (const [name, until] of this.#until) if (until < this.now()) this.#until.delete(name);
  }
}
