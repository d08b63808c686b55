import type { InjectedSinks } from '@temporalio/worker';
import { addSpan, contextOf } from '../telemetry/span';
import type { TraceSinks } from '../workflows/trace';

/** Makes the span of a workflow's run once that has ended, from its start on. Runs without a trace tell nothing. */
export const runSpans: InjectedSinks<TraceSinks> = {
  trace: {
    runEnded: {
      fn({ workflowType, workflowId, runId, runStartTime }, { traceparent, end, errorType }) {
        addSpan(
          `RunWorkflow:${workflowType}`,
          {
            within: contextOf(traceparent),
            // A Date of the workflow's own realm would count for none.
            startTime: runStartTime.getTime(),
            attributes: { temporalWorkflowId: workflowId, run_id: runId, 'hosted_link.run.end': end },
          },
          errorType,
        );
      },
    },
  },
};
