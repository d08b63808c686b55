import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPlaidClient, PLAID_LIMITS, type PlaidLimits } from '../src/plaid/client';
import type { PlaidClient } from '../src/plaid/plaid';
import { startSandbox, type Sandbox, type SandboxOptions } from '../src/sandbox';
import { Secret } from '../src/secrets/secret';
import { closeAll, type Closers } from './closers';
import { startPostgres, type Postgres } from './postgres';
import type { TemporalServer } from './temporal-server';

/** Credentials for a sandbox, and where it is. */
export interface PlaidAccount {
  url: string;
  clientId: string;
  secret: string;
}

/** What deployments run on: an offline Plaid, a Temporal server and, if asked for, PostgreSQL. */
export interface Infrastructure<Server = TemporalServer> {
  sandbox: Sandbox;
  account: PlaidAccount;
  temporalServer: Server;
  /** Undefined unless asked for. */
  postgres: Postgres | undefined;
  /** For databases, keys and logs. */
  folder: string;
  /** Registers a function for {@link Infrastructure.close}, which calls the last one first. */
  closeLater(close: () => Promise<void>): void;
  /** Stops everything and, unless it was given, deletes the folder. */
  close(): Promise<void>;
}

/** How to start an {@link Infrastructure}. */
export interface InfrastructureOptions<Server> {
  /** Gives the Temporal server to use. The caller registers with `closeLater` what stops it. */
  temporal: (folder: string, closeLater: Infrastructure['closeLater']) => Promise<Server>;
  /** Options of the offline Plaid. Default: the client ID `hosted-link` and a random secret. */
  plaid?: SandboxOptions;
  /** Default false. */
  postgres?: boolean;
  /** Default: a temporary folder. Its name is short: the path of a Unix socket inside may have 103 bytes. */
  folder?: string;
  /** Where to register what has to be closed. Default: a list of its own. */
  closers?: Closers;
}

/**
 * Starts what deployments run on.
 *
 * @throws Error with one clear line when a part does not start; what had started by then is stopped
 */
export async function startInfrastructure<Server = TemporalServer>({
  temporal,
  plaid,
  postgres: withPostgres = false,
  folder: givenFolder,
  closers = [],
}: InfrastructureOptions<Server>): Promise<Infrastructure<Server>> {
  // gRPC would otherwise use the proxy of HTTPS_PROXY even for servers on loopback.
  process.env['no_grpc_proxy'] = '127.0.0.1';
  const closeLater = (close: () => Promise<void>) => void closers.push(close);
  const errors: string[] = [];
  const close = async () => {
    await closeAll(closers.splice(0), (line) => errors.push(line));
    if (errors.length > 0) throw new Error(errors.splice(0).join('\n'));
  };
  try {
    const folder = givenFolder ?? (await mkdtemp(join(tmpdir(), 'hl-')));
    if (givenFolder === undefined) closeLater(() => rm(folder, { recursive: true, force: true }));
    const credentials = { clientId: 'hosted-link', secret: randomBytes(16).toString('hex'), ...plaid };
    const sandbox = await startSandbox(credentials);
    closeLater(() => sandbox.close());
    const postgres = withPostgres ? await startPostgres() : undefined;
    if (withPostgres && !postgres) throw new Error('this needs PostgreSQL; put initdb and postgres on PATH');
    if (postgres) closeLater(() => postgres.stop());
    const temporalServer = await temporal(folder, closeLater);
    const { clientId, secret } = credentials;
    const account = { url: sandbox.url, clientId, secret };
    return { sandbox, account, temporalServer, postgres, folder, closeLater, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Creates a client of Plaid for a sandbox account. */
export function plaidClientFor(
  { url, clientId, secret }: PlaidAccount,
  limits: Partial<PlaidLimits> = {},
): PlaidClient & { close(): Promise<void> } {
  return createPlaidClient(
    { clientId, secret: new Secret(secret), environment: 'sandbox', baseUrl: url },
    { ...PLAID_LIMITS, ...limits },
  );
}
