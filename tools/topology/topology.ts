import { randomBytes } from 'node:crypto';
import { symlink } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { HostedLinkClient } from '../../src/client';
import { createPayloadCodec } from '../../src/codec/payload-codec';
import { generateKeyRingText, parseKeyRing } from '../../src/secrets/key-ring';
import type { KeyRings } from '../../src/config/load-keys';
import { startSandbox, type Sandbox } from '../../src/sandbox';
import { openVault, ringKeyProvider, type Vault } from '../../src/vault';
import { WEBHOOK_PATH } from '../../src/webhook/receiver';
import { runSql, startPostgres, type Postgres } from '../../testing/postgres';
import { freePorts } from '../../testing/child-server';
import type { Closers } from '../../testing/closers';
import { findTemporalPrograms, startFullTemporalServer } from '../../testing/full-temporal-server';
import { PROGRAM, ProgramProcess } from '../../testing/program-process';
import { runProgram } from '../../testing/run-program';
import { findTemporalCli } from '../../testing/temporal-server';
import { environmentOf, readCompose, ROOT, type Service } from './compose';

const COMMAND_TIMEOUT_MS = 60_000;

/** A process of hosted-link that goes on until it is stopped. */
export interface Part {
  name: string;
  pid: number;
  /** Where its metrics and its health are; undefined of one that has none. */
  metricsUrl: string | undefined;
  healthUrl: string | undefined;
  /** Ends it by SIGKILL. */
  kill(): Promise<void>;
}

/** What docker-compose.yml describes, of plain processes on loopback, with the sandbox for Plaid. */
export interface Topology {
  sandbox: Sandbox;
  /** The application's, with the codec. */
  temporal: Client;
  client: HostedLinkClient;
  /** The vault, as an application that reads access tokens has it. */
  vault: Vault;
  workers: readonly Part[];
  receiver: Part;
  codecServer: Part & { url: string };
  webhookUrl: string;
  temporalAddress: string;
  temporalMetricsUrl: string;
  keyRings: KeyRings;
  /** The passwords of all logins. */
  passwords: readonly string[];
  /** Runs a command of hosted-link with the settings of the worker or of an application, and gives what it printed. */
  run(as: 'worker' | 'application', args: readonly string[]): Promise<string>;
  /** The settings of an application, which may also be those of a person in a terminal. */
  applicationEnv: Readonly<Record<string, string>>;
  /** Where PostgreSQL keeps the data of Temporal, and of the vault. */
  databaseFolders: { temporal: string; vault: string };
  /** Ends all programs that write, the databases at last. Their files stay. */
  settle(): Promise<void>;
}

/**
 * Starts all of it, with its logs in `dataDir`. What has to be closed is added to `closers` as it comes, so that all of it is closed also
 * when this fails in the middle.
 * @throws Error with one clear line when a part is not to be had, or does not start
 */
