import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, type ConnectionLike, WorkflowClient, type WorkflowClientOptions } from '@temporalio/client';
import { TimeSkippingWorkflowClient, type TestWorkflowEnvironment } from '@temporalio/testing';
import type { NativeConnection } from '@temporalio/worker';
import { type ActivityInboundCallsInterceptor, Worker, type WorkerOptions } from '@temporalio/worker';
import { createActivities } from '../src/activities';
import { FailureGate } from '../src/activities/interceptor';
import { CallbackSender, type CallbackSettings } from '../src/callbacks/sender';
import { HostedLinkClient } from '../src/client';
import { createPayloadCodec, createWorkerCodec } from '../src/codec/payload-codec';
import { generateKeyRingText, type KeyRing, parseKeyRing } from '../src/secrets/key-ring';
import { createLogger } from '../src/telemetry/logger';
import { createPlaidClient, PLAID_LIMITS, type PlaidLimits } from '../src/plaid/client';
import type { PlaidClient } from '../src/plaid/plaid';
import { startSandbox, type Sandbox, type SandboxOptions } from '../src/sandbox';
import { addSearchAttributes, INDEXED_TYPES } from '../src/temporal/search-attributes';
import { Secret } from '../src/secrets/secret';
import { TASK_QUEUES } from '../src/domain/ids';
import { ActivitySpan } from '../src/temporal/activity-span';
import { clientSpans } from '../src/temporal/client-spans';
import { runSpans } from '../src/temporal/run-spans';
import { migrate, openVault, ringKeyProvider, type Vault } from '../src/vault';
import { startPglite } from './pglite';
import type { DevServer } from './temporal';
import { workflowBundle } from './workflow-bundle';

const silent = createLogger({ level: 'silent' });

/** What the sandbox of a harness takes. */
export const PLAID_CLIENT_ID = 'harness';
export const PLAID_SECRET = 'harness-plaid-secret-7f3a';

/** Where the workers of a harness run: a dev server or a time-skipping one. */
export interface HarnessServer {
  connection: ConnectionLike;
  nativeConnection: NativeConnection;
  namespace: string;
  /** The server's time, in milliseconds since the epoch. */
  now: () => Promise<number>;
  /** Makes what `hosted-link setup` makes in the namespace. */
  setUp: () => Promise<unknown>;
  /** A client that lets time skip while it waits for a result, on a time-skipping server. */
  skippingClient?: (options: WorkflowClientOptions) => WorkflowClient;
}

/** A dev server as a harness wants it. */
export function onDevServer({ connection, nativeConnection }: DevServer): HarnessServer {
  return {
    connection,
    nativeConnection,
    namespace: 'default',
    now: () => Promise.resolve(Date.now()),
    setUp: () => addSearchAttributes(connection, 'default'),
  };
}

/** A time-skipping server as a harness wants it. */
export function onTimeSkipping(environment: TestWorkflowEnvironment): HarnessServer {
  const { connection, nativeConnection } = environment;
  return {
    connection,
    nativeConnection,
    namespace: 'default',
    now: () => environment.currentTimeMs(),
    setUp: async () => {
      // It cannot list them.
      await connection.operatorService.addSearchAttributes({
        namespace: 'default',
        searchAttributes: INDEXED_TYPES,
      });
    },
    skippingClient: (options) => new TimeSkippingWorkflowClient({ ...options, connection }),
  };
}

/** A whole deployment in one process: the sandbox, an embedded vault, three workers and a client, all real. */
export interface Harness {
  sandbox: Sandbox;
  vault: Vault;
  /** Of the vault. */
  databaseUrl: string;
  plaid: PlaidClient;
  client: HostedLinkClient;
  temporal: Client;
  /** Sets the sandbox's clock to the server's time. Every watch does so too. */
  syncClock(): Promise<void>;
  /** @param taskQueues default: all of them */
  stopWorkers(taskQueues?: readonly string[]): Promise<void>;
  /** Runs a worker of an application beside, which has the codec, until the harness is closed. */
  startApplicationWorker(options: Pick<WorkerOptions, 'taskQueue' | 'workflowsPath'>): Promise<void>;
  /**
   * Starts the workers that do not run.
   *
   * @param codecRing default: the one that the client has
   * @param activityRing that of the workers which call Plaid; default: the same
   */
  startWorkers(codecRing?: KeyRing, activityRing?: KeyRing): Promise<void>;
  close(): Promise<void>;
}

/** How a harness differs from the usual one. */
export interface HarnessOptions {
  /** Encrypts the payloads. Default: a random key. */
  codecRing?: KeyRing;
  /** Who is called back. Default: nobody. */
  callbacks?: CallbackSettings;
  /** Where stored items' webhooks are moved. Default: they stay. */
  itemWebhookUrl?: string;
  /** How long calls to Plaid may take. Default: as long as a worker's. */
  plaidLimits?: Partial<PlaidLimits>;
  /** Sees each attempt of an activity, outermost. */
  activityInterceptor?: ActivityInboundCallsInterceptor;
  /** What the workers have in place of the client of Plaid. */
  standIn?: (plaid: PlaidClient) => PlaidClient;
}

