import { SpanKind } from '@opentelemetry/api';
import {
  type WorkflowClientInterceptor,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
} from '@temporalio/client';
import type { Headers } from '@temporalio/common';
import { OWN_WORKFLOW_PREFIXES } from '../domain/ids';
import { activeTraceparent, errorType, inSpan } from '../telemetry/span';
import { traceparentIn, withTraceparent } from '../workflows/trace-header';

/**
 * An interceptor for clients: a span for each start, update, signal and cancel request that goes to a workflow of hosted-link, and
 * in its header that span, for the workflow to follow. Nothing is added without an OpenTelemetry SDK in the process, where a header
 * has a trace already, or to calls to any other workflow. Reads (queries, describe, list) make no spans.
 */
export const clientSpans: WorkflowClientInterceptor = {
  startWithDetails: (input, next) =>
    send(`StartWorkflow:${input.workflowType}`, input.options.workflowId, input.headers, (headers) =>
      next({ ...input, headers }),
    ),
  startUpdateWithStart: (input, next) =>
    send(
      `UpdateWithStartWorkflow:${input.updateName}`,
      input.workflowStartOptions.workflowId,
      input.workflowStartHeaders,
      (workflowStartHeaders) =>
        // Both go in one request, from one span.
        next({
          ...input,
          workflowStartHeaders,
          updateHeaders: withTraceparent(input.updateHeaders, traceparentIn(workflowStartHeaders)),
        }),
    ),
  startUpdate: (input, next) =>
    send(
      `StartWorkflowUpdate:${input.updateName}`,
      input.workflowExecution.workflowId,
      input.headers,
      (headers) => next({ ...input, headers }),
    ),
  signal: (input, next) =>
    send(`SignalWorkflow:${input.signalName}`, input.workflowExecution.workflowId, input.headers, (headers) =>
      next({ ...input, headers }),
    ),
  signalWithStart: (input, next) =>
    send(
      `SignalWithStartWorkflow:${input.workflowType}`,
      input.options.workflowId,
      input.headers,
      (headers) => next({ ...input, headers }),
    ),
  cancel: (input, next) => send('CancelWorkflow', input.workflowExecution.workflowId, {}, () => next(input)),
};

async function send<T>(
  name: string,
  workflowId: string,
  headers: Headers,
  proceed: (headers: Headers) => Promise<T>,
): Promise<T> {
  const isOwn = OWN_WORKFLOW_PREFIXES.some((prefix) => workflowId.startsWith(prefix));
  if (!isOwn || traceparentIn(headers) !== undefined) return await proceed(headers);
  return await inSpan(
    name,
    { kind: SpanKind.PRODUCER, attributes: { temporalWorkflowId: workflowId }, errorType: failureType },
    () => proceed(withTraceparent(headers, activeTraceparent())),
  );
}

/** A start is repeated under its key as often as its caller likes, and a hint may come after the end. */
function failureType(error: unknown): string | undefined {
  const isUsual =
    error instanceof WorkflowExecutionAlreadyStartedError || error instanceof WorkflowNotFoundError;
  return isUsual ? undefined : errorType(error);
}
