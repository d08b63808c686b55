import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { temporal as proto } from '@temporalio/proto';
import { HostedLinkClient } from '../../src/client';
import { createPayloadCodec } from '../../src/codec/payload-codec';
import { readSettings } from '../../src/config/settings';
import { loadCodecRing } from '../../src/config/load-keys';
import { readLimit } from '../../src/worker/rates/task-queue-limit';
import { startSandbox, type Fault, type Sandbox } from '../../src/sandbox';
import { exchangeWorkflowId, sessionWorkflowId, TASK_QUEUES } from '../../src/domain/ids';
import { HostedLinkCommands } from '../../testing/hosted-link';
import { copyEmptyDatabase } from '../../testing/pglite';
import { describeWithDevServer, devServer, type DevServer } from '../../testing/temporal';
import { until } from '../../testing/until';

const MINUTE_MS = 60_000;
const ACTIVITY = proto.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY;
const CLIENT_ID = 'rates_client_id';
const SECRET = 'rates_plaid_secret';

const TOO_MANY: Fault = {
  kind: 'plaid_error',
  status: 429,
  errorType: 'RATE_LIMIT_EXCEEDED',
  errorCode: 'RATE_LIMIT',
};

interface Deployment {
  sandbox: Sandbox;
  client: HostedLinkClient;
  /** What the worker has logged. */
  log: () => string;
}

/** A worker in a process of its own, with its sandbox and a client, for the tests of the enclosing `describe`. */
function deployment(server: DevServer, more: NodeJS.ProcessEnv) {
  const deployed = {} as Deployment;
  let commands: HostedLinkCommands;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hl-'));
    const dataDir = join(folder, 'data');
    await copyEmptyDatabase(dataDir);
    deployed.sandbox = await startSandbox({ clientId: CLIENT_ID, secret: SECRET });
    const settings = {
      PLAID_CLIENT_ID: CLIENT_ID,
      PLAID_SECRET: SECRET,
      PLAID_BASE_URL: deployed.sandbox.url,
      TEMPORAL_ADDRESS: server.address,
      HOSTED_LINK_DATA_DIR: dataDir,
      ...more,
    };
    commands = new HostedLinkCommands(settings);
    deployed.log = (await commands.worker()).stderr;
    const codec = createPayloadCodec(await loadCodecRing(readSettings(settings)));
    const temporal = new Client({
      connection: server.connection,
      dataConverter: { payloadCodecs: [codec] },
    });
    deployed.client = new HostedLinkClient({ temporal, environment: 'sandbox' });
  }, 2 * MINUTE_MS);
  afterAll(async () => {
    await commands?.close();
    await deployed.sandbox?.close();
    if (folder) await rm(folder, { recursive: true, force: true });
  }, MINUTE_MS);
  return {
    deployed,
    async start(key: string, fairnessKey?: string): Promise<string> {
      const linkToken = deployed.sandbox.issueLinkToken();
      await deployed.client.start({ key, linkToken, fairnessKey });
      return linkToken;
    },
    limitOf: async (taskQueue: string) =>
      (await readLimit(server.connection, 'default', taskQueue)).perSecond,
  };
}

describeWithDevServer('a worker that meets 429s', () => {
  const server = devServer();
  const { deployed, start, limitOf } = deployment(server, {});

  it(
    'lowers the rate of background gets for all workers, and first leaves urgent work alone',
    async () => {
      await start('background');
      deployed.sandbox.fault('/link_delivery/get', TOO_MANY);
      await until(
        'background gets are slower',
        async () => (await limitOf(TASK_QUEUES.plaid)) === 10,
        MINUTE_MS,
      );
      expect(await limitOf(TASK_QUEUES.plaidUrgent)).toBeUndefined();
      await until('it is logged', () => deployed.log().includes('lowered after a 429 of Plaid'));
      const line = deployed
        .log()
        .split('\n')
        .find((text) => text.includes('lowered after a 429 of Plaid'))!;
      expect(JSON.parse(line)).toMatchObject({ level: 'warn', taskQueue: TASK_QUEUES.plaid, perSecond: 10 });
    },
    2 * MINUTE_MS,
  );

  it(
    'lowers the rate of urgent work too when that meets one',
    async () => {
      deployed.sandbox.fault('/link_delivery/create', TOO_MANY);
      // It gets its link once the create is repeated, or is told to ask again.
      const starting = start('urgent').catch(() => undefined);
      await until(
        'urgent work is slower',
        async () => (await limitOf(TASK_QUEUES.plaidUrgent)) === 20,
        MINUTE_MS,
      );
      await starting;
    },
    2 * MINUTE_MS,
  );
});

