import { join } from 'node:path';
import { Client, type ConnectionLike } from '@temporalio/client';
import { HostedLinkClient } from '../src/client';
import { createPayloadCodec } from '../src/codec/payload-codec';
import { loadKeyRings, type KeyRings } from '../src/config/load-keys';
import { openVaultFromSettings } from '../src/config/open-vault';
import { readSettings } from '../src/config/settings';
import { generateKeyRingText, type KeyRing, parseKeyRing } from '../src/secrets/key-ring';
import { clientSpans } from '../src/temporal/client-spans';
import { migrate, openVault, ringKeyProvider, type Vault } from '../src/vault';
import { HostedLinkCommands } from './hosted-link';
import { startInfrastructure, type Infrastructure } from './infrastructure';
import { copyEmptyDatabase, startPglite } from './pglite';
import { ProgramProcess, type ProgramOptions } from './program-process';

/** hosted-link on an {@link Infrastructure}: its database, keys and settings. Nothing of it runs before it is started. */
export interface Deployment<Server = unknown> extends Infrastructure<Server> {
  namespace: string;
  /** HOSTED_LINK_DATA_DIR of its processes. */
  dataDir: string;
  /** The vault's database. Undefined where a worker owns it, and where there is none. */
  databaseUrl: string | undefined;
  /** The environment of its processes. */
  env: NodeJS.ProcessEnv;
  keyRings: KeyRings;
  /** Opens the vault. The caller closes it. */
  openVault(): Promise<Vault>;
  /**
   * Creates a process of a long-running command, which logs to `<name>.log` in the folder and is stopped with the deployment.
   *
   * @param options.settings of this process alone
   */
  program(
    name: string,
    options: Pick<ProgramOptions, 'command' | 'args'> & { settings?: NodeJS.ProcessEnv },
  ): ProgramProcess;
}

/** How to create a {@link Deployment}. */
export interface DeploymentOptions {
  /**
   * Where the vault is: in the embedded database of a worker process, with keys in the data directory (`worker`, the default); in an
   * embedded database with a process of its own (`pglite`); in a new database of the PostgreSQL server (`postgres`); or nowhere (`none`).
   */
  database?: 'worker' | 'pglite' | 'postgres' | 'none';
  /** Default: the one of the Temporal server. */
  temporalAddress?: string;
  /** Default `default`. */
  namespace?: string;
  /** Default: `data` in the folder. */
  dataDir?: string;
  /** Gives the connection string that processes use. Default: the database's own. */
  databaseUrlForProcesses?: (databaseUrl: string) => string;
  /** Added to the environment of processes, on top of `PATH` and what leads to Plaid, Temporal, the database and the keys. */
  settings?: NodeJS.ProcessEnv;
}

/** Creates a deployment: an empty, migrated database, new keys and the settings of its processes. */
export async function createDeployment<Server extends { address: string }>(
  infrastructure: Infrastructure<Server>,
  {
    database = 'worker',
    temporalAddress = infrastructure.temporalServer.address,
    namespace = 'default',
    dataDir = join(infrastructure.folder, 'data'),
    databaseUrlForProcesses = (url) => url,
    settings = {},
  }: DeploymentOptions = {},
): Promise<Deployment<Server>> {
  const { account, closeLater, folder } = infrastructure;
  const databaseUrl = await createDatabase(infrastructure, database, dataDir);
  const keys = database === 'worker' ? undefined : newKeys();
  const env: NodeJS.ProcessEnv = {
    PATH: process.env['PATH'],
    PLAID_CLIENT_ID: account.clientId,
    PLAID_SECRET: account.secret,
    PLAID_ENV: 'sandbox',
    PLAID_BASE_URL: account.url,
    TEMPORAL_ADDRESS: temporalAddress,
    TEMPORAL_NAMESPACE: namespace,
    HOSTED_LINK_DATA_DIR: dataDir,
    ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrlForProcesses(databaseUrl) }),
    ...keys?.settings,
    ...settings,
  };
  const keyRings = keys?.rings ?? (await loadKeyRings(readSettings(env)));
  return {
    ...infrastructure,
    namespace,
    dataDir,
    databaseUrl,
    env,
    keyRings,
    openVault: () =>
      databaseUrl === undefined
        ? openVaultFromSettings(readSettings(env))
        : openVault({
            databaseUrl,
            keys: ringKeyProvider(keyRings.vaultRing, 'vault keys'),
            environment: 'sandbox',
          }),
    program: (name, { settings: own, ...options }) => {
      const logFile = join(folder, `${name}.log`);
      const program = new ProgramProcess({ ...options, env: { ...env, ...own }, logFile });
      closeLater(() => program.stop());
      return program;
    },
  };
}

async function createDatabase(
  { postgres, closeLater }: Infrastructure<unknown>,
  kind: NonNullable<DeploymentOptions['database']>,
  dataDir: string,
): Promise<string | undefined> {
  if (kind === 'worker') await copyEmptyDatabase(dataDir);
  if (kind === 'worker' || kind === 'none') return undefined;
  if (kind === 'pglite') {
    const database = await startPglite(dataDir);
    closeLater(() => database.stop());
    await migrate(database.databaseUrl);
    return database.databaseUrl;
  }
  const databaseUrl = await postgres!.createDatabase();
  await migrate(databaseUrl);
  return databaseUrl;
}

/** New keys, as settings and parsed. */
function newKeys(): { settings: NodeJS.ProcessEnv; rings: KeyRings } {
  const vault = generateKeyRingText('vault');
  const codec = generateKeyRingText('codec');
  return {
    settings: { HOSTED_LINK_VAULT_KEYS: vault, HOSTED_LINK_CODEC_KEYS: codec },
    rings: { vaultRing: parseKeyRing(vault, 'vault keys'), codecRing: parseKeyRing(codec, 'codec keys') },
  };
}

/** What an application service has of a deployment. */
export interface Application {
  /** With the payload codec. */
  temporal: Client;
  client: HostedLinkClient;
}

/** Creates the clients of an application service. */
export function applicationClients({
  connection,
  namespace,
  codecRing,
  vault,
}: {
  connection: ConnectionLike;
  namespace: string;
  /** Undefined: payloads are not encrypted. */
  codecRing: KeyRing | undefined;
  /** Default: none, so that statuses come from the workflows alone. */
  vault?: Vault;
}): Application {
  const payloadCodecs = codecRing === undefined ? [] : [createPayloadCodec(codecRing)];
  const temporal = new Client({
    connection,
    namespace,
    dataConverter: { payloadCodecs },
    interceptors: { workflow: [clientSpans] },
  });
  return { temporal, client: new HostedLinkClient({ temporal, vault, environment: 'sandbox' }) };
}

/** A deployment of `hosted-link` commands in processes of their own, on a Temporal server that runs. */
export interface CommandDeployment extends Deployment {
  commands: HostedLinkCommands;
}

/** Creates a {@link CommandDeployment}, with an embedded vault in the `data` folder of its folder. */
export async function startCommandDeployment(
  temporalAddress: string,
  account: { clientId: string; secret: string },
  settings: NodeJS.ProcessEnv = {},
): Promise<CommandDeployment> {
  const infrastructure = await startInfrastructure({
    temporal: async () => ({ address: temporalAddress }),
    plaid: account,
  });
  const deployment = await createDeployment(infrastructure, { settings });
  const commands = new HostedLinkCommands(deployment.env);
  deployment.closeLater(() => commands.close());
  return { ...deployment, commands };
}
