import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { freePorts } from '../../testing/child-server';
import { ProgramProcess } from '../../testing/program-process';
import type * as ClientModule from '../../src/client';
import type * as CodecModule from '../../src/codec/payload-codec';
import type * as KeyRingModule from '../../src/secrets/key-ring';
import type * as IdsModule from '../../src/domain/ids';
import type * as VaultModule from '../../src/vault';
import { built } from '../built';
import { START_TIMEOUT_MS, timesOf, type SessionContender } from './contender';
import type { Stage } from './stage';

const { HostedLinkClient } = built<typeof ClientModule>('client');
const { createPayloadCodec } = built<typeof CodecModule>('codec/payload-codec');
const { generateKeyRingText, parseKeyRing } = built<typeof KeyRingModule>('secrets/key-ring');
const { sessionWorkflowId } = built<typeof IdsModule>('domain/ids');
const { migrate } = built<typeof VaultModule>('vault/index');

/** More than any machine does: the rate limits of the queues are not what is measured. */
const NO_LIMIT = '1000000';

/** This project as it is deployed, and what only it has. */
export interface Ours extends SessionContender {
  client: ClientModule.HostedLinkClient;
  /** With the payload codec. */
  temporal: Client;
  databaseUrl: string;
}

/** How {@link startOurs} differs from what is usual. */
export interface OursOptions {
  namespace?: string;
  /** How many worker processes; default 1. */
  workers?: number;
  /** False: background gets keep their default limit. Default true. */
  unlimited?: boolean;
  /** Of Node.js, for the workers. */
  nodeOptions?: string;
}

/** Starts `hosted-link worker`, with PostgreSQL and its own receiver of webhooks, until the stage is closed. */
export async function startOurs(
  stage: Stage,
  { namespace = 'default', workers = 1, unlimited = true, nodeOptions }: OursOptions = {},
): Promise<Ours> {
  const databaseUrl = await stage.createDatabase();
  await migrate(databaseUrl);
  const codecKeys = generateKeyRingText('codec');
  const ports = await freePorts(workers);
  const env: NodeJS.ProcessEnv = {
    PATH: process.env['PATH'],
    PLAID_CLIENT_ID: stage.account.clientId,
    PLAID_SECRET: stage.account.secret,
    PLAID_BASE_URL: stage.account.url,
    TEMPORAL_ADDRESS: stage.address,
    TEMPORAL_NAMESPACE: namespace,
    DATABASE_URL: databaseUrl,
    HOSTED_LINK_VAULT_KEYS: generateKeyRingText('vault'),
    HOSTED_LINK_CODEC_KEYS: codecKeys,
    HOSTED_LINK_DATA_DIR: stage.folder,
    HOSTED_LINK_PLAID_URGENT_RATE: NO_LIMIT,
    ...(unlimited && { HOSTED_LINK_PLAID_RATE: NO_LIMIT }),
    ...(nodeOptions !== undefined && { NODE_OPTIONS: nodeOptions }),
  };
  const workerPids = await Promise.all(
    ports.map(async (port) => {
      const program = new ProgramProcess({
        command: 'worker',
        env: { ...env, HOSTED_LINK_WEBHOOK_ADDRESS: `127.0.0.1:${port}` },
        logFile: join(stage.folder, `worker-${port}.log`),
      });
      const pid = await program.start();
      stage.closeLater(() => program.stop());
      return pid;
    }),
  );
  const dataConverter = { payloadCodecs: [createPayloadCodec(parseKeyRing(codecKeys, 'codec keys'))] };
  const temporal = new Client({ connection: stage.connection, namespace, dataConverter });
  const client = new HostedLinkClient({ temporal, environment: 'sandbox' });
  return {
    name: 'ours',
    workerPids,
    webhookUrl: `http://127.0.0.1:${ports[0]}/webhooks/plaid`,
    client,
    temporal,
    databaseUrl,
    start: async (linkToken) => (await client.start({ linkToken }, { timeoutMs: START_TIMEOUT_MS })).key,
    hint: (key) => client.checkNow(key),
    ended: (key) => client.waitForEnd(key),
    terminate: async (key) => void (await temporal.workflow.getHandle(sessionWorkflowId(key)).terminate()),
    keptAtMs: () => timesOf(databaseUrl, 'SELECT session_key AS id, seen_at AS at FROM hosted_link.results'),
    storedAtMs: () =>
      timesOf(databaseUrl, 'SELECT session_key AS id, linked_at AS at FROM hosted_link.items'),
  };
}
