import { ApplicationFailure, CancellationScope, condition, setHandler } from '@temporalio/workflow';
import type { Link } from '../messages';
import { linkUpdate } from '../messages';

/**
 * The answer to the update `link`. A caller may ask from the workflow's first moment on, also while its request is still being
 * checked; the first answer stands.
 */
export class LinkAnswer {
  #answer: Link | ApplicationFailure | undefined;

  constructor() {
    setHandler(linkUpdate, async () => {
      // A cancel request reaches this scope too, and the caller is to hear what became of the create.
      await CancellationScope.nonCancellable(() => condition(() => this.#answer !== undefined));
      if (this.#answer instanceof ApplicationFailure) throw this.#answer;
      return this.#answer!;
    });
  }

  /** There is a link. */
  give(link: Link): void {
    this.#answer ??= link;
  }

  /** There will be none. */
  refuse(reason: ApplicationFailure): void {
    this.#answer ??= reason;
  }
}
