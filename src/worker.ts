import type { NativeConnection } from '@temporalio/worker';
import type { Settings } from './config';
import { requirePlaid } from './config';
import { type HealthQuestions, reachable, startHealthServer, temporalReachable } from './health';
import { loadKeys } from './keys';
import type { Logger } from './logger';
import type { RunningWorker } from './session-workers';
import { startSessionWorkers } from './session-workers';
import { loadTemporalConnection } from './temporal-connection';
import { connectRuntime, installRuntime } from './temporal-runtime';

/**
 * Starts the standalone worker, once in a process: the SDK's runtime, a connection, and all workers of this deployment; and what
 * answers for its health, first of all.
 *
 * @throws InputError naming a missing or wrong setting, or a namespace without our search attributes
 * @throws VaultError when the vault cannot be opened
 */
export async function startWorker(settings: Settings, logger: Logger): Promise<RunningWorker> {
  requirePlaid(settings);
  const { connectionOptions, namespace } = loadTemporalConnection();
  const keys = await loadKeys(settings);
  const parts: Partial<WorkerParts> = {};
  const health =
    settings.healthAddress &&
    (await startHealthServer(settings.healthAddress, questionsOf(parts, namespace)));
  try {
    installRuntime(logger, settings.metricsAddress);
    const connection = await connectRuntime(connectionOptions, logger);
    parts.connection = connection;
    try {
      const sessions = await startSessionWorkers({ settings, keys, connection, namespace, logger });
      parts.sessions = sessions;
      const stopped = sessions.stopped.finally(async () => {
        await connection.close();
        await health?.close();
      });
      return { ...sessions, stopped };
    } catch (error) {
      await connection.close();
      throw error;
    }
  } catch (error) {
    await health?.close();
    throw error;
  }
}

/** What a worker consists of, once it is there. */
interface WorkerParts {
  connection: NativeConnection;
  sessions: RunningWorker;
}

function questionsOf(parts: Partial<WorkerParts>, namespace: string): HealthQuestions {
  const state = () => parts.sessions?.state() ?? 'starting';
  const missing = { ok: false, found: 'unreachable' };
  return {
    live: { workers: () => ({ ok: state() !== 'failed', found: state() }) },
    ready: {
      workers: () => ({ ok: state() === 'polling', found: state() }),
      temporal: () => (parts.connection ? temporalReachable(parts.connection, namespace) : missing),
      vault: () => (parts.sessions ? reachable(() => parts.sessions!.pingVault()) : missing),
    },
  };
}
