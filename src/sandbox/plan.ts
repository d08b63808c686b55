/** How many subjects a fault meets, and which. */
export interface PlanOptions<Subject> {
  /** Subjects that it meets before it is used up: 1 by default, Infinity for all. */
  times?: number;
  /** Meets only what this accepts. */
  matching?: (subject: Subject) => boolean;
}

interface Entry<Fault, Subject> {
  readonly fault: Fault;
  readonly matching: (subject: Subject) => boolean;
  timesLeft: number;
}

/** Faults that wait for their subjects. The oldest one that fits a subject meets it, alone. */
export class Plan<Fault, Subject> {
  readonly #entries = new Set<Entry<Fault, Subject>>();

  /**
   * Adds a fault. The function that it gives removes it.
   * @throws RangeError when `times` is not a positive whole number or Infinity
   */
  add(fault: Fault, { times = 1, matching = () => true }: PlanOptions<Subject> = {}): () => void {
    if (times !== Infinity && !(Number.isInteger(times) && times > 0)) {
      throw new RangeError(`times must be a positive whole number or Infinity, got ${times}`);
    }
    const entry = { fault, matching, timesLeft: times };
    this.#entries.add(entry);
    return () => void this.#entries.delete(entry);
  }

  /** The fault that meets `subject`, and counts it; undefined when none does. */
  take(subject: Subject): Fault | undefined {
    for (const entry of this.#entries) {
      if (!entry.matching(subject)) continue;
      entry.timesLeft -= 1;
      if (entry.timesLeft === 0) this.#entries.delete(entry);
      return entry.fault;
    }
    return undefined;
  }
}
