import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { HostedLinkClient } from '../../src/client';
import { createPayloadCodec } from '../../src/codec/payload-codec';
import { generateKeyRingText, parseKeyRing } from '../../src/secrets/key-ring';
import type { KeyRings } from '../../src/config/load-keys';
import { startSandbox, type Sandbox } from '../../src/sandbox';
import { migrate, openVault, type Vault } from '../../src/vault';
import { ringKeyProvider } from '../../src/vault/crypto/key-provider';
import { WEBHOOK_PATH } from '../../src/webhook/receiver';
import { startPostgres, type Postgres } from '../../testing/postgres';
import { freePorts } from '../../testing/child-server';
import { ProgramProcess } from '../../testing/program-process';
import {
  SESSION_SEARCH_ATTRIBUTES,
  startTemporalServer,
  type TemporalServer,
} from '../../testing/temporal-server';
import { startRelay, type Relay } from './relay';

const CLIENT_ID = 'torture';
const WORKERS = 2;

/** A part that can be ended as a crash ends it, and started again at the same place. */
export interface Part {
  name: string;
  crash(): Promise<void>;
  restart(): Promise<void>;
}

/** A worker can also be stopped in the middle of what it does, and go on later without knowing. */
export interface WorkerPart extends Part {
  freeze(): void;
  thaw(): void;
}

/** A deployment as in production, in small, of real processes: two workers, the receiver of webhooks, PostgreSQL, Temporal. */
export interface Topology {
  sandbox: Sandbox;
  /** The sandbox's clock is ahead of the real one by this many milliseconds. */
  clockAheadMs: number;
  webhookUrl: string;
  client: HostedLinkClient;
  temporal: Client;
  vault: Vault;
  keyRings: KeyRings;
  workers: readonly WorkerPart[];
  receiver: Part;
  temporalServer: Part;
  database: Part;
  /** Between PostgreSQL and the workers and the receiver. */
  databaseRelay: Relay;
  /** Between the Temporal server and the workers and the application. */
  temporalRelay: Relay;
  /** Where all of it writes, the database's files apart. */
  dataDir: string;
  databaseFolder: string;
  temporalDatabase: string;
  /** Lets workers and receiver end in order, and Temporal, so that all that they wrote is in their files. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Starts all of it, with its files in `dataDir`.
 * @throws Error with one clear line when a part does not start; what has started by then ends with this process
 */
export async function startTopology(dataDir: string, log: (line: string) => void): Promise<Topology> {
  await mkdir(dataDir, { recursive: true });
  const plaidSecret = randomBytes(16).toString('hex');
  const clock = { aheadMs: 0 };
  const sandbox = await startSandbox({
    clientId: CLIENT_ID,
    secret: plaidSecret,
    now: () => Date.now() + clock.aheadMs,
  });
  const postgres = await startPostgres();
  if (!postgres) throw new Error('the torture run needs PostgreSQL');
  await migrate(postgres.databaseUrl);

  const temporalDatabase = join(dataDir, 'temporal.db');
  const [temporalPort, webhookPort] = await freePorts(2);
  const temporalServer = await restartable('the Temporal server', () =>
    startTemporalServer({
      port: temporalPort!,
      dbFile: temporalDatabase,
      logFile: join(dataDir, 'temporal.log'),
      searchAttributes: SESSION_SEARCH_ATTRIBUTES,
      log,
    }),
  );
  const [databaseRelay, temporalRelay] = await Promise.all([
    startRelay(postgres.port),
    startRelay(temporalPort!),
  ]);
  const address = `127.0.0.1:${temporalRelay.port}`;
  const relayedDatabase = new URL(postgres.databaseUrl);
  relayedDatabase.port = String(databaseRelay.port);

  const ringTexts = { vault: generateKeyRingText('vault'), codec: generateKeyRingText('codec') };
  const keyRings: KeyRings = {
    vaultRing: parseKeyRing(ringTexts.vault, 'vault keys'),
    codecRing: parseKeyRing(ringTexts.codec, 'codec keys'),
  };
  const env: NodeJS.ProcessEnv = {
    PATH: process.env['PATH'],
    PLAID_CLIENT_ID: CLIENT_ID,
    PLAID_SECRET: plaidSecret,
    PLAID_BASE_URL: sandbox.url,
    TEMPORAL_ADDRESS: address,
    DATABASE_URL: relayedDatabase.href,
    HOSTED_LINK_VAULT_KEYS: ringTexts.vault,
    HOSTED_LINK_CODEC_KEYS: ringTexts.codec,
    HOSTED_LINK_DATA_DIR: dataDir,
  };
  const workers = Array.from({ length: WORKERS }, (_, index) =>
    program(`worker ${index + 1}`, {
      command: 'worker',
      env,
      logFile: join(dataDir, `worker-${index + 1}.log`),
    }),
  );
  const receiver = program('the receiver of webhooks', {
    command: 'webhooks',
    args: ['--port', String(webhookPort)],
    env,
    logFile: join(dataDir, 'webhooks.log'),
  });
  await Promise.all([...workers, receiver].map((part) => part.restart()));

  const connection = await Connection.connect({
    address,
    channelArgs: { 'grpc.enable_http_proxy': 0 },
  });
  const dataConverter = { payloadCodecs: [createPayloadCodec(keyRings.codecRing)] };
  const temporal = new Client({ connection, dataConverter });
  const vault = await openVault({
    databaseUrl: postgres.databaseUrl,
    keys: ringKeyProvider(keyRings.vaultRing, 'vault keys'),
    environment: 'sandbox',
  });
  const stopPrograms = async () => {
    await Promise.all([...workers, receiver].map((part) => part.stop()));
    await temporalServer.current().stop();
  };
  return {
    sandbox,
    get clockAheadMs() {
      return clock.aheadMs;
    },
    set clockAheadMs(aheadMs) {
      clock.aheadMs = aheadMs;
    },
    webhookUrl: `http://127.0.0.1:${webhookPort}${WEBHOOK_PATH}`,
    client: new HostedLinkClient({ temporal, vault, environment: 'sandbox' }),
    temporal,
    vault,
    keyRings,
    workers,
    receiver,
    temporalServer,
    database: databasePart(postgres),
    databaseRelay,
    temporalRelay,
    dataDir,
    databaseFolder: postgres.folder,
    temporalDatabase,
    settle: stopPrograms,
    async close() {
      await stopPrograms();
      await vault.close();
      await connection.close();
      await Promise.all([databaseRelay.close(), temporalRelay.close()]);
      await postgres.stop();
      await sandbox.close();
    },
  };
}

function program(
  name: string,
  options: ConstructorParameters<typeof ProgramProcess>[0],
): WorkerPart & { stop(): Promise<void> } {
  const program = new ProgramProcess(options);
  let pid = 0;
  return {
    name,
    crash: () => program.kill(),
    restart: async () => void (pid = await program.start()),
    stop: () => program.stop(),
    freeze: () => void process.kill(pid, 'SIGSTOP'),
    thaw: () => void process.kill(pid, 'SIGCONT'),
  };
}

async function restartable(
  name: string,
  start: () => Promise<TemporalServer>,
): Promise<Part & { current(): TemporalServer }> {
  let server = await start();
  return {
    name,
    crash: () => server.kill(),
    restart: async () => void (server = await start()),
    current: () => server,
  };
}

function databasePart(postgres: Postgres): Part {
  return { name: 'PostgreSQL', crash: () => postgres.crash(), restart: () => postgres.restart() };
}
