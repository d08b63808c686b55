import { hostname } from 'node:os';
import { WorkflowClient } from '@temporalio/client';
import type { PayloadCodec } from '@temporalio/common';
import type { NativeConnection, WorkerOptions } from '@temporalio/worker';
import { Worker } from '@temporalio/worker';
import { createActivities } from '../activities';
import type { CallbackDeps } from '../activities/deps';
import { FailureGate } from '../activities/interceptor';
import { CallbackSender } from '../callbacks/sender';
import { closeAll } from './close-all';
import { createWorkerCodec } from '../codec/payload-codec';
import type { Settings } from '../config/settings';
import { requirePlaid } from '../config/settings';
import { InputError } from '../domain/input-error';
import { keyFingerprint, type KeyRing } from '../secrets/key-ring';
import type { Logger } from '../telemetry/logger';
import { callCounter } from '../plaid/call-metrics';
import { type Metrics, processMetrics } from '../telemetry/metrics';
import { openVaultOf } from '../config/open-vault';
import { createPlaidClient } from '../plaid/client';
import { startPlaidRateController } from './rates/plaid-rates';
import { startRetentionLoop } from './retention';
import { addSearchAttributes, searchAttributeProblems } from '../temporal/search-attributes';
import { TASK_QUEUES } from '../domain/ids';
import { startWorkerReceiver } from '../webhook/start-receiver';
import { ActivitySpan } from '../temporal/activity-span';
import { clientSpans } from '../temporal/client-spans';
import { runSpans } from '../temporal/run-spans';
import type { KeyProvider, Vault } from '../vault';
import { workflowBundle } from '../temporal/bundle';

/**
 * How long activities under way may go on after a shutdown was asked for, in milliseconds. Longer than Plaid's HTTP time
 * limit (20 s), so that an exchange gets its answer.
 */
const SHUTDOWN_GRACE_MS = 25_000;

/** After this, in milliseconds, what still runs is given up: time to remove an item that could not be stored. */
const SHUTDOWN_FORCE_MS = 50_000;

/**
 * How many workflows a worker keeps in memory, 0.25 MiB each (measured, docs/performance.md). A session that waits needs no place:
 * one that wakes up after it was put out is read from its few dozen events.
 */
const MAX_CACHED_WORKFLOWS = 500;

/** A worker that has begun to poll. */
export interface RunningWorker {
  /** Stops polling, lets what runs finish within the grace time, then closes everything. */
  shutdown(): void;
  /** Resolves after the shutdown; rejects when the worker failed. */
  stopped: Promise<void>;
  state(): WorkerState;
  /** Asks the vault's database for an answer. @throws VaultError */
  pingVault(): Promise<void>;
}

/** Draining: asked to stop, and finishing what runs. Failed: on its way to reject. */
export type WorkerState = 'polling' | 'draining' | 'failed';

/** What the workers of a deployment need. */
export interface SessionWorkersOptions {
  settings: Settings;
  keys: { vaultKeys: KeyProvider; codecRing: KeyRing };
  /** Stays open after the shutdown. */
  connection: NativeConnection;
  namespace: string;
  logger: Logger;
}

/**
 * Starts the workers of a deployment, one for each of its three task queues, with a vault and a client of Plaid that they share,
 * and the receiver of webhooks where the settings ask for one.
 *
 * @throws InputError naming a missing or wrong setting, or a namespace without our search attributes
 * @throws VaultError when the vault cannot be opened
 */