function converting(ring: KeyRing): Pick<WorkerOptions, 'dataConverter'> {
  return { dataConverter: { payloadCodecs: [createWorkerCodec(ring)] } };
}

/** Starts a {@link Harness} on a server. */
export async function startHarness(
  server: HarnessServer,
  sandboxOptions: Partial<SandboxOptions> = {},
  {
    codecRing = parseKeyRing(generateKeyRingText('codec'), 'test ring'),
    callbacks,
    itemWebhookUrl,
    plaidLimits = {},
    activityInterceptor = {},
    standIn = (plaid) => plaid,
  }: HarnessOptions = {},
): Promise<Harness> {
  await server.setUp();
  const dataDir = await mkdtemp(join(tmpdir(), 'hosted-link-'));
  let clockMs = await server.now();
  const sandbox = await startSandbox({
    clientId: PLAID_CLIENT_ID,
    secret: PLAID_SECRET,
    now: () => clockMs,
    ...sandboxOptions,
  });
  const syncClock = async () => {
    clockMs = await server.now();
  };
  const account = {
    clientId: PLAID_CLIENT_ID,
    secret: new Secret(PLAID_SECRET),
    environment: 'sandbox',
    baseUrl: sandbox.url,
  } as const;
  const plaid = createPlaidClient(account, { ...PLAID_LIMITS, ...plaidLimits });
  const database = await startPglite(dataDir);
  await migrate(database.databaseUrl);
  const vault = await openVault({
    databaseUrl: database.databaseUrl,
    keys: ringKeyProvider(parseKeyRing(generateKeyRingText('vault'), 'test ring'), 'test ring'),
    environment: 'sandbox',
  });
  const dataConverter = { payloadCodecs: [createPayloadCodec(codecRing)] };
  const { connection, nativeConnection, namespace } = server;
  const temporal = new Client({
    connection,
    namespace,
    dataConverter,
    interceptors: { workflow: [clientSpans] },
  });
  const skipping = server.skippingClient?.({ namespace, dataConverter });
  if (skipping) Object.assign(temporal, { workflow: skipping });

  const sender = callbacks && new CallbackSender(callbacks, 'sandbox');
  const activities = createActivities({
    plaid: standIn(plaid),
    environment: 'sandbox',
    vault,
    noticeClient: new Client({ connection, namespace }).workflow,
    callbacks: sender && { sender, client: new WorkflowClient({ connection, namespace, dataConverter }) },
    itemWebhookUrl,
    now: async () => {
      await syncClock();
      return clockMs;
    },
  });
  /** By task queue: what stops its worker. */
  const running = new Map<string, () => Promise<void>>();
  const startWorker = async (options: WorkerOptions) => {
    const { taskQueue } = options;
    if (running.has(taskQueue)) return;
    const worker = await Worker.create(options);
    const run = worker.run();
    running.set(taskQueue, async () => {
      running.delete(taskQueue);
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await run;
    });
  };
  const stopWorkers: Harness['stopWorkers'] = async (taskQueues = [...running.keys()]) => {
    await Promise.all(taskQueues.map(async (taskQueue) => await running.get(taskQueue)?.()));
  };
  const startWorkers = async (workerRing = codecRing, activityRing = workerRing) => {
    const options: Omit<WorkerOptions, 'taskQueue'> = {
      connection: nativeConnection,
      namespace,
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
    await Promise.all([
      startWorker({
        ...options,
        ...converting(workerRing),
        taskQueue: TASK_QUEUES.main,
        workflowBundle: await workflowBundle(),
      }),
      startWorker({ ...options, ...converting(activityRing), taskQueue: TASK_QUEUES.plaid }),
      startWorker({ ...options, ...converting(activityRing), taskQueue: TASK_QUEUES.plaidUrgent }),
    ]);
  };
  await startWorkers();

  const stopApplicationWorkers: (() => Promise<void>)[] = [];
  const startApplicationWorker: Harness['startApplicationWorker'] = async (options) => {
    const worker = await Worker.create({
      ...options,
      connection: nativeConnection,
      namespace,
      dataConverter,
    });
    const run = worker.run();
    stopApplicationWorkers.push(async () => {
      worker.shutdown();
      await run;
    });
  };

  return {
    sandbox,
    vault,
    databaseUrl: database.databaseUrl,
    plaid,
    client: new HostedLinkClient({ temporal, vault, environment: 'sandbox' }),
    temporal,
    syncClock,
    startApplicationWorker,
    startWorkers,
    stopWorkers,
    close: async () => {
      await Promise.all(stopApplicationWorkers.map((stop) => stop()));
      await stopWorkers();
      await sender?.close();
      await vault.close();
      await database.stop();
      await plaid.close();
      await sandbox.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
