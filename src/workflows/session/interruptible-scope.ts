import { CancellationScope, isCancellation } from '@temporalio/workflow';

/** Runs work that a cancel request of the session interrupts. */
export class InterruptibleScope {
  /** The scope to cancel when a cancel request arrives; undefined while nothing is interruptible. */
  #scope: CancellationScope | undefined;

  /** Runs `work`. Returns undefined when a cancel request interrupted it. */
  async run<T>(work: () => Promise<T>): Promise<T | undefined> {
    const scope = new CancellationScope();
    this.#scope = scope;
    try {
      return await scope.run(work);
    } catch (error) {
      if (isCancellation(error)) return undefined;
      throw error;
    } finally {
      this.#scope = undefined;
    }
  }

  /** Cancels the work that is running. Work that starts later is not affected. */
  interrupt(): void {
    this.#scope?.cancel();
  }
}
