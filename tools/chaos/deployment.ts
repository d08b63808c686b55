import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { freePorts } from '../../testing/child-server';
import {
  applicationClients,
  createDeployment,
  type Application,
  type Deployment,
} from '../../testing/deployment';
import { startInfrastructure } from '../../testing/infrastructure';
import type { Postgres } from '../../testing/postgres';
import type { ProgramProcess } from '../../testing/program-process';
import {
  SESSION_SEARCH_ATTRIBUTES,
  startTemporalServer,
  type TemporalServer,
} from '../../testing/temporal-server';
import type { Vault } from '../../src/vault';
import { WEBHOOK_PATH } from '../../src/webhook/receiver';
import { startRelay, type Relay } from './relay';

const WORKERS = 2;

/** A part that can be killed, as by a crash, and restarted at the same address. */
export interface Part {
  name: string;
  crash(): Promise<void>;
  restart(): Promise<void>;
}

/** A worker, which can also be paused in the middle of its work (SIGSTOP) and resumed without noticing. */
export interface WorkerPart extends Part {
  pause(): void;
  resume(): void;
}

/** A small production deployment of real processes: two workers, the webhook receiver, PostgreSQL and Temporal. */
export interface ChaosDeployment extends Deployment<Part & TemporalServer>, Application {
  /** By how many milliseconds the sandbox's clock is ahead of the real one. */
  clockAheadMs: number;
  webhookUrl: string;
  vault: Vault;
  workers: readonly WorkerPart[];
  receiver: Part;
  database: Part;
  postgres: Postgres;
  /** Between PostgreSQL and the workers and the receiver. */
  databaseRelay: Relay;
  /** Between the Temporal server and the workers and the application. */
  temporalRelay: Relay;
  temporalDatabase: string;
  /** Stops workers, receiver and Temporal in order, so that everything they wrote is in their files. */
  settle(): Promise<void>;
}

/**
 * Starts the deployment, with its files in `folder`.
 *
 * @throws Error with one clear line when a part does not start
 */
export async function startChaosDeployment(
  folder: string,
  log: (line: string) => void,
): Promise<ChaosDeployment> {
  const clock = { aheadMs: 0 };
  const temporalDatabase = join(folder, 'temporal.db');
  const [temporalPort, webhookPort] = await freePorts(2);
  const infrastructure = await startInfrastructure({
    folder,
    postgres: true,
    plaid: { clientId: 'chaos', now: () => Date.now() + clock.aheadMs },
    temporal: async (_folder, closeLater) => {
      const server = await restartable('the Temporal server', () =>
        startTemporalServer({
          port: temporalPort!,
          dbFile: temporalDatabase,
          logFile: join(folder, 'temporal.log'),
          searchAttributes: SESSION_SEARCH_ATTRIBUTES,
          log,
        }),
      );
      closeLater(() => server.stop());
      return server;
    },
  });
  const { temporalServer, closeLater } = infrastructure;
  const postgres = infrastructure.postgres!;
  const [databaseRelay, temporalRelay] = await Promise.all([
    startRelay(postgres.port),
    startRelay(temporalPort!),
  ]);
  for (const relay of [databaseRelay, temporalRelay]) closeLater(() => relay.close());
  const temporalAddress = `127.0.0.1:${temporalRelay.port}`;
  const deployment = await createDeployment(infrastructure, {
    database: 'postgres',
    temporalAddress,
    databaseUrlForProcesses: (url) => url.replace(`:${postgres.port}/`, `:${databaseRelay.port}/`),
  });
  const connection = await Connection.connect({ address: temporalAddress });
  closeLater(() => connection.close());
  const vault = await deployment.openVault();
  closeLater(() => vault.close());
  const { namespace, keyRings } = deployment;
  const { codecRing } = keyRings;
  const application = applicationClients({ connection, namespace, codecRing, vault });

  const workers = Array.from({ length: WORKERS }, (_, index) =>
    workerPart(`worker ${index + 1}`, deployment.program(`worker-${index + 1}`, { command: 'worker' })),
  );
  const args = ['--address', `127.0.0.1:${webhookPort}`];
  const receiver = workerPart(
    'the webhook receiver',
    deployment.program('webhooks', { command: 'webhooks', args }),
  );
  await Promise.all([...workers, receiver].map((part) => part.restart()));
  return {
    ...deployment,
    ...application,
    get clockAheadMs() {
      return clock.aheadMs;
    },
    set clockAheadMs(aheadMs) {
      clock.aheadMs = aheadMs;
    },
    webhookUrl: `http://127.0.0.1:${webhookPort}${WEBHOOK_PATH}`,
    vault,
    workers,
    receiver,
    database: { name: 'PostgreSQL', crash: () => postgres.crash(), restart: () => postgres.restart() },
    postgres,
    databaseRelay,
    temporalRelay,
    temporalDatabase,
    async settle() {
      await Promise.all([...workers, receiver].map((part) => part.stop()));
      await temporalServer.stop();
    },
  };
}

function workerPart(name: string, program: ProgramProcess): WorkerPart & { stop(): Promise<void> } {
  let pid = 0;
  return {
    name,
    crash: () => program.kill(),
    restart: async () => void (pid = await program.start()),
    stop: () => program.stop(),
    pause: () => void process.kill(pid, 'SIGSTOP'),
    resume: () => void process.kill(pid, 'SIGCONT'),
  };
}

/** A Temporal server that can be killed and started again. */
async function restartable(
  name: string,
  start: () => Promise<TemporalServer>,
): Promise<Part & TemporalServer> {
  let server = await start();
  return {
    ...server,
    name,
    kill: () => server.kill(),
    stop: () => server.stop(),
    crash: () => server.kill(),
    restart: async () => void (server = await start()),
  };
}
