import type { Worker, WorkerOptions } from '@temporalio/worker';
import { HostedLinkCodecPlugin } from '../codec/codec-plugin';
import type { Settings } from '../config/settings';
import { requireSettings } from '../config/settings';
import { InputError } from '../domain/input-error';
import { loadKeys } from '../config/load-keys';
import type { Logger } from '../telemetry/logger';
import { createLogger } from '../telemetry/logger';
import type { RunningWorker, SessionWorkersOptions } from './session-workers';
import { startSessionWorkers } from './session-workers';
import { TASK_QUEUES } from '../domain/ids';

/**
 * A plugin for a worker that has workflows and a task queue of its own, as {@link HostedLinkPlugin} says. Connects to nothing
 * until that worker runs.
 *
 * @param logger for what hosted-link itself logs; default: JSON lines on standard error, at the level of LOG_LEVEL
 * @throws InputError naming a missing or wrong setting
 */
export async function createHostedLinkPlugin(
  settings: Settings,
  logger: Logger = createLogger({ level: settings.logLevel }),
): Promise<HostedLinkPlugin> {
  requireSettings(settings, 'plaid', 'database', 'vaultKeys', 'codecKeys');
  return new HostedLinkPlugin({ settings, keys: await loadKeys(settings), logger });
}

/**
 * Serves hosted-link's three task queues beside a worker, in its process and over its connection, for as long as it runs: with
 * their own workers, rate limit, codec and interceptors, so that nothing of that worker's changes. What its workflows hand to
 * sessions, and hear from them, goes through hosted-link's codec, and nothing else does. Serves clients as well.
 *
 * Several workers of a process may have the same plugin: the task queues are served until the last of them has stopped. When
 * they cannot be served, `run` rejects, and no worker with the plugin goes on.
 */
export class HostedLinkPlugin extends HostedLinkCodecPlugin {
  readonly #deployment: Pick<SessionWorkersOptions, 'settings' | 'keys' | 'logger'>;
  /** The task queues' workers, once one of the workers with the plugin runs. */
  #sessions: Promise<RunningWorker> | undefined;
  #namespace = '';
  /** How many workers run with the plugin: their hosts. */
  #hosts = 0;

  /** Use {@link createHostedLinkPlugin}. */
  constructor(deployment: Pick<SessionWorkersOptions, 'settings' | 'keys' | 'logger'>) {
    super(deployment.keys.codecRing);
    this.#deployment = deployment;
  }

  /** @throws InputError naming the option of the worker that does not go with this plugin */
  override configureWorker(options: WorkerOptions): WorkerOptions {
    if (options.connection === undefined) {
      throw new InputError(
        'connection',
        'missing',
        'give the worker a NativeConnection, which hosted-link shares',
      );
    }
    if (servesOwnQueue(options) && !('claimSession' in (options.activities ?? {}))) {
      throw new InputError('taskQueue', "is one of hosted-link's own", 'give your worker another one');
    }
    return super.configureWorker(options);
  }

  /** Runs a worker, and hosted-link's beside it. */
  override async runWorker(worker: Worker, next: (worker: Worker) => Promise<void>): Promise<void> {
    // A connection hands its plugins on to our own workers too.
    if (servesOwnQueue(worker.options)) return await super.runWorker(worker, next);
    let failure: { error: unknown } | undefined;
    const stopped = this.#join(worker)
      .then((sessions) => sessions.stopped)
      .catch((error: unknown) => {
        failure = { error };
        // A worker that was made and never ran would hold on to its connection.
        if (worker.getState() === 'RUNNING') worker.shutdown();
      });
    try {
      await super.runWorker(worker, next);
    } finally {
      const wasLast = await this.#leave();
      if (wasLast) await stopped;
    }
    if (failure) throw failure.error;
  }

  /** Counts a host in. The first one starts the task queues' workers. */
  async #join({ connection, options: { namespace } }: Worker): Promise<RunningWorker> {
    this.#hosts += 1;
    if (this.#sessions && namespace !== this.#namespace) {
      throw new InputError(
        'namespace',
        `is not ${this.#namespace}, where hosted-link runs already`,
        'leave the plugin out of this worker',
      );
    }
    this.#namespace = namespace;
    this.#sessions ??= startSessionWorkers({ ...this.#deployment, connection: connection!, namespace });
    return await this.#sessions;
  }

  /** Counts a host out. The last one stops the task queues' workers; the next one would start them anew. */
  async #leave(): Promise<boolean> {
    this.#hosts -= 1;
    if (this.#hosts > 0) return false;
    const sessions = this.#sessions;
    this.#sessions = undefined;
    // When they have failed, each host knows.
    await sessions?.then(({ shutdown }) => shutdown()).catch(() => undefined);
    return true;
  }
}

function servesOwnQueue({ taskQueue }: Pick<WorkerOptions, 'taskQueue'>): boolean {
  return (Object.values(TASK_QUEUES) as string[]).includes(taskQueue);
}
