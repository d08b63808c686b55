import { defaultPayloadConverter } from '@temporalio/common';
import type { ActivateInput, Next, WorkflowInternalsInterceptor } from '@temporalio/workflow';
import { log, patched, workflowInfo, type WorkflowInterceptors } from '@temporalio/workflow';
import { metrics } from './metrics';

type Job = NonNullable<ActivateInput['activation']['jobs']>[number];
type Signal = NonNullable<Job['signalWorkflow']>;

/**
 * Drops signals whose arguments cannot be read: any client that may signal can send one, and it would fail every workflow task
 * from then on. The worker logs an error once.
 *
 * A signal may become readable later, when the codec key ring gets the missing key. So the history records each drop as the patch
 * marker `unreadable-signal-<event id>`, and a replay drops the same signals whatever it can read. Conversely, if a signal that was
 * handled cannot be read any more, the workflow task fails and is retried until the key is back.
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
  // During a replay, true only for signals that were dropped.
  if (!patched(`unreadable-signal-${eventId}`)) return false;
  log.error(
    'a signal was dropped because its arguments cannot be read: a codec key is missing, or the signal is forged',
    {
      signalName: signal.signalName,
      eventId,
    },
  );
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
