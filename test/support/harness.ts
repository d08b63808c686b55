import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, type ConnectionLike } from '@temporalio/client';
import {
  bundleWorkflowCode,
  DefaultLogger,
  NativeConnection,
  Worker,
  type WorkerOptions,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { createActivities } from '../../src/activities';
import { FailureGate } from '../../src/activities/interceptor';
import { HostedLinkClient } from '../../src/client';
import { createPayloadCodec } from '../../src/codec/payload-codec';
import { generateKeyRingText, parseKeyRing } from '../../src/key-ring';
import { createLogger } from '../../src/logger';
import { createPlaidClient } from '../../src/plaid/client';
import type { PlaidClient } from '../../src/plaid/plaid';
import { startSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox';
import { addSearchAttributes } from '../../src/search-attributes';
import { Secret } from '../../src/secret';
import { TASK_QUEUES } from '../../src/session';
import { migrate, openVault, startEmbeddedDatabase, type Vault } from '../../src/vault';

const silent = createLogger({ level: 'silent' });

const PLAID_SECRET = 'harness-plaid-secret-7f3a';

/** Where the workers of a harness run: a dev server or a time-skipping one. */
export interface HarnessServer {
  connection: ConnectionLike;
  nativeConnection: NativeConnection;
  namespace: string;
  /** The server's time, in milliseconds since the epoch. */
  now: () => Promise<number>;
}

/** A whole deployment in one process: the sandbox, an embedded vault, three workers and a client, all real. */
export interface Harness {
  sandbox: Sandbox;
  vault: Vault;
  plaid: PlaidClient;
  client: HostedLinkClient;
  temporal: Client;
  /** Sets the sandbox's clock to the server's time. Every call to Plaid does so too. */
  syncClock(): Promise<void>;
  stopWorkers(): Promise<void>;
  startWorkers(): Promise<void>;
  close(): Promise<void>;
}

let bundle: Promise<WorkflowBundleWithSourceMap> | undefined;

/** The workflows, bundled once for all tests of a file. */
export function workflowBundle(): Promise<WorkflowBundleWithSourceMap> {
  bundle ??= bundleWorkflowCode({
    workflowsPath: require.resolve('../../src/workflows'),
    logger: new DefaultLogger('ERROR'),
  });
  return bundle;
}

/** Starts a {@link Harness} on a server. */
export async function startHarness(
  server: HarnessServer,
  sandboxOptions: Partial<SandboxOptions> = {},
): Promise<Harness> {
  const dataDir = await mkdtemp(join(tmpdir(), 'hosted-link-'));
  let clockMs = await server.now();
  const sandbox = await startSandbox({
    clientId: 'harness',
    secret: PLAID_SECRET,
    now: () => clockMs,
    ...sandboxOptions,
  });
  const syncClock = async () => {
    clockMs = await server.now();
  };
  const plaid = createPlaidClient({
    clientId: 'harness',
    secret: new Secret(PLAID_SECRET),
    environment: 'sandbox',
    baseUrl: sandbox.url,
  });
  const database = await startEmbeddedDatabase(dataDir);
  await migrate(database.databaseUrl);
  const vault = await openVault({
    databaseUrl: database.databaseUrl,
    ring: parseKeyRing(generateKeyRingText('vault'), 'test ring'),
    environment: 'sandbox',
  });
  await addSearchAttributes(server.connection, server.namespace);
  const codec = createPayloadCodec(parseKeyRing(generateKeyRingText('codec'), 'test ring'));
  const dataConverter = { payloadCodecs: [codec] };
  const { connection, nativeConnection, namespace } = server;
  const temporal = new Client({ connection, namespace, dataConverter });

  const activities = createActivities({
    plaid: afterEachSync(plaid, syncClock),
    vault,
    noticeClient: new Client({ connection, namespace }).workflow,
    now: server.now,
  });
  let stopWorkers = async () => {};
  const startWorkers = async () => {
    const options: Omit<WorkerOptions, 'taskQueue'> = {
      connection: nativeConnection,
      namespace,
      activities,
      dataConverter,
      // A sticky worker that stops can stall the time-skipping server.
      maxCachedWorkflows: 0,
      shutdownGraceTime: '5s',
      interceptors: { activity: [(context) => ({ inbound: new FailureGate(context, silent) })] },
    };
    const workers = await Promise.all([
      Worker.create({ ...options, taskQueue: TASK_QUEUES.main, workflowBundle: await workflowBundle() }),
      Worker.create({ ...options, taskQueue: TASK_QUEUES.plaid }),
      Worker.create({ ...options, taskQueue: TASK_QUEUES.plaidUrgent }),
    ]);
    const runs = Promise.all(workers.map((worker) => worker.run()));
    stopWorkers = async () => {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      await runs;
    };
  };
  await startWorkers();

  return {
    sandbox,
    vault,
    plaid,
    client: new HostedLinkClient({ temporal, vault, environment: 'sandbox' }),
    temporal,
    syncClock,
    startWorkers,
    stopWorkers: () => stopWorkers(),
    close: async () => {
      await stopWorkers();
      await vault.close();
      await database.close();
      await plaid.close();
      await sandbox.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** The same client, which sets the sandbox's clock before each call. */
function afterEachSync(plaid: PlaidClient, sync: () => Promise<void>): PlaidClient {
  return new Proxy(plaid, {
    get(target, name) {
      const member = target[name as keyof PlaidClient] as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]) => {
        await sync();
        return await member.apply(target, args);
      };
    },
  });
}
