import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { SESSION_SEARCH_ATTRIBUTES, startTemporalServer } from '../../testing/temporal-server';
import type * as SandboxModule from '../../src/sandbox';
import { startPostgres } from '../../testing/postgres';
import { built } from '../built';

const { startSandbox } = built<typeof SandboxModule>('sandbox/index');

/** What a call to the sandbox needs. */
export interface PlaidAccount {
  url: string;
  clientId: string;
  secret: string;
}

/** What all contenders of a bench share: one Temporal server, one PostgreSQL, one offline Plaid. */
export interface Stage {
  sandbox: SandboxModule.Sandbox;
  account: PlaidAccount;
  /** host:port of the Temporal server. */
  address: string;
  serverPid: number;
  connection: Connection;
  /** Makes an empty database and gives its connection string. */
  createDatabase(): Promise<string>;
  /** For what the parts write. */
  folder: string;
  /** Is closed with the stage, in the opposite order of its opening. */
  closeLater(close: () => Promise<void>): void;
  close(): Promise<void>;
}

/**
 * Opens a stage. All of it ends with this process.
 * @param namespaces of Temporal, beside `default`: contenders whose task queues have the same names need one each
 * @throws Error with one clear line when a part does not start
 */
export async function openStage(
  log: (line: string) => void,
  namespaces: readonly string[] = [],
): Promise<Stage> {
  // gRPC would ask the proxy of HTTPS_PROXY even for servers on loopback.
  process.env['no_grpc_proxy'] = '127.0.0.1';
  const closers: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const folder = await mkdtemp(join(tmpdir(), 'hosted-link-bench-'));
    closers.push(() => rm(folder, { recursive: true, force: true }));
    const account = { clientId: 'bench', secret: randomBytes(16).toString('hex') };
    const sandbox = await startSandbox(account);
    closers.push(() => sandbox.close());
    const starting = [
      startTemporalServer({ namespaces, searchAttributes: SESSION_SEARCH_ATTRIBUTES, log }),
      startPostgres(),
    ] as const;
    const [server, postgres] = await Promise.all(starting);
    closers.push(() => server.stop());
    if (!postgres) throw new Error('these benches need PostgreSQL');
    closers.push(() => postgres.stop());
    const connection = await Connection.connect({ address: server.address });
    closers.push(() => connection.close());
    return {
      sandbox,
      account: { ...account, url: sandbox.url },
      address: server.address,
      serverPid: server.pid!,
      connection,
      createDatabase: () => postgres.createDatabase(),
      folder,
      closeLater: (closer) => void closers.push(closer),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
