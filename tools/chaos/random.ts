import { createHash } from 'node:crypto';

/** Repeatable random numbers, from a seed. Parts of a run with timing of their own have generators of their own. */
export class Random {
  #draws = 0;

  constructor(private readonly seed: string) {}

  /** Creates the generator of another part of the run. */
  of(part: string): Random {
    return new Random(`${this.seed}/${part}`);
  }

  /** At least 0, less than 1. */
  next(): number {
    const hash = createHash('sha256').update(`${this.seed}#${this.#draws++}`).digest();
    return hash.readUInt32BE(0) / 2 ** 32;
  }

  /** At least `least`, less than `most`. */
  between(least: number, most: number): number {
    return least + this.next() * (most - least);
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** One of the entries, each as often as its weight says. */
  pick<T>(weights: readonly (readonly [weight: number, entry: T])[]): T {
    const total = weights.reduce((sum, [weight]) => sum + weight, 0);
    let left = this.next() * total;
    for (const [weight, entry] of weights) {
      left -= weight;
      if (left < 0) return entry;
    }
    return weights.at(-1)![1];
  }

  /** The entries in any order. */
  shuffle<T>(entries: readonly T[]): T[] {
    return entries
      .map((entry) => ({ entry, place: this.next() }))
      .sort((one, other) => one.place - other.place)
      .map(({ entry }) => entry);
  }
}
