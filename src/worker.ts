import type { NativeConnection } from '@temporalio/worker';
import { closeAll } from './worker/close-all';
import type { Settings } from './config/settings';
import { readVariables, requirePlaid } from './config/settings';
import { type HealthQuestions, reachable, startHealthServer, temporalReachable } from './worker/health';
import { loadKeys } from './config/load-keys';
import type { Logger } from './telemetry/logger';
import type { RunningWorker } from './worker/session-workers';
import { startSessionWorkers } from './worker/session-workers';
import { loadTemporalConnection } from './temporal/connection';
import { connectRuntime, installRuntime } from './temporal/runtime';
import { startTracing } from './telemetry/tracing';

/**
 * Starts the standalone worker, once in a process: Temporal's runtime, a connection, and all workers of this deployment; and what
 * answers for its health, first of all, and traces, where the settings ask for them.
 *
 * @throws InputError naming a missing or wrong setting, or a namespace without our search attributes
 * @throws VaultError when the vault cannot be opened
 */
export async function startWorker(settings: Settings, logger: Logger): Promise<RunningWorker> {
  requirePlaid(settings);
  const { connectionOptions, namespace } = loadTemporalConnection();
  const keys = await loadKeys(settings);
  const parts: Partial<WorkerParts> = {};
  const closers: (() => Promise<void>)[] = [];
  try {
    if (settings.healthAddress) {
      const health = await startHealthServer(settings.healthAddress, questionsOf(parts, namespace));
      closers.push(() => health.close());
    }
    const tracing = await startTracing(logger, readVariables());
    closers.push(() => tracing.shutdown());
    installRuntime(logger, settings.metricsAddress);
    const connection = await connectRuntime(connectionOptions, logger);
    closers.push(() => connection.close());
    parts.connection = connection;
    const sessions = await startSessionWorkers({ settings, keys, connection, namespace, logger });
    parts.sessions = sessions;
    return { ...sessions, stopped: sessions.stopped.finally(() => closeAll(closers)) };
  } catch (error) {
    await closeAll(closers);
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
