import { execFile, spawn, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import {
  accessSync,
  appendFileSync,
  chownSync,
  constants,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { endWithThisProcess } from './child-server';

const run = promisify(execFile);

/** The user that the server runs as when the tests run as root, which PostgreSQL refuses. */
const UNPRIVILEGED_USER = 'postgres';

/** A PostgreSQL server of its own, on a free loopback port, with its files in a temporary folder. */
export interface Postgres {
  host: string;
  port: number;
  password: string;
  /** Of an empty database. */
  databaseUrl: string;
  /** Makes one more empty database and gives its connection string. */
  createDatabase(): Promise<string>;
  /** Where its files are, what it logs among them. */
  folder: string;
  /** Runs a shell command in its folder, with PostgreSQL's own programs on PATH. @throws Error with what it said when it fails */
  shell(command: string, env: Record<string, string>): Promise<void>;
  /** Ends the server as a crash does (SIGQUIT: no checkpoint, recovery at its next start); its files stay. */
  crash(): Promise<void>;
  /** Starts it again after a crash, on the same port, and returns when it answers. */
  restart(): Promise<void>;
  /** Ends the server at once, by its process id, and deletes its files. */
  stop(): Promise<void>;
}

/**
 * Why there is no PostgreSQL to test on; undefined when there is one.
 * @throws in CI, where the tests on PostgreSQL are not optional
 */
export function whyNoPostgres(): string | undefined {
  if (findBinaries() !== undefined) return undefined;
  const reason = 'neither PATH nor /usr/lib/postgresql/*/bin has initdb and postgres; install PostgreSQL';
  if (process.env.CI) throw new Error(`no PostgreSQL to test on: ${reason}`);
  return reason;
}

export interface PostgresOptions {
  /** Its certificate (PEM), with which it speaks TLS as well. */
  tls?: { cert: string; key: string } | undefined;
  /** Whether it writes to disk before it answers a COMMIT, as a database of production does. Default false. */
  durable?: boolean;
}

/**
 * Starts a server. Gives undefined, and says why on stderr, when there are no
 * binaries.
 * @throws in CI, when there are no binaries
 */
export async function startPostgres({ tls, durable = false }: PostgresOptions = {}): Promise<
  Postgres | undefined
> {
  const reason = whyNoPostgres();
  if (reason !== undefined) {
    process.stderr.write(`skipping PostgreSQL: ${reason}\n`);
    return undefined;
  }
  const binaries = findBinaries()!;
  const folder = mkdtempSync(join(tmpdir(), 'hosted-link-postgres-'));
  const data = join(folder, 'data');
  const passwordFile = join(folder, 'password');
  const password = 'fictitious-pg-password';
  writeFileSync(passwordFile, password);
  const user = await unprivilegedUser();
  if (user) for (const path of [folder, passwordFile]) chownSync(path, user.uid, user.gid);
  const options = { cwd: folder, ...user };
  await run(
    join(binaries, 'initdb'),
    [
      ...['-D', data, '-U', 'tester', '--auth=scram-sha-256', `--pwfile=${passwordFile}`],
      ...['--encoding=UTF8', '--locale=C', '--no-sync'],
    ],
    options,
  );
  if (tls) {
    // Where PostgreSQL looks for them by default.
    const [cert, key] = [join(data, 'server.crt'), join(data, 'server.key')];
    writeFileSync(cert, tls.cert);
    writeFileSync(key, tls.key, { mode: 0o600 });
    if (user) for (const path of [cert, key]) chownSync(path, user.uid, user.gid);
    appendFileSync(join(data, 'postgresql.conf'), 'ssl = on\n');
  }
  const port = await freePort();
  const url = (database: string) => `postgresql://tester:${password}@127.0.0.1:${port}/${database}`;
  let server: ServerProcess | undefined;
  const start = async () => {
    const started = startServer(binaries, data, port, durable, options);
    server = started;
    await waitUntilReady(url('postgres'), started.check);
  };
  const stop = async () => {
    // SIGINT is PostgreSQL's fast shutdown.
    await server?.end('SIGINT');
    rmSync(folder, { recursive: true, force: true });
  };
  let databases = 0;
  const createDatabase = async () => {
    const name = `vault_${++databases}`;
    await runSql(url('postgres'), `CREATE DATABASE ${name}`);
    return url(name);
  };
  try {
    await start();
    return {
      host: '127.0.0.1',
      port,
      password,
      databaseUrl: await createDatabase(),
      createDatabase,
      folder,
      shell: async (command, env) => {
        const path = [findBinaries(['pg_dump', 'pg_restore', 'createdb']), process.env.PATH].join(delimiter);
        await run('sh', ['-c', command], { cwd: folder, env: { ...env, PATH: path } });
      },
      crash: async () => server?.end('SIGQUIT'),
      restart: start,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface ServerProcess {
  /** @throws Error with what it said when it has ended */
  check: () => void;
  /** Sends it a signal, unless it has ended, and waits until it has. */
  end: (signal: 'SIGINT' | 'SIGQUIT') => Promise<void>;
}

function startServer(
  binaries: string,
  data: string,
  port: number,
  durable: boolean,
  options: SpawnOptions,
): ServerProcess {
  const server = spawn(
    join(binaries, 'postgres'),
    [
      ...['-D', data, '-h', '127.0.0.1', '-p', String(port), '-k', ''],
      ...['-c', `fsync=${durable ? 'on' : 'off'}`, '-c', 'max_connections=60'],
    ],
    // In a group of its own, so that Ctrl-C in a terminal does not end it before those that use it.
    { ...options, detached: true, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const exited = once(server, 'exit');
  if (server.pid !== undefined) endWithThisProcess(server.pid, exited);
  const hasEnded = () => server.exitCode !== null || server.signalCode !== null;
  let log = '';
  server.stderr.on('data', (chunk: Buffer) => {
    log += String(chunk);
    // A write that comes after `stop` would bring the folder back.
    if (existsSync(data)) appendFileSync(join(data, 'server.log'), chunk);
  });
  return {
    check: () => {
      if (hasEnded()) throw new Error(`PostgreSQL ended at its start: ${log}`);
    },
    end: async (signal) => {
      if (!hasEnded()) server.kill(signal);
      await exited;
    },
  };
}

/** Runs one statement without parameters on a connection of its own. */
export async function runSql<Row>(databaseUrl: string, text: string): Promise<Row[]> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return (await client.query(text)).rows as Row[];
  } finally {
    await client.end();
  }
}

/** The folder that holds these programs of PostgreSQL: one of PATH, else that of the newest installed version. */
function findBinaries(programs = ['initdb', 'postgres']): string | undefined {
  const packaged = '/usr/lib/postgresql';
  let versions: string[] = [];
  try {
    versions = readdirSync(packaged).sort((a, b) => Number(b) - Number(a));
  } catch {
    // Not a system that keeps them there.
  }
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter),
    ...versions.map((version) => join(packaged, version, 'bin')),
  ];
  return folders.find((folder) => programs.every((name) => isExecutable(join(folder, name))));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function unprivilegedUser(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (flag) => Number((await run('id', [flag, UNPRIVILEGED_USER])).stdout)),
  );
  return { uid: uid!, gid: gid! };
}

async function waitUntilReady(databaseUrl: string, check: () => void): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    try {
      await runSql(databaseUrl, 'SELECT 1');
      return;
    } catch (error) {
      check();
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
