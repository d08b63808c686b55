import { randomBytes } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Client, Connection, WorkflowNotFoundError } from '@temporalio/client';
import { readVariables } from '../../src/config/settings';
import { exchangeWorkflowId, sessionWorkflowId } from '../../src/domain/ids';
import { auditLine } from '../../src/ops/codec-server/audit';
import { startCodecServer } from '../../src/ops/codec-server/codec-server';
import { loadTemporalConnection } from '../../src/temporal/connection';
import type { Vault } from '../../src/vault';
import { freePorts } from '../../testing/child-server';
import type { Closers } from '../../testing/closers';
import {
  applicationClients,
  createDeployment,
  type Application,
  type Deployment,
} from '../../testing/deployment';
import { startInfrastructure } from '../../testing/infrastructure';
import type { ProgramProcess } from '../../testing/program-process';
import {
  SESSION_SEARCH_ATTRIBUTES,
  useOrStartTemporal,
  type TemporalServer,
} from '../../testing/temporal-server';

/**
 * The deployment of the demo: Temporal with Web UI and codec server, the offline Plaid, and a worker with its embedded vault. Its client
 * has no vault, so that it answers while the worker, which owns the vault, does not run.
 */
export interface DemoDeployment extends Deployment<TemporalServer>, Application {
  worker: ProgramProcess;
  /** Gives the session key of a scenario, which no other run of the demo has used on the same server. */
  keyOf(name: string): string;
  /** The file of Temporal's database. Undefined when the server was not started here. */
  databaseFile: string | undefined;
  /** Runs `use` with the vault, through the running worker. */
  withVault<T>(use: (vault: Vault) => Promise<T>): Promise<T>;
}

const DATABASE_FILE = 'temporal.db';
const LEDGER_FILE = 'ledger.json';
const TEMPORAL_CONFIG_FILE = 'temporal.toml';
const CODEC_SERVER_LOG = 'codec-server.log';

/** Files in the data directory that hold secrets in clear by their nature. */
export const SECRET_FILES: readonly string[] = [LEDGER_FILE, 'keys.json'];

/**
 * Starts the demo's deployment in a data directory, on a server of its own or the one of TEMPORAL_ADDRESS. Registers with `closers` what
 * has to be closed, as it starts, so that everything is closed also when this fails halfway.
 *
 * @throws Error with one clear line when a part does not start
 */
export async function startDemoDeployment(
  folder: string,
  closers: Closers,
  log: (line: string) => void,
): Promise<DemoDeployment> {
  const [codecPort] = await freePorts(1);
  const infrastructure = await startInfrastructure({
    folder,
    closers,
    plaid: { clientId: 'demo' },
    temporal: async (_folder, closeLater) => {
      const server = await useOrStartTemporal({
        ui: true,
        dbFile: join(folder, DATABASE_FILE),
        codecEndpoint: `http://127.0.0.1:${codecPort}`,
        searchAttributes: SESSION_SEARCH_ATTRIBUTES,
        log,
      });
      closeLater(() => server.stop());
      return server;
    },
  });
  const { sandbox, temporalServer, closeLater } = infrastructure;
  closeLater(() =>
    writeFile(join(folder, LEDGER_FILE), `${JSON.stringify(sandbox.ledger(), null, 2)}\n`, { mode: 0o600 }),
  );
  const started = temporalServer.pid !== undefined;
  log(
    started
      ? `Temporal server: process ${temporalServer.pid} at ${temporalServer.address}, Web UI at ${temporalServer.uiAddress}`
      : `Temporal server: ${temporalServer.address} (TEMPORAL_ADDRESS)`,
  );
  // A configuration file of the user's own may name another server or namespace.
  const temporalConfigFile = join(folder, TEMPORAL_CONFIG_FILE);
  if (started) await writeFile(temporalConfigFile, '[profile.default]\n');
  const deployment = await createDeployment(infrastructure, {
    dataDir: folder,
    namespace: started ? 'default' : (process.env['TEMPORAL_NAMESPACE'] ?? 'default'),
    settings: {
      ...inheritedEnvironment(started),
      ...(started && { TEMPORAL_CONFIG_FILE: temporalConfigFile }),
    },
  });
  const { env, keyRings, namespace } = deployment;
  await startCodecServerForWebUi(deployment, codecPort!);

  const { connectionOptions } = loadTemporalConnection(readVariables(env));
  // Not closed before this process ends: a call in progress would be repeated on the closed connection, and throw where nobody catches.
  const connection = await Connection.connect(connectionOptions);
  const { temporal, client } = applicationClients({ connection, namespace, codecRing: keyRings.codecRing });
  const keyPrefix = `demo-${randomBytes(2).toString('hex')}-`;
  const keys = new Set<string>();
  if (!started) {
    await refuseNamespaceInUse(temporal);
    closeLater(() => endSessions(temporal, [...keys]));
  }

  const worker = deployment.program('worker', { command: 'worker' });
  log(`worker: process ${await worker.start()}, vault in ${join(folder, 'vault')}`);
  return {
    ...deployment,
    temporal,
    client,
    worker,
    keyOf(name) {
      const key = keyPrefix + name;
      keys.add(key);
      return key;
    },
    databaseFile: started ? join(folder, DATABASE_FILE) : undefined,
    async withVault(use) {
      const vault = await deployment.openVault();
      try {
        return await use(vault);
      } finally {
        await vault.close();
      }
    },
  };
}

