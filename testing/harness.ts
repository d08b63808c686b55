import {
  Client,
  type ConnectionLike,
  WorkflowClient,
  type WorkflowClientOptions,
  Connection,
} from '@temporalio/client';
import { TimeSkippingWorkflowClient, type TestWorkflowEnvironment } from '@temporalio/testing';
import {
  type ActivityInboundCallsInterceptor,
  NativeConnection,
  type WorkerOptions,
  type WorkflowBundleOption,
} from '@temporalio/worker';
import { createActivities } from '../src/activities';
import { CallbackSender, type CallbackSettings } from '../src/callbacks/sender';
import type { HostedLinkClient } from '../src/client';
import { createPayloadCodec } from '../src/codec/payload-codec';
import type { PlaidLimits } from '../src/plaid/client';
import type { PlaidClient } from '../src/plaid/plaid';
import type { Sandbox, SandboxOptions } from '../src/sandbox';
import type { KeyRing } from '../src/secrets/key-ring';
import { addSearchAttributes, INDEXED_TYPES } from '../src/temporal/search-attributes';
import type { Vault } from '../src/vault';
import { applicationClients, createDeployment } from './deployment';
import { createWorkers } from './in-process-workers';
import { plaidClientFor, startInfrastructure, type PlaidAccount } from './infrastructure';
import type { DevServer } from './temporal';
import { startTemporalServer, type TemporalServer, type TemporalServerOptions } from './temporal-server';

/** Credentials that the sandbox of a harness accepts. */
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

/** A whole deployment in one process: the sandbox, an embedded vault, three workers and a client, all of them real. */
export interface Harness {
  sandbox: Sandbox;
  account: PlaidAccount;
  vault: Vault;
  /** The vault's database; none when the vault was given. */
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
  /** Gives the client of Plaid that the workers use. Default: the real one. */
  standIn?: (plaid: PlaidClient) => PlaidClient;
  /** The bundled workflows. Default: those of this checkout. */
  bundle?: WorkflowBundleOption;
  /** The vault that the workers use. Default: a real one, in an embedded database. */
  vault?: Vault;
}

/** Starts a {@link Harness} on a server. */
export async function startHarness(
  server: HarnessServer,
  sandboxOptions: Partial<SandboxOptions> = {},
  {
    codecRing: givenRing,
    callbacks,
    itemWebhookUrl,
    plaidLimits,
    activityInterceptor,
    standIn = (plaid) => plaid,
    vault: givenVault,
    bundle,
  }: HarnessOptions = {},
): Promise<Harness> {
  await server.setUp();
  const { connection, nativeConnection, namespace } = server;
  let clockMs = await server.now();
  const syncClock = async () => {
    clockMs = await server.now();
  };
  const infrastructure = await startInfrastructure({
    temporal: async () => ({ address: '' }),
    plaid: { clientId: PLAID_CLIENT_ID, secret: PLAID_SECRET, now: () => clockMs, ...sandboxOptions },
  });
  const { sandbox, account, closeLater, close } = infrastructure;
  const database = givenVault ? 'none' : 'pglite';
  const deployment = await createDeployment(infrastructure, { database, namespace });
  const codecRing = givenRing ?? deployment.keyRings.codecRing;
  const plaid = plaidClientFor(account, plaidLimits);
  closeLater(() => plaid.close());
  const vault = givenVault ?? (await deployment.openVault());
  closeLater(() => vault.close());
  const { temporal, client } = applicationClients({ connection, namespace, codecRing, vault });
  const dataConverter = { payloadCodecs: [createPayloadCodec(codecRing)] };
  const skipping = server.skippingClient?.({ namespace, dataConverter });
  if (skipping) Object.assign(temporal, { workflow: skipping });

  const sender = callbacks && new CallbackSender(callbacks, 'sandbox');
  if (sender) closeLater(() => sender.close());
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
  const workers = createWorkers({
    connection: nativeConnection,
    namespace,
    activities,
    activityInterceptor,
    bundle,
  });
  closeLater(() => workers.stop());
  await workers.start(codecRing);
  return {
    sandbox,
    account,
    vault,
    databaseUrl: deployment.databaseUrl!,
    plaid,
    client,
    temporal,
    syncClock,
    startApplicationWorker: (options) => workers.startOther(options, codecRing),
    startWorkers: (workerRing = codecRing, activityRing = workerRing) =>
      workers.start(workerRing, activityRing),
    stopWorkers: (taskQueues) => workers.stop(taskQueues),
    close,
  };
}

/** Starts a Temporal dev server and a {@link Harness} on it, both of which its `close` stops. The sandbox has the real clock. */
export async function startHarnessWithServer(
  serverOptions: TemporalServerOptions,
  options: HarnessOptions = {},
): Promise<Harness & { server: TemporalServer }> {
  // gRPC would otherwise use the proxy of HTTPS_PROXY even for servers on loopback.
  process.env['no_grpc_proxy'] = '127.0.0.1';
  const server = await startTemporalServer(serverOptions);
  const { address } = server;
  const connection = await Connection.connect({ address });
  const nativeConnection = await NativeConnection.connect({ address });
  const harness = await startHarness(
    onDevServer({ ...server, connection, nativeConnection }),
    { now: Date.now },
    options,
  );
  return {
    ...harness,
    server,
    close: async () => {
      await harness.close();
      await connection.close();
      await nativeConnection.close();
      await server.stop();
    },
  };
}
