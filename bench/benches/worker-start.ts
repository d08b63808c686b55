import { randomUUID } from 'node:crypto';
import { cp, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { startChild } from '../../dev/child-server';
import {
  SESSION_SEARCH_ATTRIBUTES,
  startTemporalServer,
  type TemporalServer,
} from '../../dev/temporal-server';
import type * as KeyRingModule from '../../src/key-ring';
import { TASK_QUEUES } from '../../src/session';
import type * as VaultModule from '../../src/vault';
import { startPostgres } from '../../test/support/postgres';
import type { Bench, BenchContext, Row } from '../bench';
import { built, BUILT_WORKFLOWS } from '../built';
import { bundleParts } from '../bundle-parts';
import { packageVersion } from '../machine';
import { alternate, compare, state } from '../measure';

const { generateKeyRingText } = built<typeof KeyRingModule>('key-ring');
const { migrate } = built<typeof VaultModule>('vault');

const ROOT = join(__dirname, '../..');
const CACHE = join(ROOT, '.cache');
const LARGEST_PARTS = 6;
const STARTED_MS = 120_000;

/** The enum's WORKFLOW_TASK_COMPLETED. */
const TASK_COMPLETED = 7;

export const workerStart: Bench = {
  name: 'worker-start',
  what: 'from the start of a worker’s process to its first completed workflow task, with the prebuilt bundle and bundling at its start',
  async run(context) {
    const postgres = await startPostgres();
    if (!postgres) throw new Error('it needs PostgreSQL');
    const server = await startTemporalServer({
      searchAttributes: SESSION_SEARCH_ATTRIBUTES,
      log: context.log,
    });
    // Within this folder, so that it finds the packages.
    await mkdir(CACHE, { recursive: true });
    const folder = await mkdtemp(join(CACHE, 'bench-'));
    try {
      await migrate(postgres.databaseUrl);
      await copyWithoutBundle(folder);
      return {
        rows: [...(await starts(server, postgres.databaseUrl, folder, context)), ...(await bundle())],
        versions: { '@temporalio/worker': packageVersion('@temporalio/worker') },
      };
    } finally {
      await rm(folder, { recursive: true });
      await postgres.stop();
      await server.stop();
    }
  },
};

/** This program as it is built, but for the bundle of the workflows: then a worker bundles them at its start. */
async function copyWithoutBundle(folder: string): Promise<void> {
  for (const part of ['bin', 'dist', 'sql', 'package.json']) {
    await cp(join(ROOT, part), join(folder, part), {
      recursive: true,
      filter: (source) => source !== BUILT_WORKFLOWS,
    });
  }
}

async function starts(
  server: TemporalServer,
  databaseUrl: string,
  withoutBundle: string,
  { scale, rounds, log }: BenchContext,
): Promise<Row[]> {
  const connection = await Connection.connect({ address: server.address });
  const client = new Client({ connection });
  const env: NodeJS.ProcessEnv = {
    PATH: process.env['PATH'],
    PLAID_CLIENT_ID: 'bench-client',
    PLAID_SECRET: 'bench-plaid-secret',
    TEMPORAL_ADDRESS: server.address,
    DATABASE_URL: databaseUrl,
    HOSTED_LINK_VAULT_KEYS: generateKeyRingText('vault'),
    HOSTED_LINK_CODEC_KEYS: generateKeyRingText('codec'),
    HOSTED_LINK_DATA_DIR: withoutBundle,
  };
  const round = (root: string) => async () => ({ seconds: await secondsToFirstTask(client, root, env) });
  log('a worker is started twice a round');
  try {
    const { prebuilt, bundling } = await alternate(
      { prebuilt: round(ROOT), bundling: round(withoutBundle) },
      { rounds, warmUps: scale === 'full' ? 1 : 0 },
    );
    return [
      compare({
        what: 'process start to first task',
        unit: 's',
        ours: prebuilt.seconds,
        rival: { name: 'bundling at start', values: bundling.seconds },
        reach: { op: '<=', value: 0.5 },
      }),
    ];
  } finally {
    await connection.close();
  }
}

/** A workflow waits for the worker. What it is started with means nothing: its first task is completed all the same. */
async function secondsToFirstTask(client: Client, root: string, env: NodeJS.ProcessEnv): Promise<number> {
  const workflowId = `bench-${randomUUID()}`;
  const handle = await client.workflow.start('tokenExchange', {
    taskQueue: TASK_QUEUES.main,
    workflowId,
    args: [{}],
  });
  const startedAtMs = Date.now();
  const worker = startChild(process.execPath, [join(root, 'bin/hosted-link.js'), 'worker'], env, {
    logFile: join(tmpdir(), `${workflowId}.log`),
  });
  let completedAtMs: number | undefined;
  try {
    await worker.until(async () => {
      const { events } = await handle.fetchHistory();
      const completed = events?.find(({ eventType }) => Number(eventType) === TASK_COMPLETED);
      const { seconds, nanos } = completed?.eventTime ?? {};
      if (completed) completedAtMs = Number(seconds) * 1_000 + (nanos ?? 0) / 1e6;
      return completed !== undefined;
    }, STARTED_MS);
  } finally {
    await worker.kill();
    await rm(join(tmpdir(), `${workflowId}.log`));
    await handle.terminate().catch(() => undefined);
  }
  return (completedAtMs! - startedAtMs) / 1_000;
}

/** How large the bundle is, and what is in it. */
async function bundle(): Promise<Row[]> {
  const { size } = await stat(BUILT_WORKFLOWS);
  const parts = await bundleParts();
  return [
    state('the bundle, with its source map', 'kB', [size / 1_000]),
    ...parts
      .slice(0, LARGEST_PARTS)
      .map(({ name, bytes }) => state(`of it, from ${name}`, 'kB of source', [bytes / 1_000])),
  ];
}
