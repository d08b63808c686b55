import { mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { SearchAttributeType } from '@temporalio/common';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { SEARCH_ATTRIBUTES } from '../src/workflows/search-attributes';
import { goInstall } from './go-install';
import { cacheFolder, isExecutable, onPath, provision, type Log, type ProgramSource } from './provision';
import { runProgram } from './run-program';
import { sdkDownload, sdkDownloadPath } from './sdk-download';
import { freePorts, lostItsPort, startChild } from './child-server';

/** The newest Temporal CLI whose module `go install` accepts; later ones have `replace` lines. It holds server 1.29.1. */
const CLI_VERSION = '1.5.1';
/** This project is tested with server 1.29; what an older one lacks would show as strange failures. */
const OLDEST_SERVER_MINOR = 29;
/** How long a started server may take until it answers, in milliseconds. */
const READY_TIMEOUT_MS = 60_000;
const START_ATTEMPTS = 5;

/**
 * By default a shard's queues are read at most 20 times a second. A cluster has hundreds of shards, and never comes near it; a dev
 * server has one, so that each step of a workflow would wait for up to 50 ms.
 */
const QUEUE_READS_PER_SECOND = 1_000;

const DYNAMIC_CONFIG = {
  // It calls out to the internet.
  'frontend.enableServerVersionCheck': false,
  'history.transferProcessorMaxPollRPS': QUEUE_READS_PER_SECOND,
  'history.timerProcessorMaxPollRPS': QUEUE_READS_PER_SECOND,
  'history.visibilityProcessorMaxPollRPS': QUEUE_READS_PER_SECOND,
};

/**
 * Gives the path of a Temporal CLI that can start a server: TEMPORAL_CLI_PATH, `temporal` on PATH, the cache folder, the
 * SDK's own download, or `go install` (once; 3 to 10 minutes on two cores).
 * @throws Error when TEMPORAL_CLI_PATH is not an executable, or when nothing worked: all that was tried, and the remedy
 */
export async function findTemporalCli({
  log,
  env = process.env,
}: {
  log: Log;
  env?: NodeJS.ProcessEnv;
}): Promise<string> {
  const named = env['TEMPORAL_CLI_PATH'];
  if (named) {
    if (await isExecutable(named)) return named;
    throw new Error(
      'TEMPORAL_CLI_PATH does not name an executable file; correct it, or unset it to have one found.',
    );
  }
  const installed = await onPath('temporal', env);
  if (installed) {
    if (await isRecent(installed, env)) return installed;
    log(`${installed} is passed over: its server is older than 1.${OLDEST_SERVER_MINOR}.`);
  }
  const folder = cacheFolder(env);
  const built = join(folder, `temporal-cli-${CLI_VERSION}`);
  return await provision({
    program: 'a Temporal server',
    cached: [sdkDownloadPath('dev-server', folder), built],
    sources: [sdkDownload('dev-server', folder, env), goInstallSource(folder, built, env)],
    remedy:
      'Install the Temporal CLI (https://docs.temporal.io/cli) and set TEMPORAL_CLI_PATH to it, or set TEMPORAL_ADDRESS to a running server, or install Go 1.25 or newer.',
    folder,
    log,
  });
}

async function isRecent(cli: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  const version = await runProgram(cli, ['--version'], { env, timeoutMs: 10_000 }).catch(() => '');
  const minor = /Server 1\.(\d+)\./.exec(version)?.[1];
  return minor !== undefined && Number(minor) >= OLDEST_SERVER_MINOR;
}

function goInstallSource(folder: string, path: string, env: NodeJS.ProcessEnv): ProgramSource {
  return {
    name: `go install of the Temporal CLI ${CLI_VERSION}`,
    takes: 'once; 3 to 10 minutes',
    fetch: async () => {
      const bin = await mkdtemp(join(folder, 'go-install-'));
      try {
        await goInstall([`github.com/temporalio/cli/cmd/temporal@v${CLI_VERSION}`], bin, env);
        await rename(join(bin, 'temporal'), path);
      } finally {
        await rm(bin, { recursive: true, force: true });
      }
      return path;
    },
  };
}

/** Those that sessions need, with the CLI's names of their types. */
export const SESSION_SEARCH_ATTRIBUTES: TemporalServerOptions['searchAttributes'] = Object.fromEntries(
  SEARCH_ATTRIBUTES.map(({ name, type }) => [
    name,
    type === SearchAttributeType.KEYWORD_LIST ? 'KeywordList' : 'Keyword',
  ]),
);

/** How {@link startTemporalServer} starts a server. */
export interface TemporalServerOptions {
  /** The Temporal CLI, from {@link findTemporalCli}; found when absent. */
  cli?: string;
  /** Where it listens; default a free port. */
  port?: number;
  /** Namespaces to make beside `default`. */
  namespaces?: readonly string[];
  /** Also start Web UI, on a free port. Default false. */
  ui?: boolean;
  /** The SQLite file that keeps its state; made when absent. Default: in memory. */
  dbFile?: string;
  /** Where Web UI has payloads decoded: the URL of a codec server. */
  codecEndpoint?: string;
  /** Search attributes to register, name to type, such as {@link SESSION_SEARCH_ATTRIBUTES}. */
  searchAttributes?: Record<
    string,
    'Text' | 'Keyword' | 'Int' | 'Double' | 'Bool' | 'Datetime' | 'KeywordList'
  >;
  /** Is added to with what it logs: errors. Default: nowhere. */
  logFile?: string;
  /** Dynamic configuration, key to JSON value. */
  dynamicConfig?: Record<string, unknown>;
  log: Log;
}

/** A Temporal server to use. */
export interface TemporalServer {
  /** host:port of its gRPC frontend. */
  address: string;
  /** The URL of Web UI, when it was started here. */
  uiAddress: string | undefined;
  /** Its process id, when it was started here. */
  pid: number | undefined;
  /** Ends it by SIGKILL, when it was started here. */
  kill: () => Promise<void>;
  /** Ends it, when it was started here: SIGTERM, and SIGKILL after 10 s. May be called again. */
  stop: () => Promise<void>;
}

/**
 * Starts a Temporal server (the CLI's `server start-dev`) on loopback, with the namespace `default`, and
 * returns when it answers. It ends with {@link TemporalServer.stop}, or when this process ends, however that happens.
 * @throws Error when it does not answer within 60 s, with the last of what it said
 */
export async function startTemporalServer(options: TemporalServerOptions): Promise<TemporalServer> {
  const cli = options.cli ?? (await findTemporalCli({ log: options.log }));
  for (let attempt = 1; ; attempt++) {
    const [freePort, uiPort] = await freePorts(2);
    const port = options.port ?? freePort!;
    const address = `127.0.0.1:${port}`;
    const child = startChild(cli, serverArguments(options, port, uiPort!), serverEnvironment(), {
      logFile: options.logFile,
    });
    try {
      await child.until(async () => await answers(address, options.searchAttributes), READY_TIMEOUT_MS);
      const uiAddress = options.ui ? `http://127.0.0.1:${uiPort}` : undefined;
      return { address, uiAddress, pid: child.pid, kill: child.kill, stop: child.stop };
    } catch (error) {
      await child.stop();
      if (attempt === START_ATTEMPTS || !lostItsPort(child)) {
        const why = error instanceof Error ? error.message : String(error);
        throw new Error(`The Temporal server did not start: ${why}`, { cause: error });
      }
    }
  }
}

/**
 * Gives the server that the standard TEMPORAL_* settings name when TEMPORAL_ADDRESS is set (it is not stopped, and the
 * options do not count), else starts one.
 * @throws Error when TEMPORAL_ADDRESS does not answer within 5 s
 */
export async function useOrStartTemporal(options: TemporalServerOptions): Promise<TemporalServer> {
  const address = process.env['TEMPORAL_ADDRESS'];
  if (!address) return await startTemporalServer(options);
  const { connectionOptions } = loadClientConnectConfig();
  try {
    const connection = await Connection.connect({ ...connectionOptions, connectTimeout: 5_000 });
    await connection.close();
  } catch {
    throw new Error(
      `TEMPORAL_ADDRESS (${address}) does not answer within 5 s; start that server, or unset TEMPORAL_ADDRESS to have one started.`,
    );
  }
  const nothing = () => Promise.resolve();
  return { address, uiAddress: undefined, pid: undefined, kill: nothing, stop: nothing };
}

function serverArguments(options: TemporalServerOptions, port: number, uiPort: number): string[] {
  const { namespaces = [], ui, dbFile, codecEndpoint, searchAttributes = {}, dynamicConfig = {} } = options;
  const args = ['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--log-level', 'error'];
  for (const namespace of namespaces) args.push('--namespace', namespace);
  if (ui) args.push('--ui-port', String(uiPort));
  else args.push('--headless');
  if (dbFile !== undefined) args.push('--db-filename', dbFile);
  if (codecEndpoint !== undefined) args.push('--ui-codec-endpoint', codecEndpoint);
  for (const [name, type] of Object.entries(searchAttributes))
    args.push('--search-attribute', `${name}=${type}`);
  for (const [key, value] of Object.entries({ ...DYNAMIC_CONFIG, ...dynamicConfig })) {
    args.push('--dynamic-config-value', `${key}=${JSON.stringify(value)}`);
  }
  return args;
}

/** The CLI reads TEMPORAL_* too; what is set for the worker must not reach the server. */
function serverEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TEMPORAL_')));
}

async function answers(address: string, searchAttributes: Record<string, string> = {}): Promise<boolean> {
  const channelArgs = { 'grpc.enable_http_proxy': 0 };
  const connection = Connection.lazy({ address, connectTimeout: 1_000, channelArgs });
  try {
    await connection.withDeadline(Date.now() + 2_000, async () => {
      await connection.ensureConnected();
      await connection.workflowService.describeNamespace({ namespace: 'default' });
    });
    if (Object.keys(searchAttributes).length === 0) return true;
    const { customAttributes } = await connection.withDeadline(Date.now() + 2_000, async () =>
      connection.operatorService.listSearchAttributes({ namespace: 'default' }),
    );
    return Object.keys(searchAttributes).every((name) => customAttributes[name] !== undefined);
  } catch {
    return false;
  } finally {
    await connection.close();
  }
}
