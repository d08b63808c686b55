import type { google } from '@temporalio/proto';
import { temporal as proto } from '@temporalio/proto';
import type { ConnectionLike } from '@temporalio/client';
import { createLogger } from '../../../../src/telemetry/logger';
import type { ControllerTiming } from '../../../../src/worker/rates/rate-controller';
import { RateController } from '../../../../src/worker/rates/rate-controller';
import { readLimit, writeLimit } from '../../../../src/worker/rates/task-queue-limit';
import { describeWithDevServer, devServer } from '../../../../testing/temporal';
import { until } from '../../../../testing/until';

const SETTING = 20;
/** Nothing happens but what a test causes. */
const STILL: ControllerTiming = { lowerEveryMs: 600_000, raiseEveryMs: 600_000, pollEveryMs: 50 };
const ACTIVITY = proto.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY;
const BY_API = proto.api.enums.v1.RateLimitSource.RATE_LIMIT_SOURCE_API;

interface LogLine {
  level: string;
  msg: string;
  taskQueue: string;
  perSecond?: number;
  reason?: string;
}

/** The keepers of one queue, each as a worker of its own would have it. */
function keepersOf(connection: () => ConnectionLike, taskQueue: string) {
  const log: LogLine[] = [];
  const keepers: RateController[] = [];
  const logger = createLogger({
    level: 'info',
    destination: { write: (line: string) => void log.push(JSON.parse(line) as LogLine) },
  });
  const queue = () => ({
    connection: connection(),
    namespace: 'default',
    taskQueue,
    identity: 'a test',
    setting: SETTING,
  });
  return {
    log,
    start(times: Partial<ControllerTiming> = {}, setting = SETTING): RateController {
      const keeper = new RateController({ ...queue(), setting }, { ...STILL, ...times }, logger);
      keepers.push(keeper);
      return keeper;
    },
    stop: () => Promise.all(keepers.splice(0).map((keeper) => keeper.stop())),
    limit: () => readLimit(connection(), 'default', taskQueue),
    setByOperator: (perSecond: number) =>
      connection().workflowService.updateTaskQueueConfig({
        namespace: 'default',
        taskQueue,
        taskQueueType: ACTIVITY,
        updateQueueRateLimit: { rateLimit: { requestsPerSecond: perSecond }, reason: 'calm, please' },
      }),
    async effective() {
      const { effectiveRateLimit } = await connection().workflowService.describeTaskQueue({
        namespace: 'default',
        taskQueue: { name: taskQueue },
        taskQueueType: ACTIVITY,
      });
      return effectiveRateLimit;
    },
  };
}

