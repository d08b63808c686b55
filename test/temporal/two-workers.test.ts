import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WorkflowClient } from '@temporalio/client';
import { freePorts } from '../../testing/child-server';
import type { StartedSession, StatusReport } from '../../src/client';
import { startSandbox, type Sandbox } from '../../src/sandbox';
import { exchangeWorkflowId } from '../../src/domain/ids';
import { LINK_TOKEN_REQUEST } from '../../testing/plaid-calls';
import { HostedLinkCommands, type RunningCommand } from '../../testing/hosted-link';
import { type Postgres, startPostgres, whyNoPostgres } from '../../testing/postgres';
import { describeWithDevServer, devServer } from '../../testing/temporal';
import { until } from '../../testing/until';

const MINUTE_MS = 60_000;

const CLIENT_ID = 'two_workers_client_id';
const SECRET = 'two_workers_plaid_secret';

/**
 * Longer than the test, whatever the machine does: another worker takes over when the lease (30 s) is over, and by the time at
 * which this call would be worked on, nobody waits for it any more.
 */
const HELD_MS = 10 * 60_000;

const describeWithPostgres = whyNoPostgres() === undefined ? describeWithDevServer : describe.skip;

describeWithPostgres('two worker processes on PostgreSQL', () => {
  const server = devServer();
  let postgres: Postgres | undefined;
  let sandbox: Sandbox;
  let folder: string;
  let commands: HostedLinkCommands;
  let workers: RunningCommand[];
  let webhookUrl: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hl-'));
    [postgres, sandbox] = await Promise.all([
      startPostgres(),
      startSandbox({ clientId: CLIENT_ID, secret: SECRET }),
    ]);
    commands = new HostedLinkCommands({
      PLAID_CLIENT_ID: CLIENT_ID,
      PLAID_SECRET: SECRET,
      PLAID_BASE_URL: sandbox.url,
      TEMPORAL_ADDRESS: server.address,
      DATABASE_URL: postgres!.databaseUrl,
      HOSTED_LINK_DATA_DIR: folder,
    });
    await commands.run(['setup']);
    workers = [await commands.worker(), await commands.worker()];
    const [port] = await freePorts(1);
    commands.start(['webhooks', '--address', `127.0.0.1:${port}`]);
    webhookUrl = `http://127.0.0.1:${port}/webhooks/plaid`;
    await until(
      'the receiver listens',
      async () =>
        await fetch(webhookUrl).then(
          () => true,
          () => false,
        ),
      MINUTE_MS,
    );
  }, 3 * MINUTE_MS);

  afterAll(async () => {
    for (const { pid } of workers ?? []) process.kill(pid, 'SIGCONT');
    await commands?.close();
    await sandbox?.close();
    await postgres?.stop();
    if (folder) await rm(folder, { recursive: true, force: true });
  }, MINUTE_MS);

  /** Starts a hosted_link session whose webhooks reach the receiver, and gives its person. */
  async function start(key: string) {
    const file = join(folder, `${key}.json`);
    const user = { client_user_id: `customer-${key}` };
    await writeFile(file, JSON.stringify({ ...LINK_TOKEN_REQUEST, user, webhook: webhookUrl }));
    const args = ['start', '--key', key, '--plaid-flow', 'hosted_link', '--request', file];
    const { url } = await commands.json<StartedSession>(args);
    return sandbox.session(url!.split('/').at(-1)!);
  }
  /** The process id of the worker that the exchange of a session is with. */
  async function exchangingWorker(key: string): Promise<number> {
    const { raw } = await new WorkflowClient({ connection: server.connection })
      .getHandle(exchangeWorkflowId(key))
      .describe();
    const pending = raw.pendingActivities!.find(
      ({ activityType }) => activityType?.name === 'exchangeResult',
    );
    const pid = Number.parseInt(pending!.lastWorkerIdentity!, 10);
    expect(workers.map((worker) => worker.pid)).toContain(pid);
    return pid;
  }
  const result = async (key: string) => (await commands.json<StatusReport>(['wait', key])).results;
  const exchanges = () =>
    sandbox
      .ledger()
      .toJSON()
      .publicTokens.map((token) => token.exchanges);

  it(
    'make one exchange of a public token that comes by webhooks of two kinds, each more than once, by hints and by polls',
    async () => {
      const person = await start('four-roads');
      const mend = sandbox.webhooks.fault({ kind: 'duplicate', copies: 3, afterMs: 0 }, { times: Infinity });
      const before = sandbox.webhooks.deliveries().length;
      person.connect({ institutionId: 'ins_990001' });
      person.connect({ institutionId: 'ins_990002' });
      const hints = Promise.all([1, 2].map(() => commands.run(['check', 'four-roads'])));
      person.finish();
      expect((await result('four-roads')).map(({ state }) => state)).toEqual(['LINKED', 'LINKED']);
      await hints;
      mend();
      expect(exchanges()).toEqual([
        { succeeded: 1, refused: 0 },
        { succeeded: 1, refused: 0 },
      ]);
      expect(sandbox.webhooks.deliveries().length - before).toBeGreaterThan(3);
    },
    2 * MINUTE_MS,
  );

  it(
    'make one exchange when one of them is frozen in the middle of it and wakes up after the other is done',
    async () => {
      const person = await start('frozen');
      const reached = new Promise<void>((resolve) => {
        const matching = () => {
          resolve();
          return true;
        };
        sandbox.fault(
          '/item/public_token/exchange',
          { kind: 'delay_before_work', holdMs: HELD_MS },
          { matching },
        );
      });
      person.complete({ institutionId: 'ins_990003' });
      await commands.run(['check', 'frozen']);
      await reached;
      const frozen = await exchangingWorker('frozen');
      process.kill(frozen, 'SIGSTOP');
      const [item] = await result('frozen');
      expect(item).toMatchObject({ state: 'LINKED' });
      process.kill(frozen, 'SIGCONT');
      const { succeeded } = exchanges().at(-1)!;
      expect(succeeded).toBe(1);
      expect(await result('frozen')).toEqual([item]);
    },
    4 * MINUTE_MS,
  );
});
