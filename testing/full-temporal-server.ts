import { chmod, copyFile, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { freeLowPorts, freePorts, lostItsPort, startChild } from './child-server';
import { goInstall, goModuleFolder } from './go-install';
import { cacheFolder, provision, type Log, type ProgramSource } from './provision';

/** The server of docker-compose.yml, and the one in the Temporal CLI that the tests use. */
const VERSION = '1.29.1';
const MODULE = 'go.temporal.io/server';

/** How long a started server may take until it answers, in milliseconds. */
const READY_TIMEOUT_MS = 60_000;
const START_ATTEMPTS = 5;

/** The server as it is run in production, with its tool for the schemas of SQL databases. */
export interface TemporalPrograms {
  /** Has `temporal-server` and `temporal-sql-tool`. */
  bin: string;
  /** Has `docker.yaml`: the server's settings in its image, filled in from the environment. */
  config: string;
}

/**
 * Gives Temporal's server: the one in the cache folder, made once by `go install` from its module (two minutes and longer).
 * @throws Error when it cannot be built: why, and the remedy
 */
export async function findTemporalPrograms({
  log,
  env = process.env,
}: {
  log: Log;
  env?: NodeJS.ProcessEnv;
}): Promise<TemporalPrograms> {
  const folder = cacheFolder(env);
  const made = join(folder, `temporal-server-${VERSION}`);
  await provision({
    program: "Temporal's server",
    cached: [join(made, 'temporal-server')],
    sources: [build(folder, made, env)],
    remedy: 'Install Go 1.25 or newer.',
    folder,
    log,
  });
  return { bin: made, config: join(made, 'config') };
}

function build(folder: string, made: string, env: NodeJS.ProcessEnv): ProgramSource {
  return {
    name: `go install of ${MODULE} ${VERSION}`,
    takes: 'once; 2 to 10 minutes',
    fetch: async () => {
      const making = await mkdtemp(join(folder, 'temporal-server-making-'));
      try {
        const packages = ['cmd/server', 'cmd/tools/sql'].map((path) => `${MODULE}/${path}@v${VERSION}`);
        await goInstall(packages, making, env);
        await rename(join(making, 'server'), join(making, 'temporal-server'));
        await rename(join(making, 'sql'), join(making, 'temporal-sql-tool'));
        const sources = await goModuleFolder(`${MODULE}@v${VERSION}`, env);
        await mkdir(join(making, 'config'));
        await copyFile(join(sources, 'config/docker.yaml'), join(making, 'config/docker.yaml'));
        await chmod(making, 0o755);
        await rename(making, made);
      } finally {
        await rm(making, { recursive: true, force: true });
      }
      return join(made, 'temporal-server');
    },
  };
}

/** A running server. */
export interface FullTemporalServer {
  /** host:port of its gRPC frontend. */
  address: string;
  /** Where its metrics are. */
  metricsUrl: string;
  /** Ends it: SIGTERM, and SIGKILL after 10 s. May be called again. */
  stop: () => Promise<void>;
}

/** How {@link startFullTemporalServer} starts a server. */
export interface FullTemporalServerOptions {
  programs: TemporalPrograms;
  /** What its image takes as well, database and dynamic configuration among it; listening addresses are set here. */
  env: NodeJS.ProcessEnv;
  logFile: string;
}

/**
 * Starts all four services of a Temporal server in one process, on free loopback ports, and returns when it answers. It has no namespace
 * yet. It ends with {@link FullTemporalServer.stop}, or when this process ends, however that happens.
 * @throws Error when it does not answer within 60 s, with the last of what it said
 */
export async function startFullTemporalServer({
  programs,
  env,
  logFile,
}: FullTemporalServerOptions): Promise<FullTemporalServer> {
  for (let attempt = 1; ; attempt++) {
    const ports = await listeningPorts();
    const [metricsPort] = await freePorts(1);
    const metricsAddress = `127.0.0.1:${metricsPort}`;
    const address = `127.0.0.1:${ports['FRONTEND_GRPC_PORT']}`;
    const child = startChild(
      join(programs.bin, 'temporal-server'),
      ['--root', '/', '--config', programs.config, '--env', 'docker', '--allow-no-auth', 'start'],
      {
        ...env,
        ...ports,
        BIND_ON_IP: '127.0.0.1',
        TEMPORAL_BROADCAST_ADDRESS: '127.0.0.1',
        PROMETHEUS_ENDPOINT: metricsAddress,
      },
      { logFile },
    );
    try {
      await child.until(() => answers(address), READY_TIMEOUT_MS);
      return { address, metricsUrl: `http://${metricsAddress}/metrics`, stop: child.stop };
    } catch (error) {
      await child.stop();
      if (attempt === START_ATTEMPTS || !lostItsPort(child)) {
        const why = error instanceof Error ? error.message : String(error);
        throw new Error(`Temporal's server did not start: ${why}`, { cause: error });
      }
    }
  }
}

/** A free port for each listener of docker.yaml, by its environment variable. */
async function listeningPorts(): Promise<Record<string, string>> {
  const grpc = [
    'FRONTEND_GRPC_PORT',
    'FRONTEND_HTTP_PORT',
    'HISTORY_GRPC_PORT',
    'MATCHING_GRPC_PORT',
    'WORKER_GRPC_PORT',
  ];
  const membership = ['FRONTEND', 'HISTORY', 'MATCHING', 'WORKER'].map(
    (service) => `${service}_MEMBERSHIP_PORT`,
  );
  // PostgreSQL's schema keeps the ports of members as smallint.
  const ports = [...(await freePorts(grpc.length)), ...(await freeLowPorts(membership.length))];
  return Object.fromEntries([...grpc, ...membership].map((name, index) => [name, String(ports[index])]));
}

async function answers(address: string): Promise<boolean> {
  const connection = Connection.lazy({
    address,
    connectTimeout: 1_000,
    channelArgs: { 'grpc.enable_http_proxy': 0 },
  });
  try {
    await connection.withDeadline(Date.now() + 2_000, async () => {
      await connection.ensureConnected();
      await connection.workflowService.listNamespaces({});
    });
    return true;
  } catch {
    return false;
  } finally {
    await connection.close();
  }
}