export async function startSessionWorkers({
  settings,
  keys,
  connection,
  namespace,
  logger,
}: SessionWorkersOptions): Promise<RunningWorker> {
  const rateSettings = {
    plaid: settings.plaidRate,
    plaidUrgent: settings.plaidUrgentRate,
  };
  const metrics = processMetrics(namespace);
  const identity = `${process.pid}@${hostname()}`;
  const account = requirePlaid(settings);
  const closers: (() => Promise<void>)[] = [];
  try {
    const vault = await openVaultOf(settings, keys.vaultKeys, logger);
    closers.push(() => vault.close());
    await checkSearchAttributes(connection, namespace, settings);
    const rates = startPlaidRateController({ connection, namespace, identity }, rateSettings, logger);
    closers.push(() => rates.stop());
    const countCall = callCounter(metrics);
    const plaid = createPlaidClient({
      ...account,
      onCall: (call) => {
        countCall(call);
        if (call.error) rates.callFailed(call.error);
      },
    });
    closers.push(() => plaid.close());
    const retention = startRetentionLoop(vault.retention, settings.retentionDays, logger);
    closers.push(() => retention.stop());
    const dataConverter = { payloadCodecs: [await countedCodec(keys.codecRing, vault, metrics)] };
    const common = { settings, plaid, vault, dataConverter, connection, namespace, metrics, logger };
    const receiver = await startWorkerReceiver(common);
    // Closed after the workers: webhooks are taken while they finish what runs.
    if (receiver) closers.push(() => receiver.close());

    let callbacks: CallbackDeps | undefined;
    if (settings.callbacks) {
      const sender = new CallbackSender(settings.callbacks, settings.environment);
      closers.push(() => sender.close());
      const interceptors = [clientSpans];
      callbacks = {
        sender,
        client: new WorkflowClient({ connection, namespace, dataConverter, interceptors }),
      };
    }

    const options: Omit<WorkerOptions, 'taskQueue'> = {
      connection,
      namespace,
      identity,
      activities: createActivities({
        plaid,
        environment: settings.environment,
        notifyPrefixes: settings.notifyPrefixes,
        userAttribute: settings.userAttribute,
        vault,
        // Not a Client: that would take the codec of a plugin that the connection has.
        noticeClient: new WorkflowClient({ connection, namespace }),
        callbacks,
        itemWebhookUrl: settings.itemWebhookUrl,
        metrics,
        now: () => Promise.resolve(Date.now()),
      }),
      dataConverter,
      // A session that waits moves on to each new version: what it meets there is behind `patched`.
      ...(settings.deploymentVersion && {
        workerDeploymentOptions: {
          version: settings.deploymentVersion,
          useWorkerVersioning: true,
          defaultVersioningBehavior: 'AUTO_UPGRADE',
        },
      }),
      shutdownGraceTime: SHUTDOWN_GRACE_MS,
      shutdownForceTime: SHUTDOWN_FORCE_MS,
      interceptors: {
        activity: [
          (context) => ({ inbound: new ActivitySpan(context) }),
          (context) => ({ inbound: new FailureGate(context, logger, metrics) }),
        ],
      },
      sinks: runSpans,
    };
    const workers = await Promise.all([
      Worker.create({
        ...options,
        workflowBundle: await workflowBundle(),
        taskQueue: TASK_QUEUES.main,
        maxCachedWorkflows: MAX_CACHED_WORKFLOWS,
      }),
      Worker.create({
        ...options,
        taskQueue: TASK_QUEUES.plaid,
        maxTaskQueueActivitiesPerSecond: rateSettings.plaid,
      }),
      Worker.create({
        ...options,
        taskQueue: TASK_QUEUES.plaidUrgent,
        maxTaskQueueActivitiesPerSecond: rateSettings.plaidUrgent,
      }),
    ]);
    return { ...run(workers, () => closeAll(closers)), pingVault: () => vault.ping() };
  } catch (error) {
    await closeAll(closers);
    throw error;
  }
}

/**
 * The payload codec, which counts what it encrypts by key.
 *
 * @throws VaultError KEY_MISMATCH when a key id stands for another key than the one that this deployment knows
 */
async function countedCodec(ring: KeyRing, { codecKeys }: Vault, metrics: Metrics): Promise<PayloadCodec> {
  await codecKeys.enter(new Map(ring.ids().map((id) => [id, keyFingerprint(ring.get(id)!)])));
  const { id: key_id } = ring.primary;
  return createWorkerCodec(
    ring,
    (count) => {
      for (let encrypted = 0; encrypted < count; encrypted++) metrics.codecEncryptions({ key_id });
    },
    () => metrics.payloadsUndecodable({}),
  );
}

/** In development (embedded vault) what is missing is made; else it is `hosted-link setup`'s to make. */
async function checkSearchAttributes(
  connection: NativeConnection,
  namespace: string,
  settings: Settings,
): Promise<void> {
  if (settings.databaseUrl === undefined) await addSearchAttributes(connection, namespace);
  const { missing, mistyped } = await searchAttributeProblems(connection, namespace);
  if (mistyped.length > 0) {
    throw new InputError(
      'TEMPORAL_NAMESPACE',
      `${namespace} has the search attributes ${mistyped.join(', ')} with other types`,
      'hosted-link doctor says what to do',
    );
  }
  if (missing.length > 0) {
    throw new InputError(
      'TEMPORAL_NAMESPACE',
      `${namespace} lacks the search attributes ${missing.join(', ')}`,
      'run hosted-link setup',
    );
  }
}

function run(workers: Worker[], close: () => Promise<void>): Omit<RunningWorker, 'pingVault'> {
  let isAsked = false;
  const stop = () => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  const runs = workers.map((worker) =>
    worker.run().catch((error: unknown) => {
      stop();
      throw error;
    }),
  );
  const stopped = Promise.allSettled(runs).then(async () => {
    await close();
    await Promise.all(runs);
  });
  return {
    shutdown: () => {
      isAsked = true;
      stop();
    },
    stopped,
    state: () => {
      const states = workers.map((worker) => worker.getState());
      if (states.every((state) => state === 'RUNNING')) return 'polling';
      // A worker that fails drains before it is FAILED.
      return isAsked && !states.includes('FAILED') ? 'draining' : 'failed';
    },
  };
}
