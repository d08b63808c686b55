import { Connection } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { NativeConnection } from '@temporalio/worker';
import { describeWith, programPath } from './programs';
import { quietRuntime } from './quiet-runtime';
import { startTemporalServer, type TemporalServer, type TemporalServerOptions } from './temporal-server';
import { startTimeSkipping } from './time-skipping-server';

/** Starting a server takes a second or two on an idle machine; a busy one gets a minute. */
const START_TIMEOUT_MS = 60_000;

/** `describe` for tests that need a Temporal dev server. */
export const describeWithDevServer = describeWith('temporal-cli');

/** `describe` for tests that need the time-skipping server. */
export const describeWithTimeSkipping = describeWith('time-skipping-server');

/** The server of {@link devServer}, from `beforeAll` to `afterAll`. */
export interface DevServer extends TemporalServer {
  /** For clients. */
  connection: Connection;
  /** For workers. */
  nativeConnection: NativeConnection;
}

/**
 * Starts one Temporal dev server for the tests of the enclosing `describe` (or file), and stops it after them. Its fields can
 * be read from the first test on. TEMPORAL_ADDRESS does not count: it may name a server that is in real use.
 */
export function devServer(options: Omit<TemporalServerOptions, 'log'> = {}): DevServer {
  const server = {} as DevServer;
  beforeAll(async () => {
    quietRuntime();
    Object.assign(
      server,
      await startTemporalServer({ cli: programPath('temporal-cli')!, ...options, log: noLog }),
    );
    server.connection = await Connection.connect({ address: server.address });
    server.nativeConnection = await NativeConnection.connect({ address: server.address });
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    await server.connection?.close();
    await server.nativeConnection?.close();
    await server.stop?.();
  }, START_TIMEOUT_MS);
  return server;
}

/**
 * Starts one time-skipping server for the tests of the enclosing `describe` (or file), and stops it after them. Time is the
 * server's: run one workflow at a time on it. `environment` can be read from the first test on.
 */
export function timeSkipping(): { environment: TestWorkflowEnvironment } {
  const server = {} as { environment: TestWorkflowEnvironment };
  beforeAll(async () => {
    quietRuntime();
    const path = programPath('time-skipping-server')!;
    server.environment = await startTimeSkipping(path);
  }, START_TIMEOUT_MS);
  afterAll(async () => await server.environment?.teardown(), START_TIMEOUT_MS);
  return server;
}

function noLog(): void {
  // The program was found before.
}
