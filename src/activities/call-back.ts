import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { callbacksWorkflowId, TASK_QUEUES } from '../domain/ids';
import type { CallbackBody } from '../domain/views';
import { NoAnswerError } from '../http/bounded-post';
import type { ActivityDeps } from './deps';

/** HTTP 410: the receiver is gone for good (RFC 9110, 15.5.11), so Standard Webhooks ends the attempts. */
const GONE = 410;

/** Activities on callbacks over HTTP. */
export function callbackActivities({ vault, callbacks, metrics }: ActivityDeps) {
  return {
    /**
     * Queues a callback and signals the workflow that delivers it, without waiting for the delivery. Does nothing in a deployment
     * without callbacks. Idempotent for a workflow run.
     */
    async queueCallback(callback: Omit<CallbackBody, 'sequence'>): Promise<void> {
      if (!callbacks) return;
      const { key } = callback;
      const { runId } = Context.current().info.workflowExecution!;
      await vault.callbacks.queue({ ...callback, toldBy: runId });
      await callbacks.client.signalWithStart('callbackDelivery', {
        workflowId: callbacksWorkflowId(key),
        taskQueue: TASK_QUEUES.main,
        args: [key],
        staticSummary: `Callbacks of session ${key}`,
        signal: 'callbackQueued',
        signalArgs: [],
      });
    },

    /** Returns the sequence number of the session's first PENDING callback; undefined when there is none. */
    async nextCallback(key: string): Promise<number | undefined> {
      const [next] = await vault.callbacks.list({ key, callbackState: 'PENDING' });
      return next?.sequence;
    },

    /**
     * Sends a PENDING callback once, as it is stored in the vault.
     *
     * @throws CALLBACK/<answer>, which contains nothing else of the receiver's answer; not retryable after HTTP 410
     */
    async deliverCallback(key: string, sequence: number): Promise<void> {
      const pending = await vault.callbacks.list({ key, callbackState: 'PENDING' });
      const callback = pending.find((row) => row.sequence === sequence);
      if (!callback) return;
      if (!callbacks) {
        throw failure(
          'NOT_SET',
          'this worker has no HOSTED_LINK_CALLBACK_URL; give every worker the same settings',
        );
      }
      let status: number;
      try {
        status = await callbacks.sender.send(callback);
      } catch (error) {
        if (!(error instanceof NoAnswerError)) throw error;
        metrics.callbacks({ result: 'no_answer' });
        throw failure(error.reason, `the receiver of callbacks did not answer (${error.reason})`);
      }
      const wasTaken = status >= 200 && status < 300;
      metrics.callbacks({ result: wasTaken ? 'delivered' : 'refused' });
      if (!wasTaken) {
        throw failure(`HTTP_${status}`, `the receiver of callbacks answered with HTTP ${status}`, {
          nonRetryable: status === GONE,
        });
      }
      await vault.callbacks.end(key, sequence, 'DELIVERED', `HTTP_${status}`);
    },

    /** Ends a PENDING callback as GIVEN_UP. */
    async giveUpCallback(key: string, sequence: number, answer: string): Promise<void> {
      await vault.callbacks.end(key, sequence, 'GIVEN_UP', answer);
      metrics.callbacks({ result: 'given_up' });
    },
  };
}

function failure(
  answer: string,
  message: string,
  { nonRetryable = false }: { nonRetryable?: boolean } = {},
): ApplicationFailure {
  return ApplicationFailure.create({ type: `CALLBACK/${answer}`, message, nonRetryable });
}