export async function startTopology(
  dataDir: string,
  closers: Closers,
  log: (line: string) => void,
): Promise<Topology> {
  const { services } = readCompose();
  const programs = await findTemporalPrograms({ log });
  const cli = await findTemporalCli({ log });
  const variables = newVariables();

  const sandbox = await startSandbox({
    clientId: variables.PLAID_CLIENT_ID,
    secret: variables.PLAID_SECRET,
  });
  closers.push(() => sandbox.close());
  const [temporalDb, vaultDb] = await Promise.all([startDatabase(closers), startDatabase(closers)]);
  await Promise.all([
    makeTemporalLogin(temporalDb, variables.TEMPORAL_DB_PASSWORD),
    makeVault(vaultDb, environmentOf(services['vault-db']!, variables)),
  ]);
  log(`PostgreSQL: port ${temporalDb.port} for Temporal, port ${vaultDb.port} for the vault`);

  // Under the names that the scripts know them by.
  await symlink(cli, join(dataDir, 'temporal'));
  const path = [programs.bin, dataDir, dirname(process.execPath), process.env['PATH']].join(delimiter);
  const places = new Map([['vault-db:5432', `127.0.0.1:${vaultDb.port}`]]);
  const envOf = (name: string, own: Record<string, string> = {}): Record<string, string> => ({
    PATH: path,
    HOME: dataDir,
    ...moved(environmentOf(services[name]!, variables), places),
    ...own,
  });
  const script = (name: string, own: Record<string, string> = {}) =>
    runProgram('sh', [scriptOf(services[name]!)], { env: envOf(name, own), timeoutMs: COMMAND_TIMEOUT_MS });

  const database = { SQL_HOST: '127.0.0.1', SQL_PORT: String(temporalDb.port) };
  await script('temporal-schema', database);
  const server = await startFullTemporalServer({
    programs,
    env: envOf('temporal', {
      POSTGRES_SEEDS: '127.0.0.1',
      DB_PORT: String(temporalDb.port),
      VISIBILITY_DB_PORT: String(temporalDb.port),
      DYNAMIC_CONFIG_FILE_PATH: join(ROOT, 'docker/temporal-dynamic-config.yaml'),
    }),
    logFile: join(dataDir, 'temporal.log'),
  });
  closers.push(() => server.stop());
  places.set('temporal:7233', server.address);
  await script('temporal-namespace');
  log(`Temporal: ${server.address}, with its schemas and its namespace`);

  const runAs = (env: Record<string, string>, args: readonly string[]) =>
    runProgram(process.execPath, [PROGRAM, ...args], { env, timeoutMs: COMMAND_TIMEOUT_MS });
  await runAs(envOf('setup'), services['setup']!.command!);

  const plaid = { PLAID_BASE_URL: sandbox.url };
  const start = async (name: string, service: string): Promise<Part & { port: number }> => {
    const [port, metricsPort, healthPort] = (await freePorts(3)) as [number, number, number];
    const env = envOf(service, plaid);
    const [metricsUrl, healthUrl] = [
      listensAt(env, 'HOSTED_LINK_METRICS_ADDRESS', metricsPort),
      listensAt(env, 'HOSTED_LINK_HEALTH_ADDRESS', healthPort),
    ];
    const [command, ...args] = services[service]!.command!;
    const program = new ProgramProcess({
      command: command as ConstructorParameters<typeof ProgramProcess>[0]['command'],
      args: args.map((arg) => onLoopback(arg, port)),
      env,
      logFile: join(dataDir, `${name.replace(' ', '-')}.log`),
    });
    closers.push(() => program.stop());
    const pid = await program.start();
    log(`${name}: process ${pid}`);
    return { name, pid, port, metricsUrl, healthUrl, kill: () => program.kill() };
  };
  const replicas = services['worker']!.deploy!.replicas;
  const names = Array.from({ length: replicas }, (_, index) => `worker ${index + 1}`);
  const [receiver, codecServer, ...workers] = await Promise.all([
    start('receiver', 'webhooks'),
    start('codec server', 'codec-server'),
    ...names.map((name) => start(name, 'worker')),
  ]);

  const keyRings: KeyRings = {
    vaultRing: parseKeyRing(variables.HOSTED_LINK_VAULT_KEYS, 'vault keys'),
    codecRing: parseKeyRing(variables.HOSTED_LINK_CODEC_KEYS, 'codec keys'),
  };
  // Ends with this process: a call under way that is repeated on a closed connection would be an uncaught exception.
  const connection = await Connection.connect({
    address: server.address,
    channelArgs: { 'grpc.enable_http_proxy': 0 },
  });
  const dataConverter = { payloadCodecs: [createPayloadCodec(keyRings.codecRing)] };
  const temporal = new Client({ connection, dataConverter });
  const vault = await openVault({
    databaseUrl: `postgresql://vault_reader:${variables.VAULT_READER_PASSWORD}@127.0.0.1:${vaultDb.port}/hosted_link`,
    keys: ringKeyProvider(keyRings.vaultRing, 'vault keys'),
    environment: 'sandbox',
  });
  closers.push(() => vault.close());
  const applicationEnv = {
    PLAID_ENV: 'sandbox',
    TEMPORAL_ADDRESS: server.address,
    HOSTED_LINK_CODEC_KEYS: variables.HOSTED_LINK_CODEC_KEYS,
  };
  return {
    sandbox,
    temporal,
    client: new HostedLinkClient({ temporal, environment: 'sandbox' }),
    vault,
    workers,
    receiver,
    codecServer: { ...codecServer, url: `http://127.0.0.1:${codecServer.port}` },
    webhookUrl: `http://127.0.0.1:${receiver.port}${WEBHOOK_PATH}`,
    temporalAddress: server.address,
    temporalMetricsUrl: server.metricsUrl,
    keyRings,
    passwords: Object.entries(variables).flatMap(([name, value]) =>
      name.endsWith('_PASSWORD') ? [value] : [],
    ),
    run: (as, args) =>
      runAs(as === 'worker' ? envOf('worker', plaid) : { PATH: path, ...applicationEnv }, args),
    applicationEnv,
    databaseFolders: { temporal: temporalDb.folder, vault: vaultDb.folder },
    settle: async () => {
      for (const part of [...workers, receiver, codecServer]) await part.kill();
      await server.stop();
      // Not in order, since that would remove their files; what they have written ahead is there.
      await Promise.all([temporalDb.crash(), vaultDb.crash()]);
    },
  };
}

