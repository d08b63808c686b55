import {
  type ActivityInboundCallsInterceptor,
  type NativeConnection,
  Worker,
  type WorkerOptions,
  type WorkflowBundleOption,
} from '@temporalio/worker';
import type { Activities } from '../src/activities';
import { FailureGate } from '../src/activities/interceptor';
import { createWorkerCodec } from '../src/codec/payload-codec';
import { TASK_QUEUES } from '../src/domain/ids';
import type { KeyRing } from '../src/secrets/key-ring';
import { createLogger } from '../src/telemetry/logger';
import { ActivitySpan } from '../src/temporal/activity-span';
import { runSpans } from '../src/temporal/run-spans';
import { workflowBundle } from './workflow-bundle';

const silent = createLogger({ level: 'silent' });

/** The workers of a deployment in this process. */
export interface InProcessWorkers {
  /**
   * Starts the workers that do not run.
   *
   * @param codecRing undefined: payloads are not encrypted
   * @param activityRing of the workers that call Plaid. Default: the same
   */
  start(codecRing: KeyRing | undefined, activityRing?: KeyRing): Promise<void>;
  /**
   * Stops workers and waits until they have finished what they run.
   *
   * @param taskQueues default: all of them
   */
  stop(taskQueues?: readonly string[]): Promise<void>;
  /** Starts a worker of an application beside them. */
  startOther(options: Pick<WorkerOptions, 'taskQueue' | 'workflowsPath'>, codecRing: KeyRing): Promise<void>;
}

/** How to create {@link InProcessWorkers}. */
export interface InProcessWorkersOptions {
  connection: NativeConnection;
  namespace: string;
  activities: Activities;
  /** Sees each attempt of an activity, outermost. */
  activityInterceptor?: ActivityInboundCallsInterceptor;
  /** The bundled workflows. Default: {@link workflowBundle}. */
  bundle?: WorkflowBundleOption;
}

/** Creates the workers of a deployment for this process; none of them runs yet. */
export function createWorkers({
  connection,
  namespace,
  activities,
  activityInterceptor = {},
  bundle,
}: InProcessWorkersOptions): InProcessWorkers {
  /** By task queue: what stops its worker. */
  const running = new Map<string, () => Promise<void>>();
  const startWorker = async (codecRing: KeyRing | undefined, options: WorkerOptions) => {
    const { taskQueue } = options;
    if (running.has(taskQueue)) return;
    const worker = await Worker.create({
      connection,
      namespace,
      ...(codecRing && { dataConverter: { payloadCodecs: [createWorkerCodec(codecRing)] } }),
      ...options,
    });
    const run = worker.run();
    running.set(taskQueue, async () => {
      running.delete(taskQueue);
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await run;
    });
  };
  const options: Omit<WorkerOptions, 'taskQueue'> = {
    activities,
    shutdownGraceTime: '5s',
    interceptors: {
      activity: [
        () => ({ inbound: activityInterceptor }),
        (context) => ({ inbound: new ActivitySpan(context) }),
        (context) => ({ inbound: new FailureGate(context, silent) }),
      ],
    },
    sinks: runSpans,
  };
  return {
    start: async (codecRing, activityRing = codecRing) => {
      const main = {
        ...options,
        taskQueue: TASK_QUEUES.main,
        workflowBundle: bundle ?? (await workflowBundle()),
      };
      await Promise.all([
        startWorker(codecRing, main),
        startWorker(activityRing, { ...options, taskQueue: TASK_QUEUES.plaid }),
        startWorker(activityRing, { ...options, taskQueue: TASK_QUEUES.plaidUrgent }),
      ]);
    },
    stop: async (taskQueues = [...running.keys()]) => {
      await Promise.all(taskQueues.map(async (taskQueue) => await running.get(taskQueue)?.()));
    },
    startOther: (other, codecRing) => startWorker(codecRing, other),
  };
}