/** Starts the codec server that Web UI asks, when Web UI was started here. */
async function startCodecServerForWebUi(
  { temporalServer: { uiAddress }, keyRings, folder, closeLater }: Deployment<TemporalServer>,
  port: number,
): Promise<void> {
  if (uiAddress === undefined) return;
  const codecServer = await startCodecServer({
    ring: keyRings.codecRing,
    origins: [uiAddress, uiAddress.replace('127.0.0.1', 'localhost')],
    address: { host: '127.0.0.1', port },
    audit: (entry) => appendFileSync(join(folder, CODEC_SERVER_LOG), `${auditLine(entry)}\n`),
  });
  closeLater(() => codecServer.close());
}

/** Gives the environment of this process without our settings, and without Temporal's unless they name the server in use. */
function inheritedEnvironment(ownServer: boolean): NodeJS.ProcessEnv {
  const left = ownServer
    ? /^(PLAID_|HOSTED_LINK_|DATABASE_URL|LOG_LEVEL|TEMPORAL_)/
    : /^(PLAID_|HOSTED_LINK_|DATABASE_URL|LOG_LEVEL)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !left.test(name)));
}

/**
 * A second worker with other keys would take the tasks of a deployment that shares the namespace.
 *
 * @throws Error when the namespace has running sessions
 */
async function refuseNamespaceInUse(temporal: Client): Promise<void> {
  const query = "WorkflowType IN ('hostedLinkSession', 'tokenExchange') AND ExecutionStatus = 'Running'";
  const { count } = await temporal.workflow.count(query);
  if (count === 0) return;
  throw new Error(
    `TEMPORAL_NAMESPACE: ${temporal.options.namespace} has running sessions (${count}), which the demo's worker would disturb; name another namespace, or unset TEMPORAL_ADDRESS`,
  );
}

/**
 * Terminates sessions and exchanges that are still running: they would wait for the next worker on that server. By workflow id, since a
 * list may not yet have what started just now.
 */
async function endSessions(temporal: Client, keys: readonly string[]): Promise<void> {
  const workflowIds = keys.flatMap((key) => [sessionWorkflowId(key), exchangeWorkflowId(key)]);
  await Promise.all(
    workflowIds.map((workflowId) =>
      temporal.workflow
        .getHandle(workflowId)
        .terminate('the demo has ended')
        .catch((error: unknown) => {
          if (!(error instanceof WorkflowNotFoundError)) throw error;
        }),
    ),
  );
}