describeWithDevServer('the keepers of a task queue’s rate', () => {
  const server = devServer();
  let queues = 0;
  let rates: ReturnType<typeof keepersOf>;

  beforeEach(() => {
    rates = keepersOf(() => server.connection, `queue-${++queues}`);
  });
  afterEach(async () => await rates.stop());

  const limitIs = (perSecond: number | undefined) =>
    until(`the limit is ${perSecond}`, async () => (await rates.limit()).perSecond === perSecond);

  it('lower it at once for all workers, and log so in each', async () => {
    const keeper = rates.start();
    rates.start();
    keeper.rateLimited();
    await limitIs(10);
    await until('the server heeds it', async () => (await rates.effective())?.requestsPerSecond === 10);
    expect(await rates.effective()).toMatchObject({ rateLimitSource: BY_API });
    await until('both have seen it', () => rates.log.length === 2);
    const line = {
      level: 'warn',
      msg: 'the rate of a task queue has changed',
      perSecond: 10,
      setting: SETTING,
    };
    const reason = 'lowered after a 429 of Plaid';
    expect(rates.log).toEqual([expect.objectContaining({ ...line, reason }), expect.objectContaining(line)]);
  });

  it('lower it once for 429s that come together, at whichever worker', async () => {
    const keepers = [rates.start(), rates.start(), rates.start()];
    for (const keeper of keepers) keeper.rateLimited();
    await limitIs(10);
    await until('all have seen it', () => rates.log.length === 3);
    for (const keeper of keepers) keeper.rateLimited();
    await rates.stop();
    expect(await rates.limit()).toMatchObject({ perSecond: 10 });
  });

  it('lower it again for a 429 that comes later, down to the lowest', async () => {
    const keeper = rates.start({ lowerEveryMs: 1 });
    const limits = [10, 5, 2.5, 1.25, 0.625, 0.5];
    for (const lowered of limits.keys()) {
      keeper.rateLimited();
      await until('it has been lowered', () => rates.log.length > lowered);
    }
    expect(rates.log.map(({ perSecond }) => perSecond)).toEqual(limits);
    const { changedAtMs } = await rates.limit();
    keeper.rateLimited();
    await rates.stop();
    expect((await rates.limit()).changedAtMs).toBe(changedAtMs);
  });

  it('raise it step by step in quiet, also the one that a worker has left behind, and leave no limit at the end', async () => {
    rates.start().rateLimited();
    await limitIs(10);
    await rates.stop();
    rates.start({ raiseEveryMs: 100 });
    await limitIs(undefined);
    expect(rates.log.map(({ perSecond }) => perSecond)).toEqual([
      10, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
    ]);
    expect(rates.log.at(-1)).toMatchObject({
      level: 'info',
      reason: 'raised after a while without a 429 of Plaid',
    });
    await until('the server heeds it', async () => (await rates.effective())?.rateLimitSource !== BY_API);
  });

  it('do not raise it while a 429 has just come', async () => {
    const keeper = rates.start();
    keeper.rateLimited();
    await limitIs(10);
    await rates.stop();
    const busy = rates.start({ raiseEveryMs: 500 });
    const { changedAtMs } = await rates.limit();
    const deadline = Date.now() + 1_500;
    await until('a while of 429s has passed', () => {
      busy.rateLimited();
      return Date.now() > deadline;
    });
    expect((await rates.limit()).changedAtMs).toBe(changedAtMs);
    await limitIs(11);
  });

  it('take away a limit above a new, lower setting', async () => {
    rates.start().rateLimited();
    await limitIs(10);
    rates.start({}, 5);
    await limitIs(undefined);
  });

  it('leave alone what an operator has set, even if that stops the queue', async () => {
    await rates.setByOperator(0);
    const keeper = rates.start({ raiseEveryMs: 1, lowerEveryMs: 1 });
    await until('it has been seen', () => rates.log.length === 1);
    expect(rates.log[0]).toMatchObject({ perSecond: 0, reason: 'calm, please', ours: false });
    await rates.setByOperator(7);
    keeper.rateLimited();
    await until('it has been seen', () => rates.log.length === 2);
    keeper.rateLimited();
    await rates.stop();
    expect(await rates.limit()).toMatchObject({ perSecond: 7, ours: false });
  });

  it('go on when the server can be reached again, and say once that it could not', async () => {
    let away = true;
    const broken = keepersOf(
      () =>
        changed(server.connection, {
          withDeadline: (deadline: number, call: () => Promise<unknown>) =>
            away ? Promise.reject(new Error('no route')) : server.connection.withDeadline(deadline, call),
        }),
      'queue-unreachable',
    );
    const keeper = broken.start();
    keeper.rateLimited();
    await until('it has been told', () => broken.log.length > 0);
    away = false;
    await until('it is lowered', async () => {
      keeper.rateLimited();
      return (await broken.limit()).perSecond === 10;
    });
    await broken.stop();
    expect(broken.log.map(({ msg }) => msg)).toEqual([
      'cannot read or change the rate of a task queue; trying again',
      'the rate of a task queue has changed',
    ]);
  });

  it('see changes also while the server’s clock, set back, stands still for them', async () => {
    type Described = Pick<proto.api.workflowservice.v1.IDescribeTaskQueueResponse, 'config'>;
    let first: google.protobuf.ITimestamp | undefined;
    const atOnce = <T extends Described>(answer: T): T => {
      const metadata = answer.config?.queueRateLimit?.metadata;
      first ??= metadata?.updateTime ?? undefined;
      if (metadata) metadata.updateTime = first;
      return answer;
    };
    const { workflowService } = server.connection;
    const still = changed(workflowService, {
      describeTaskQueue: async (request: proto.api.workflowservice.v1.IDescribeTaskQueueRequest) =>
        atOnce(await workflowService.describeTaskQueue(request)),
      updateTaskQueueConfig: async (request: proto.api.workflowservice.v1.IUpdateTaskQueueConfigRequest) =>
        atOnce(await workflowService.updateTaskQueueConfig(request)),
    });
    const clockless = keepersOf(() => changed(server.connection, { workflowService: still }), 'queue-still');
    const keeper = clockless.start({ lowerEveryMs: 1 });
    for (const perSecond of [10, 5, 2.5]) {
      keeper.rateLimited();
      await until('it has been lowered', () => clockless.log.at(-1)?.perSecond === perSecond);
    }
    await clockless.stop();
  });

  it('give up with one line in the log when the server refuses', async () => {
    const refusal = Object.assign(new Error('7 PERMISSION_DENIED'), { code: 7, details: '', metadata: {} });
    const updateTaskQueueConfig = jest.fn(() => Promise.reject(refusal));
    const workflowService = changed(server.connection.workflowService, { updateTaskQueueConfig });
    const refused = keepersOf(() => changed(server.connection, { workflowService }), 'queue-refused');
    const keeper = refused.start();
    keeper.rateLimited();
    await until('it has been told', () => refused.log.length > 0);
    keeper.rateLimited();
    await refused.stop();
    expect(updateTaskQueueConfig).toHaveBeenCalledTimes(1);
    expect(refused.log).toMatchObject([
      { level: 'warn', msg: expect.stringContaining('the Temporal server refuses') },
    ]);
  });

  it('are told apart from an operator’s by their reason, which people can read', async () => {
    const queue = { namespace: 'default', taskQueue: 'queue-reason', identity: '1@host' };
    await writeLimit(server.connection, queue, 2.5, 'because');
    const { config } = await server.connection.workflowService.describeTaskQueue({
      namespace: 'default',
      taskQueue: { name: 'queue-reason' },
      taskQueueType: ACTIVITY,
      reportConfig: true,
    });
    expect(config?.queueRateLimit?.metadata).toMatchObject({
      reason: 'hosted-link: because',
      updateIdentity: '1@host',
    });
  });
});

/** The same object but for some of its methods. */
function changed<T extends object>(whole: T, part: object): T {
  return Object.assign(Object.create(whole) as T, part);
}
