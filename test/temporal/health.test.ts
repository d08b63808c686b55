import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePorts } from '../../testing/child-server';
import type { Sandbox } from '../../src/sandbox';
import { LINK_TOKEN_REQUEST } from '../../testing/plaid-calls';
import { type CommandDeployment, startCommandDeployment } from '../../testing/deployment';
import type { HostedLinkCommands } from '../../testing/hosted-link';
import { type Postgres, startPostgres, whyNoPostgres } from '../../testing/postgres';
import { describeWithDevServer, devServer } from '../../testing/temporal';
import { until } from '../../testing/until';

const MINUTE_MS = 60_000;

const CLIENT_ID = 'health_client_id';
const SECRET = 'health_plaid_secret';

/** Longer than a worker waits for an answer of Plaid's. */
const HELD_MS = 10 * MINUTE_MS;

const describeWithPostgres = whyNoPostgres() === undefined ? describeWithDevServer : describe.skip;

describeWithPostgres('the probes of a process', () => {
  const server = devServer();
  let postgres: Postgres;
  let deployment: CommandDeployment;
  let sandbox: Sandbox;
  let folder: string;
  let commands: HostedLinkCommands;
  let address: string;

  beforeAll(async () => {
    postgres = (await startPostgres())!;
    deployment = await startCommandDeployment(
      server.address,
      { clientId: CLIENT_ID, secret: SECRET },
      { DATABASE_URL: postgres.databaseUrl },
    );
    ({ sandbox, folder, commands } = deployment);
    await commands.run(['setup']);
  }, 3 * MINUTE_MS);

  beforeEach(async () => {
    const [port] = await freePorts(1);
    address = `127.0.0.1:${port}`;
  });

  afterEach(async () => await commands.close(), MINUTE_MS);

  afterAll(async () => {
    await deployment?.close();
    await postgres?.stop();
  }, MINUTE_MS);

  /** Status and body; undefined when nobody listens. */
  async function ask(path: '/livez' | '/readyz', of = address): Promise<[number, unknown] | undefined> {
    try {
      const response = await fetch(`http://${of}${path}`);
      return [response.status, await response.json()];
    } catch {
      return undefined;
    }
  }

  const ready = async () => (await ask('/readyz'))?.[0] === 200;

  const workerWithProbes = (settings: NodeJS.ProcessEnv = {}) =>
    commands.start(['worker'], { HOSTED_LINK_HEALTH_ADDRESS: address, ...settings });

  async function start(key: string): Promise<void> {
    const file = join(folder, `${key}.json`);
    await writeFile(file, JSON.stringify(LINK_TOKEN_REQUEST));
    commands.start(['start', '--key', key, '--plaid-flow', 'hosted_link', '--request', file]);
  }

  /** Starts a session whose create gets no answer, and waits until the worker is at it. */
  async function startHeldUp(key: string): Promise<void> {
    const reached = new Promise<void>((resolve) => {
      const matching = () => {
        resolve();
        return true;
      };
      sandbox.fault('/link/token/create', { kind: 'delay_before_work', holdMs: HELD_MS }, { matching });
    });
    await start(key);
    await reached;
  }

  test(
    'of a worker: alive and not ready while it starts, ready while it polls, alive and not ready while it finishes what runs',
    async () => {
      await postgres.crash();
      const worker = workerWithProbes();
      await until('the probes are answered', async () => (await ask('/livez')) !== undefined, MINUTE_MS);
      const starting = { status: 'ok', checks: { workers: 'starting' } };
      expect(await ask('/livez')).toEqual([200, starting]);
      const [status, body] = (await ask('/readyz'))!;
      expect(status).toBe(503);
      expect(body).toMatchObject({
        status: 'unavailable',
        checks: { workers: 'starting', vault: 'unreachable' },
      });

      await postgres.restart();
      await until('the worker is ready', ready, MINUTE_MS);
      expect(await ask('/livez')).toEqual([200, { status: 'ok', checks: { workers: 'polling' } }]);
      expect(await ask('/readyz')).toEqual([
        200,
        { status: 'ok', checks: { workers: 'polling', temporal: 'reachable', vault: 'reachable' } },
      ]);

      await startHeldUp('during-the-shutdown');
      worker.kill('SIGTERM');
      await until('the worker is not ready', async () => !(await ready()));
      expect(await ask('/livez')).toEqual([200, { status: 'ok', checks: { workers: 'draining' } }]);
      expect(await ask('/readyz')).toMatchObject([503, { checks: { workers: 'draining' } }]);
      expect((await worker.ended).code).toBe(0);
      expect(await ask('/livez')).toBeUndefined();
    },
    4 * MINUTE_MS,
  );

  test(
    'of a worker are dead once a part of it has failed, also while the other parts finish what runs',
    async () => {
      const endThreads = join(__dirname, '../../testing/fixtures/end-threads.js');
      const worker = workerWithProbes({ NODE_OPTIONS: `--require ${endThreads}` });
      await until('the worker is ready', ready, MINUTE_MS);
      await startHeldUp('during-the-failure');
      process.kill(worker.pid, 'SIGUSR2');
      // The SDK learns of it when it has work for them.
      await start('after-the-failure');
      await until('the worker is not ready', async () => !(await ready()));
      expect(await ask('/livez')).toEqual([503, { status: 'unavailable', checks: { workers: 'failed' } }]);
      expect(await ask('/readyz')).toMatchObject([503, { checks: { workers: 'failed' } }]);
      expect((await worker.ended).code).toBe(1);
    },
    4 * MINUTE_MS,
  );

  test(
    'are not answered twice on one address: the process ends, and says why',
    async () => {
      const taken = { HOSTED_LINK_HEALTH_ADDRESS: new URL(sandbox.url).host };
      for (const command of [['worker'], ['webhooks', '--address', '127.0.0.1:0']]) {
        const { code, stderr } = await commands.run(command, taken);
        expect([command[0], code, stderr]).toEqual([
          command[0],
          2,
          expect.stringMatching(/^INVALID_INPUT: HOSTED_LINK_HEALTH_ADDRESS: 127\.0\.0\.1:\d+ is in use; /m),
        ]);
      }
    },
    MINUTE_MS,
  );

  test(
    'of a worker and of the receiver of webhooks stay alive while a server is away, and say which one',
    async () => {
      const [ofReceiver] = (await freePorts(1)).map((port) => `127.0.0.1:${port}`);
      workerWithProbes();
      const receiver = commands.start(['webhooks', '--address', '127.0.0.1:0'], {
        HOSTED_LINK_HEALTH_ADDRESS: ofReceiver,
      });
      await until('the worker is ready', ready, MINUTE_MS);
      const receiverReady = async () => (await ask('/readyz', ofReceiver))?.[0] === 200;
      await until('the receiver is ready', receiverReady, MINUTE_MS);

      await postgres.crash();
      await until('neither is ready', async () => !(await ready()) && !(await receiverReady()));
      expect(await ask('/livez')).toEqual([200, { status: 'ok', checks: { workers: 'polling' } }]);
      expect(await ask('/readyz')).toEqual([
        503,
        {
          status: 'unavailable',
          checks: { workers: 'polling', temporal: 'reachable', vault: 'unreachable' },
        },
      ]);
      expect(await ask('/livez', ofReceiver)).toEqual([
        200,
        { status: 'ok', checks: { receiver: 'receiving' } },
      ]);
      expect(await ask('/readyz', ofReceiver)).toMatchObject([
        503,
        { checks: { receiver: 'receiving', temporal: 'reachable', database: 'unreachable' } },
      ]);
      await postgres.restart();
      await until('both are ready', async () => (await ready()) && (await receiverReady()), MINUTE_MS);

      await server.stop();
      await until('neither is ready', async () => !(await ready()) && !(await receiverReady()));
      expect(await ask('/readyz')).toMatchObject([
        503,
        { checks: { temporal: 'unreachable', vault: 'reachable' } },
      ]);
      receiver.kill('SIGTERM');
      expect((await receiver.ended).code).toBe(0);
    },
    4 * MINUTE_MS,
  );
});
