import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import type { onboarding } from '../../examples/embedding/workflows';
import { scanForLeaks } from '../../testing/leak-scan';
import { collectHistories } from '../../testing/workflow-histories';
import { startSandbox, type Sandbox } from '../../src/sandbox';
import { isBuilt, ROOT } from '../../testing/built';
import { copyEmptyDatabase } from '../../testing/pglite';
import { describeWithDevServer, devServer } from '../../testing/temporal';
import { until } from '../../testing/until';

const MINUTE_MS = 60_000;

/** A worker bundles its workflows, which takes seconds, on a busy machine many. */
const SENT_WITHIN_MS = 50_000;

describeWithDevServer('the worker in examples/embedding', () => {
  const server = devServer();
  let sandbox: Sandbox;
  let folder: string;
  let worker: ChildProcess;
  let said = '';

  beforeAll(async () => {
    if (!isBuilt()) throw new Error('src has changed since it was built; run npm run build first');
    folder = await mkdtemp(join(tmpdir(), 'hl-'));
    await copyEmptyDatabase(folder);
    sandbox = await startSandbox();
    worker = spawn(process.execPath, ['--import', 'tsx', join(ROOT, 'examples/embedding/worker.ts')], {
      cwd: ROOT,
      env: {
        ...process.env,
        TEMPORAL_ADDRESS: server.address,
        PLAID_BASE_URL: sandbox.url,
        PLAID_CLIENT_ID: 'sandbox_client_id',
        PLAID_SECRET: 'sandbox_secret',
        HOSTED_LINK_DATA_DIR: folder,
        LOG_LEVEL: 'warn',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [worker.stdout!, worker.stderr!])
      stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  }, MINUTE_MS);

  afterAll(async () => {
    if (worker?.exitCode === null) worker.kill('SIGKILL');
    await sandbox?.close();
    if (folder) await rm(folder, { recursive: true, force: true });
  }, MINUTE_MS);

  it(
    'sends the link of a child session, hears of its end, keeps the URL out of all histories, and stops when it is told to',
    async () => {
      // As a service without our codec: the onboarding is the application's own.
      const temporal = new Client({ connection: server.connection });
      const run = await temporal.workflow.start<typeof onboarding>('onboarding', {
        workflowId: 'onboarding/42',
        taskQueue: 'onboarding',
        args: ['42'],
      });
      const link = () => /^customer 42: (\S+)$/m.exec(said)?.[1];
      await until('the link is sent', () => link() !== undefined || worker.exitCode !== null, SENT_WITHIN_MS);
      if (!link()) throw new Error(`the worker ended: ${said}`);
      expect(link()).toContain(`${sandbox.url}/hl/`);
      sandbox.session(link()!.split('/').at(-1)!).complete();

      const itemIds = await run.result();
      expect(itemIds).toHaveLength(1);
      expect(
        sandbox
          .ledger()
          .toJSON()
          .items.map(({ itemId }) => itemId),
      ).toEqual(itemIds);

      const { leaks, sources } = await scanForLeaks({
        secrets: sandbox
          .ledger()
          .secrets()
          .map((value) => ({ kind: 'secret', value })),
        sources: collectHistories(temporal),
      });
      expect(leaks).toEqual([]);
      expect(sources).toBe(3);

      worker.kill('SIGTERM');
      const [code] = (await once(worker, 'exit')) as [number | null];
      expect({ code, said }).toMatchObject({ code: 0 });
    },
    3 * MINUTE_MS,
  );
});
