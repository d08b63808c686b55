import type { Client } from '@temporalio/client';
import { applicationClients, createDeployment } from '../../testing/deployment';
import { freePorts } from '../../testing/child-server';
import type { HostedLinkClient } from '../../src/client';
import { sessionWorkflowId } from '../../src/domain/ids';
import { START_TIMEOUT_MS, timesOf, type SessionContender } from './contender';
import type { BenchInfrastructure } from './infrastructure';

/** More than any machine does: the rate limits of the queues are not what is measured. */
const NO_LIMIT = '1000000';

/** This project as it is deployed, and what only it has. */
export interface Ours extends SessionContender {
  client: HostedLinkClient;
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

/** Starts `hosted-link worker`, with PostgreSQL and its own receiver of webhooks, until the infrastructure is closed. */
export async function startOurs(
  infrastructure: BenchInfrastructure,
  { namespace = 'default', workers = 1, unlimited = true, nodeOptions }: OursOptions = {},
): Promise<Ours> {
  const ports = await freePorts(workers);
  const deployment = await createDeployment(infrastructure, {
    database: 'postgres',
    namespace,
    settings: {
      HOSTED_LINK_PLAID_URGENT_RATE: NO_LIMIT,
      ...(unlimited && { HOSTED_LINK_PLAID_RATE: NO_LIMIT }),
      ...(nodeOptions !== undefined && { NODE_OPTIONS: nodeOptions }),
    },
  });
  const workerPids = await Promise.all(
    ports.map((port) =>
      deployment
        .program(`worker-${port}`, {
          command: 'worker',
          settings: { HOSTED_LINK_WEBHOOK_ADDRESS: `127.0.0.1:${port}` },
        })
        .start(),
    ),
  );
  const databaseUrl = deployment.databaseUrl!;
  const { connection } = infrastructure;
  const { codecRing } = deployment.keyRings;
  const { temporal, client } = applicationClients({ connection, namespace, codecRing });
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
