import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { LogLevel as TemporalLogLevel, WorkerOptions } from '@temporalio/worker';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { Client } from '@temporalio/client';
import { createActivities } from './activities';
import { FailureGate } from './activities/interceptor';
import { createPayloadCodec } from './codec/payload-codec';
import type { Settings } from './config';
import { requirePlaid } from './config';
import { InputError } from './input-error';
import { loadKeys } from './keys';
import type { Logger } from './logger';
import { openVaultOf } from './open-vault';
import { createPlaidClient } from './plaid/client';
import { retryForAWhile } from './retry';
import { addSearchAttributes, missingSearchAttributes } from './search-attributes';
import { TASK_QUEUES } from './session';
import { loadTemporalConnection } from './temporal-connection';

/**
 * How long activities under way may go on after a shutdown was asked for, in milliseconds. Longer than Plaid's HTTP time
 * limit (20 s), so that an exchange gets its answer.
 */
const SHUTDOWN_GRACE_MS = 25_000;

/** After this, in milliseconds, what still runs is given up: time to remove an item that could not be stored. */
const SHUTDOWN_FORCE_MS = 50_000;

/** Gets a second on the background queue by default, over all workers. Plaid publishes no limit for its link endpoints. */
const DEFAULT_PLAID_RATE = 20;

/** A worker that has begun to poll. */
export interface RunningWorker {
  /** Stops polling, lets what runs finish within the grace time, then closes everything. */
  shutdown(): void;
  /** Resolves after the shutdown; rejects when the worker failed. */
  stopped: Promise<void>;
}

/**
 * Starts the worker, once in a process: workflows and activities on the three task queues of this deployment.
 *
 * @throws InputError naming a missing or wrong setting, or a namespace without our search attributes
 * @throws VaultError when the vault cannot be opened
 */
export async function startWorker(settings: Settings, logger: Logger): Promise<RunningWorker> {
  const account = requirePlaid(settings);
  const { connectionOptions, namespace } = loadTemporalConnection();
  const { vaultKeys, codecRing } = await loadKeys(settings);
  installRuntime(logger);
  const plaid = createPlaidClient(account);
  const closers: (() => Promise<void>)[] = [() => plaid.close()];
  try {
    const connection = await retryForAWhile(
      () => NativeConnection.connect(connectionOptions),
      (left) =>
        logger.warn(
          { address: connectionOptions.address, triesLeft: left },
          'Temporal cannot be reached yet',
        ),
    ).catch(() => {
      throw new InputError(
        'TEMPORAL_ADDRESS',
        `no Temporal server answers at ${connectionOptions.address}; start one there, or set it`,
      );
    });
    closers.push(() => connection.close());
    const vault = await openVaultOf(settings, vaultKeys, logger);
    closers.push(() => vault.close());
    await checkSearchAttributes(connection, namespace, settings);

    const dataConverter = { payloadCodecs: [createPayloadCodec(codecRing)] };
    const activities = createActivities({
      plaid,
      vault,
      noticeClient: new Client({ connection, namespace }).workflow,
      itemWebhookUrl: settings.itemWebhookUrl,
      now: () => Promise.resolve(Date.now()),
    });
    const options: Omit<WorkerOptions, 'taskQueue'> = {
      connection,
      namespace,
      activities,
      dataConverter,
      shutdownGraceTime: SHUTDOWN_GRACE_MS,
      shutdownForceTime: SHUTDOWN_FORCE_MS,
      interceptors: { activity: [(context) => ({ inbound: new FailureGate(context, logger) })] },
    };
    const workers = await Promise.all([
      Worker.create({ ...options, ...workflowSource(), taskQueue: TASK_QUEUES.main }),
      Worker.create({
        ...options,
        taskQueue: TASK_QUEUES.plaid,
        maxTaskQueueActivitiesPerSecond: settings.plaidRate ?? DEFAULT_PLAID_RATE,
      }),
      Worker.create({ ...options, taskQueue: TASK_QUEUES.plaidUrgent }),
    ]);
    return run(workers, () => closeAll(closers));
  } catch (error) {
    await closeAll(closers);
    throw error;
  }
}

/**
 * Lets the SDK log through ours, which redacts. The SDK's runtime keeps the process alive until a connection that it has
 * made is closed, so it is installed when nothing but the connection can fail.
 */
function installRuntime(logger: Logger): void {
  Runtime.install({
    logger: temporalLogger(logger),
    shutdownSignals: [],
    // Else the native side of the SDK prints its messages itself, as text that nobody has redacted.
    telemetryOptions: { logging: { forward: {} } },
  });
}

function temporalLogger(logger: Logger): DefaultLogger {
  return new DefaultLogger('DEBUG', ({ level, message, meta }) => {
    logger[LEVELS[level]](meta ?? {}, message);
  });
}

const LEVELS: Record<TemporalLogLevel, 'trace' | 'debug' | 'info' | 'warn' | 'error'> = {
  TRACE: 'trace',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
};

/** The bundle that `npm run build` made beside this file, or else the sources to bundle now. */
function workflowSource(): Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath'> {
  const codePath = join(__dirname, 'workflow-bundle.js');
  return existsSync(codePath)
    ? { workflowBundle: { codePath } }
    : { workflowsPath: require.resolve('./workflows') };
}

/** In development (embedded vault) what is missing is made; else it is `hosted-link setup`'s to make. */
async function checkSearchAttributes(
  connection: NativeConnection,
  namespace: string,
  settings: Settings,
): Promise<void> {
  if (settings.databaseUrl === undefined) {
    await addSearchAttributes(connection, namespace);
    return;
  }
  const missing = await missingSearchAttributes(connection, namespace);
  if (missing.length > 0) {
    throw new InputError(
      'TEMPORAL_NAMESPACE',
      `${namespace} lacks the search attributes ${missing.join(', ')}; run hosted-link setup`,
    );
  }
}

function run(workers: Worker[], close: () => Promise<void>): RunningWorker {
  const shutdown = () => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  const runs = workers.map((worker) =>
    worker.run().catch((error: unknown) => {
      shutdown();
      throw error;
    }),
  );
  const stopped = Promise.allSettled(runs).then(async () => {
    await close();
    await Promise.all(runs);
  });
  return { shutdown, stopped };
}

/** Closes in the opposite order of opening. */
async function closeAll(closers: readonly (() => Promise<void>)[]): Promise<void> {
  for (const close of [...closers].reverse()) await close();
}