describeWithDevServer('background gets that wait in a long line', () => {
  const SESSIONS = 24;
  const server = devServer();
  // One every 50 s, so that the line does not get shorter while a test runs.
  const { deployed, start } = deployment(server, { HOSTED_LINK_PLAID_RATE: '0.02' });

  async function backlog(taskQueue: string): Promise<number> {
    const { stats } = await server.connection.workflowService.describeTaskQueue({
      namespace: 'default',
      taskQueue: { name: taskQueue },
      taskQueueType: ACTIVITY,
      reportStats: true,
    });
    return Number(stats?.approximateBacklogCount ?? 0);
  }

  it(
    'do not delay a hinted get and the exchange that follows',
    async () => {
      const hinted = await start('hinted');
      await Promise.all(Array.from({ length: SESSIONS }, (_, index) => start(`waits-${index}`)));
      await until(
        'they wait in line',
        async () => (await backlog(TASK_QUEUES.plaid)) > SESSIONS / 2,
        MINUTE_MS,
      );
      deployed.sandbox.session(hinted).complete();
      await deployed.client.checkNow('hinted');
      const result = await deployed.client.waitForFinalStatus('hinted');
      expect(result).toMatchObject({ state: 'COMPLETED', results: [{ state: 'LINKED' }] });
      expect(await backlog(TASK_QUEUES.plaid)).toBeGreaterThan(SESSIONS / 2);
    },
    5 * MINUTE_MS,
  );
});

describeWithDevServer('with fairness on, the sessions of one customer', () => {
  const SESSIONS = 60;
  const server = devServer({
    dynamicConfig: {
      'matching.useNewMatcher': true,
      'matching.enableFairness': true,
      // Each partition is fair for itself; with one, the order says all.
      'matching.numTaskqueueReadPartitions': 1,
      'matching.numTaskqueueWritePartitions': 1,
    },
  });
  const { deployed, start } = deployment(server, {});

  async function setRate(perSecond: number): Promise<void> {
    await server.connection.workflowService.updateTaskQueueConfig({
      namespace: 'default',
      taskQueue: TASK_QUEUES.plaid,
      taskQueueType: ACTIVITY,
      updateQueueRateLimit: { rateLimit: { requestsPerSecond: perSecond } },
    });
  }

  const describeWorkflow = (workflowId: string) =>
    new Client({ connection: server.connection }).workflow.getHandle(workflowId).describe();

  /** Whether the watch of a session has waited in line ever since the session was started. */
  async function waits(key: string): Promise<boolean> {
    const { raw } = await describeWorkflow(sessionWorkflowId(key));
    const { attempt, lastStartedTime } = raw.pendingActivities![0]!;
    return attempt === 1 && !lastStartedTime;
  }

  /** Lets many sessions of one customer wait in line, and then one of another; gives how many wait when that has completed. */
  async function manyAndOne(customers: { many: string; one: string }, name: string): Promise<number> {
    await setRate(0);
    const keys = Array.from({ length: SESSIONS }, (_, index) => `${name}-${index}`);
    for (const key of keys) await start(key, customers.many);
    const linkToken = await start(name, customers.one);
    deployed.sandbox.session(linkToken).complete();
    await setRate(3);
    await deployed.client.waitForFinalStatus(name);
    const waiting = (await Promise.all(keys.map(waits))).filter(Boolean).length;
    await Promise.all(keys.map((key) => deployed.client.cancel(key)));
    return waiting;
  }

  it(
    'do not hold up the one of another',
    async () => {
      expect(await manyAndOne({ many: 'customer-1', one: 'customer-2' }, 'fair')).toBeGreaterThan(10);
    },
    4 * MINUTE_MS,
  );

  it(
    'hold each other up',
    async () => {
      expect(await manyAndOne({ many: 'customer-1', one: 'customer-1' }, 'unfair')).toBe(0);
    },
    4 * MINUTE_MS,
  );

  it(
    'carry the customer to their token exchange',
    async () => {
      await setRate(100);
      const linkToken = await start('carried', 'customer-3');
      deployed.sandbox.session(linkToken).complete();
      await deployed.client.checkNow('carried');
      await deployed.client.waitForFinalStatus('carried');
      for (const workflowId of [sessionWorkflowId('carried'), exchangeWorkflowId('carried')]) {
        const { raw } = await describeWorkflow(workflowId);
        expect(raw.workflowExecutionInfo!.priority!.fairnessKey).toBe('customer-3');
      }
    },
    MINUTE_MS,
  );
});
