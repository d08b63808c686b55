import { SpanKind } from '@opentelemetry/api';
import type { Context } from '@temporalio/activity';
import { CompleteAsyncError } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory, CancelledFailure } from '@temporalio/common';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';
import { contextOf, errorType, inSpan } from '../telemetry/span';
import { traceparentIn } from '../workflows/trace-header';

/** A span for each attempt of an activity, in the trace of its workflow. To stand outside the gate before history. */
export class ActivitySpan implements ActivityInboundCallsInterceptor {
  constructor(private readonly context: Context) {}

  async execute(
    input: ActivityExecuteInput,
    next: Next<ActivityInboundCallsInterceptor, 'execute'>,
  ): Promise<unknown> {
    const { activityType, activityId, attempt, workflowExecution } = this.context.info;
    return await inSpan(
      `RunActivity:${activityType}`,
      {
        kind: SpanKind.CONSUMER,
        within: contextOf(traceparentIn(input.headers)),
        attributes: {
          temporalActivityId: activityId,
          temporalActivityAttempt: attempt,
          ...(workflowExecution && {
            temporalWorkflowId: workflowExecution.workflowId,
            run_id: workflowExecution.runId,
          }),
        },
        errorType: failureType,
      },
      () => next(input),
    );
  }
}

/** "Nothing new yet" fails an attempt of a watch and is no error, nor is a hint that cuts it short. */
function failureType(error: unknown): string | undefined {
  if (error instanceof ApplicationFailure && error.category === ApplicationFailureCategory.BENIGN)
    return undefined;
  if (error instanceof CancelledFailure || error instanceof CompleteAsyncError) return undefined;
  return errorType(error);
}
