import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';

/** Counts the attempts of activities. */
export class ActivityCount implements ActivityInboundCallsInterceptor {
  private begun = 0;
  private ended = 0;
  private begunBefore = -1;

  async execute(
    input: ActivityExecuteInput,
    next: Next<ActivityInboundCallsInterceptor, 'execute'>,
  ): Promise<unknown> {
    this.begun += 1;
    try {
      return await next(input);
    } finally {
      this.ended += 1;
    }
  }

  /** True when none runs, and none has begun since this was asked before. */
  isQuiet(): boolean {
    const isQuiet = this.ended === this.begun && this.begun === this.begunBefore;
    this.begunBefore = this.begun;
    return isQuiet;
  }
}