/** The variables of docker-compose.yml that have no default, with new secrets. */
function newVariables() {
  const password = () => randomBytes(32).toString('hex');
  return {
    TEMPORAL_DB_PASSWORD: password(),
    VAULT_DB_PASSWORD: password(),
    VAULT_SETUP_PASSWORD: password(),
    VAULT_WORKER_PASSWORD: password(),
    VAULT_READER_PASSWORD: password(),
    VAULT_RECEIVER_PASSWORD: password(),
    GRAFANA_ADMIN_PASSWORD: password(),
    PLAID_CLIENT_ID: 'topology',
    PLAID_SECRET: randomBytes(16).toString('hex'),
    HOSTED_LINK_VAULT_KEYS: generateKeyRingText('vault'),
    HOSTED_LINK_CODEC_KEYS: generateKeyRingText('codec'),
  };
}

async function startDatabase(closers: Closers): Promise<Postgres> {
  const postgres = await startPostgres();
  if (!postgres)
    throw new Error('npm run topology needs PostgreSQL: install it, or put initdb and postgres on PATH');
  closers.push(() => postgres.stop());
  return postgres;
}

/** The image's user, which makes the databases. */
async function makeTemporalLogin({ port, password }: Postgres, newPassword: string): Promise<void> {
  const superuser = `postgresql://tester:${password}@127.0.0.1:${port}/postgres`;
  await runSql(superuser, `CREATE ROLE temporal LOGIN CREATEDB PASSWORD '${newPassword}'`);
}

/** What PostgreSQL's image does at its first start: it makes the database, and runs the script that makes its logins. */
async function makeVault(postgres: Postgres, env: Record<string, string>): Promise<void> {
  const { port, password } = postgres;
  const database = env['POSTGRES_DB']!;
  await runSql(`postgresql://tester:${password}@127.0.0.1:${port}/postgres`, `CREATE DATABASE ${database}`);
  await postgres.shell(`sh '${join(ROOT, 'docker/vault-logins.sh')}'`, {
    ...env,
    POSTGRES_USER: 'tester',
    PGHOST: '127.0.0.1',
    PGPORT: String(port),
    PGPASSWORD: password,
  });
}

/** The script of this project that a service runs, which its container finds in /scripts. */
function scriptOf({ entrypoint = [] }: Service): string {
  return join(ROOT, 'docker', entrypoint.at(-1)!.replace(/^\/scripts\//, ''));
}

/** The same variables, with the addresses that the containers have replaced by those here. */
function moved(env: Record<string, string>, places: ReadonlyMap<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).map(([name, value]) => [
      name,
      [...places].reduce((text, [from, to]) => text.replace(from, to), value),
    ]),
  );
}

/** Gives a program that listens at a setting a port of its own, and tells its URL; undefined where docker-compose.yml does not set it. */
function listensAt(env: Record<string, string>, setting: string, port: number): string | undefined {
  if (env[setting] === undefined) return undefined;
  env[setting] = `127.0.0.1:${port}`;
  return `http://${env[setting]}`;
}

/** An argument of a program that listens, for one that does so here. */
function onLoopback(arg: string, port: number): string {
  if (arg === '0.0.0.0') return '127.0.0.1';
  return /^\d+$/.test(arg) ? String(port) : arg;
}
