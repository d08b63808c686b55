import { randomUUID } from 'node:crypto';
import { cp, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { startChild } from '../../testing/child-server';
import {
  SESSION_SEARCH_ATTRIBUTES,
  startTemporalServer,
  type TemporalServer,
} from '../../testing/temporal-server';
import { generateKeyRingText } from '../../src/secrets/key-ring';
import { TASK_QUEUES } from '../../src/domain/ids';
import { migrate } from '../../src/vault';
import { startPostgres } from '../../testing/postgres';
import type { Bench, BenchContext, BenchResult, Row } from '../bench';
import { BUILT_WORKFLOWS } from '../../testing/built';
import { bundleParts } from '../bundle-parts';
import { packageVersion } from '../machine';
import { alternate, compare, measureGrowth, state } from '../measure';

const ROOT = join(__dirname, '../..');
const CACHE = join(ROOT, '.cache');
const LARGEST_PARTS = 6;
const STARTED_MS = 120_000;

/** A task that waits in another of the usual four partitions than the first poll reads is handed on after 1.4 s, on either side. */
const ONE_PARTITION = {
  'matching.numTaskqueueReadPartitions': 1,
  'matching.numTaskqueueWritePartitions': 1,
};

/** How many workflows wait for a worker in the first step of the growth. */
const LEAST_WAITING = { full: 20, smoke: 1 };

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
      dynamicConfig: ONE_PARTITION,
      log: context.log,
    });
    // Within this folder, so that it finds the packages.
    await mkdir(CACHE, { recursive: true });
    const folder = await mkdtemp(join(CACHE, 'bench-'));
    try {
      await migrate(postgres.databaseUrl);
      await copyWithoutBundle(folder);
      const { rows, plots } = await starts(server, postgres.databaseUrl, folder, context);
      return {
        rows: [...rows, ...(await bundle())],
        plots,
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
): Promise<Required<Omit<BenchResult, 'versions'>>> {
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
  const round = (root: string) => async () => ({ seconds: await secondsToFirstTasks(client, root, env, 1) });
  log('a worker is started twice a round');
  try {
    const { prebuilt, bundling } = await alternate(
      { prebuilt: round(ROOT), bundling: round(withoutBundle) },
      { rounds, warmUps: scale === 'full' ? 1 : 0 },
    );
    log('growth');
    const growth = await measureGrowth(
      {
        name: 'worker-start-growth',
        what: 'first tasks of workflows that wait for a worker',
        leastWork: LEAST_WAITING[scale],
        rounds: 1,
      },
      (waiting) => secondsToFirstTasks(client, ROOT, env, waiting),
    );
    const row = compare({
      what: 'process start to first task',
      unit: 's',
      ours: prebuilt.seconds,
      baseline: { name: 'bundling at start', values: bundling.seconds },
      reach: { op: '<=', value: 0.5 },
    });
    return { rows: [row, growth.row], plots: [growth.plot] };
  } finally {
    await connection.close();
  }
}

/** Workflows wait for the worker. What they are started with means nothing: the first task of each is completed all the same. */
async function secondsToFirstTasks(
  client: Client,
  root: string,
  env: NodeJS.ProcessEnv,
  waiting: number,
): Promise<number> {
  const run = `bench-${randomUUID()}`;
  const handles = await Promise.all(
    Array.from({ length: waiting }, (_, index) =>
      client.workflow.start('tokenExchange', {
        taskQueue: TASK_QUEUES.main,
        workflowId: `${run}-${index}`,
        args: [{}],
      }),
    ),
  );
  const startedAtMs = Date.now();
  const logFile = join(tmpdir(), `${run}.log`);
  const worker = startChild(process.execPath, [join(root, 'bin/hosted-link.js'), 'worker'], env, { logFile });
  let completedAtMs = 0;
  const waitFor = [...handles];
  try {
    await worker.until(async () => {
      for (let [handle] = waitFor; handle; [handle] = waitFor) {
        const atMs = await firstTaskCompletedMs(handle);
        if (atMs === undefined) return false;
        completedAtMs = Math.max(completedAtMs, atMs);
        waitFor.shift();
      }
      return true;
    }, STARTED_MS);
  } finally {
    await worker.kill();
    await rm(logFile);
    await Promise.all(handles.map((handle) => handle.terminate().catch(() => undefined)));
  }
  return (completedAtMs - startedAtMs) / 1_000;
}

/** By the server's clock, in milliseconds since the epoch. Undefined before it is. */
async function firstTaskCompletedMs(handle: WorkflowHandle): Promise<number | undefined> {
  const { events } = await handle.fetchHistory();
  const completed = events?.find(({ eventType }) => Number(eventType) === TASK_COMPLETED);
  const { seconds, nanos } = completed?.eventTime ?? {};
  return completed && Number(seconds) * 1_000 + (nanos ?? 0) / 1e6;
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
