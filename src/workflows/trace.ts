import type { Headers } from '@temporalio/common';
import { ApplicationFailure, TemporalFailure } from '@temporalio/common';
import {
  ContinueAsNew,
  isCancellation,
  proxySinks,
  type Sinks,
  type WorkflowInboundCallsInterceptor,
  type WorkflowInterceptors,
  type WorkflowOutboundCallsInterceptor,
} from '@temporalio/workflow';
import { traceparentIn, withTraceparent } from './trace-header';

/*
 * Passes the trace of a workflow on without creating spans: a span that is open for weeks would be lost with its worker. The sender
 * of a message to a workflow created the span that its header names; the activities that follow are children of that span.
 * This code only reads and writes headers, synchronously, and a replay does not compare headers. So you can turn tracing on and off
 * while workflows run.
 */

/** How a run ended. */
export type RunEnd = 'COMPLETED' | 'FAILED' | 'CANCELLED' | 'CONTINUED_AS_NEW';

/** What a run reports at its end to a worker that creates spans. */
export interface EndedRun {
  /** Where the trace of the workflow begins. */
  traceparent: string;
  end: RunEnd;
  /** The type of the failure. */
  errorType?: string | undefined;
}

export interface TraceSinks extends Sinks {
  trace: { runEnded(run: EndedRun): void };
}

/** The span that started the workflow. Everything that follows belongs to its trace. */
let origin: string | undefined;

/** The span that causes the current step: a signal's, or the origin. */
let cause: string | undefined;

/** Returns the span that the workflow's trace begins with; undefined while there is none. */
export function traceOrigin(): string | undefined {
  return origin;
}

/** Begins the trace of a workflow that was started without one. */
export function beginTrace(traceparent: string | undefined): void {
  origin ??= traceparent;
  cause ??= origin;
}

const inbound: WorkflowInboundCallsInterceptor = {
  execute(input, next) {
    beginTrace(traceparentIn(input.headers));
    const run = next(input);
    void run.then(
      () => reportEnd('COMPLETED'),
      (error: unknown) => {
        if (error instanceof ContinueAsNew) reportEnd('CONTINUED_AS_NEW');
        else if (isCancellation(error)) reportEnd('CANCELLED');
        // Any other error is a bug, which ends no run.
        else if (error instanceof TemporalFailure)
          reportEnd('FAILED', (error instanceof ApplicationFailure && error.type) || error.name);
      },
    );
    return run;
  },
  handleSignal(input, next) {
    takeCause(input.headers);
    return next(input);
  },
  handleUpdate(input, next) {
    takeCause(input.headers);
    return next(input);
  },
};

const outbound: WorkflowOutboundCallsInterceptor = {
  scheduleActivity(input, next) {
    // A watch waits for what comes next. Nothing that came before causes it.
    if (input.activityType === 'watchSession') cause = origin;
    return next({ ...input, headers: withTraceparent(input.headers, cause) });
  },
  scheduleLocalActivity(input, next) {
    return next({ ...input, headers: withTraceparent(input.headers, cause) });
  },
  startChildWorkflowExecution(input, next) {
    return next({ ...input, headers: withTraceparent(input.headers, cause) });
  },
  signalWorkflow(input, next) {
    return next({ ...input, headers: withTraceparent(input.headers, cause) });
  },
  continueAsNew(input, next) {
    return next({ ...input, headers: withTraceparent(input.headers, origin) });
  },
};

/** Makes the interceptors of each workflow; the SDK looks for this name. */
export const interceptors = (): WorkflowInterceptors => ({ inbound: [inbound], outbound: [outbound] });

/** Takes over the span of a message, unless it belongs to another trace, such as that of a request to the application. */
function takeCause(headers: Headers): void {
  const traceparent = traceparentIn(headers);
  if (traceparent !== undefined && (origin === undefined || traceIdOf(traceparent) === traceIdOf(origin)))
    cause = traceparent;
}

function traceIdOf(traceparent: string): string | undefined {
  return traceparent.split('-')[1];
}

function reportEnd(end: RunEnd, errorType?: string): void {
  if (origin !== undefined) proxySinks<TraceSinks>().trace.runEnded({ traceparent: origin, end, errorType });
}
