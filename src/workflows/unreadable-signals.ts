import { defaultPayloadConverter } from '@temporalio/common';
import type { ActivateInput, Next, WorkflowInternalsInterceptor } from '@temporalio/workflow';
import { log, patched, workflowInfo, type WorkflowInterceptors } from '@temporalio/workflow';
import { metrics } from './metrics';

type Job = NonNullable<ActivateInput['activation']['jobs']>[number];
type Signal = NonNullable<Job['signalWorkflow']>;

/**
 * Drops signals whose arguments cannot be read, since anybody who may signal can send one, and it would fail each workflow task
 * from then on. An error in the worker's log tells of it, once.
 *
 * What cannot be read today can be read once the codec's ring has the missing key, so that a signal was dropped stands in the
 * history, as the marker `unreadable-signal-<event id>`: a replay drops the same ones, whatever it can read. Conversely, a signal
 * that was handled and cannot be read any more fails the task, which is repeated until the key is back.
 */
class DropUnreadableSignals implements WorkflowInternalsInterceptor {
  activate(input: ActivateInput, next: Next<WorkflowInternalsInterceptor, 'activate'>): void {
    const { activation } = input;
    activation.jobs = activation.jobs?.filter(
      ({ signalWorkflow }) => !signalWorkflow || !isDropped(signalWorkflow),
    );
    next(input);
  }
}

/** Makes the interceptors of each workflow; the SDK looks for this name. */
export const interceptors = (): WorkflowInterceptors => ({ internals: [new DropUnreadableSignals()] });

function isDropped(signal: Signal): boolean {
  if (!workflowInfo().unsafe.isReplaying && isReadable(signal)) return false;
  const eventId = String(signal.originatingEventId);
  // During a replay, true for the dropped ones alone.
  if (!patched(`unreadable-signal-${eventId}`)) return false;
  log.error('a signal was dropped, since its arguments cannot be read: a key is missing, or it was forged', {
    signalName: signal.signalName,
    eventId,
  });
  metrics.signalsDropped({});
  return true;
}

function isReadable({ input }: Signal): boolean {
  try {
    for (const payload of input ?? []) defaultPayloadConverter.fromPayload(payload);
    return true;
  } catch {
    return false;
  }
}
