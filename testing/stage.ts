import { randomBytes } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client';
import { HostedLinkClient } from '../src/client';
import { createPayloadCodec } from '../src/codec/payload-codec';
import { auditLine } from '../src/ops/codec-server/audit';
import { startCodecServer } from '../src/ops/codec-server/codec-server';
import { readSettings, readVariables } from '../src/config/settings';
import { loadKeyRings, type KeyRings } from '../src/config/load-keys';
import { openVaultFromSettings } from '../src/config/open-vault';
import { startSandbox, type Sandbox } from '../src/sandbox';
import { loadTemporalConnection } from '../src/temporal/connection';
import { exchangeWorkflowId, sessionWorkflowId } from '../src/domain/ids';
import type { Vault } from '../src/vault';
import { freePorts } from './child-server';
import type { Closers } from './closers';
import { ProgramProcess } from './program-process';
import { SESSION_SEARCH_ATTRIBUTES, useOrStartTemporal, type TemporalServer } from './temporal-server';

/** All that runs: Temporal with Web UI and codec server, the offline Plaid, the worker with its embedded vault. */
export interface Stage {
  sandbox: Sandbox;
  server: TemporalServer;
  temporal: Client;
  /** Without a vault: it answers while the worker, who owns the vault, is away. */
  client: HostedLinkClient;
  worker: ProgramProcess;
  keyRings: KeyRings;
  /** The environment of a process of this deployment. */
  env: NodeJS.ProcessEnv;
  /** The session key of a scenario, by its name. Unlike those of other demos, which a server may remember. */
  keyOf(name: string): string;
  /** Temporal's database; undefined when the server was not started here. */
  databaseFile: string | undefined;
  /** Runs `use` with the vault, through the running worker. */
  withVault<T>(use: (vault: Vault) => Promise<T>): Promise<T>;
}

const CLIENT_ID = 'demo';
const DATABASE_FILE = 'temporal.db';
const LEDGER_FILE = 'ledger.json';
const TEMPORAL_CONFIG_FILE = 'temporal.toml';
const WORKER_LOG = 'worker.log';
const CODEC_SERVER_LOG = 'codec-server.log';

/** What is in the data directory and holds secrets in clear by its nature. */
export const SECRET_FILES: readonly string[] = [LEDGER_FILE, 'keys.json'];

/**
 * Opens the stage in a data directory. What has to be closed is added to `closers` as it comes, so that all of it is
 * closed also when this fails in the middle.
 * @throws Error with one clear line when a part does not start
 */
export async function openStage(
  dataDir: string,
  closers: Closers,
  log: (line: string) => void,
): Promise<Stage> {
  const plaidSecret = randomBytes(16).toString('hex');
  const sandbox = await startSandbox({ clientId: CLIENT_ID, secret: plaidSecret });
  closers.push(
    () => sandbox.close(),
    () =>
      writeFile(join(dataDir, LEDGER_FILE), `${JSON.stringify(sandbox.ledger(), null, 2)}\n`, {
        mode: 0o600,
      }),
  );

  const [codecPort] = await freePorts(1);
  const server = await useOrStartTemporal({
    ui: true,
    dbFile: join(dataDir, DATABASE_FILE),
    codecEndpoint: `http://127.0.0.1:${codecPort}`,
    searchAttributes: SESSION_SEARCH_ATTRIBUTES,
    log,
  });
  closers.push(() => server.stop());
  const started = server.pid !== undefined;
  log(
    started
      ? `Temporal server: process ${server.pid} at ${server.address}, Web UI at ${server.uiAddress}`
      : `Temporal server: ${server.address} (TEMPORAL_ADDRESS)`,
  );

  const temporalConfigFile = join(dataDir, TEMPORAL_CONFIG_FILE);
  if (started) await writeFile(temporalConfigFile, `[profile.default]\naddress = "${server.address}"\n`);
  const env = {
    ...inheritedEnvironment(started),
    PLAID_CLIENT_ID: CLIENT_ID,
    PLAID_SECRET: plaidSecret,
    PLAID_ENV: 'sandbox',
    PLAID_BASE_URL: sandbox.url,
    HOSTED_LINK_DATA_DIR: dataDir,
    // A file of the user's own may name a server elsewhere.
    ...(started && { TEMPORAL_CONFIG_FILE: temporalConfigFile }),
  };
  const settings = readSettings(env);
  const keyRings = await loadKeyRings(settings);
  if (server.uiAddress !== undefined) {
    const origins = [server.uiAddress, server.uiAddress.replace('127.0.0.1', 'localhost')];
    const codecServer = await startCodecServer({
      ring: keyRings.codecRing,
      origins,
      address: { host: '127.0.0.1', port: codecPort! },
      audit: (entry) => appendFileSync(join(dataDir, CODEC_SERVER_LOG), `${auditLine(entry)}\n`),
    });
    closers.push(() => codecServer.close());
  }

  const { connectionOptions, namespace } = loadTemporalConnection(readVariables(env));
  const channelArgs = started ? { 'grpc.enable_http_proxy': 0 } : {};
  // Ends with this process: a call under way that is repeated on a closed connection would be an uncaught exception.
  const connection = await Connection.connect({ ...connectionOptions, channelArgs });
  const dataConverter = { payloadCodecs: [createPayloadCodec(keyRings.codecRing)] };
  const temporal = new Client({ connection, namespace, dataConverter });
  const keyPrefix = `demo-${randomBytes(2).toString('hex')}-`;
  const keys = new Set<string>();
  if (!started) {
    await refuseNamespaceInUse(temporal);
    closers.push(() => endSessions(temporal, [...keys]));
  }

  const worker = new ProgramProcess({ command: 'worker', env, logFile: join(dataDir, WORKER_LOG) });
  closers.push(() => worker.stop());
  log(`worker: process ${await worker.start()}, vault in ${join(dataDir, 'vault')}`);
  return {
    sandbox,
    server,
    temporal,
    client: new HostedLinkClient({ temporal, environment: 'sandbox' }),
    worker,
    keyRings,
    env,
    keyOf(name) {
      const key = keyPrefix + name;
      keys.add(key);
      return key;
    },
    databaseFile: started ? join(dataDir, DATABASE_FILE) : undefined,
    async withVault(use) {
      const vault = await openVaultFromSettings(settings);
      try {
        return await use(vault);
      } finally {
        await vault.close();
      }
    },
  };
}

/** The environment of this process without settings of ours, and without Temporal's unless they name the server in use. */
function inheritedEnvironment(ownServer: boolean): NodeJS.ProcessEnv {
  const left = ownServer
    ? /^(PLAID_|HOSTED_LINK_|DATABASE_URL|LOG_LEVEL|TEMPORAL_)/
    : /^(PLAID_|HOSTED_LINK_|DATABASE_URL|LOG_LEVEL)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !left.test(name)));
}

/** On a server that serves others too, a second worker with other keys would take their tasks. */
async function refuseNamespaceInUse(temporal: Client): Promise<void> {
  const query = "WorkflowType IN ('hostedLinkSession', 'tokenExchange') AND ExecutionStatus = 'Running'";
  const { count } = await temporal.workflow.count(query);
  if (count === 0) return;
  throw new Error(
    `TEMPORAL_NAMESPACE: ${temporal.options.namespace} has sessions under way (${count}), which the demo's worker would disturb; name another namespace, or unset TEMPORAL_ADDRESS`,
  );
}

/**
 * A session that nobody finished, or its exchange, would wait for the next worker there. By their ids: a list may lack what has
 * started just now.
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
