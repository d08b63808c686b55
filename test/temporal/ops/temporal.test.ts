import { temporal as proto } from '@temporalio/proto';
import { checkNamespace } from '../../../src/ops/doctor/namespace';
import { checkTaskQueues } from '../../../src/ops/doctor/task-queues';
import { checkTemporal } from '../../../src/ops/doctor/temporal';
import { writeLimit } from '../../../src/worker/rates/task-queue-limit';
import { addSearchAttributes } from '../../../src/temporal/search-attributes';
import { TASK_QUEUES } from '../../../src/domain/ids';
import { describeWithDevServer, devServer } from '../../../testing/temporal';

const ACTIVITY = proto.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY;

describeWithDevServer('the doctor on Temporal', () => {
  const server = devServer();
  const namespace = 'default';

  it('tells the version of the server, and one that is too old', async () => {
    expect(await checkTemporal(server.connection, 'here:1')).toEqual([
      {
        check: 'Temporal',
        level: 'ok',
        message: expect.stringMatching(/^server 1\.\d+\.\d+.* at here:1$/),
        remedy: undefined,
      },
    ]);
    const workflowService = { getSystemInfo: () => Promise.resolve({ serverVersion: '1.27.2' }) };
    const old = { workflowService } as unknown as typeof server.connection;
    expect(await checkTemporal(old, 'here:1')).toMatchObject([{ level: 'warning' }]);
  });

  it('tells a namespace that is not there', async () => {
    expect(await checkNamespace(server.connection, 'nowhere', { madeByWorker: false })).toMatchObject([
      { check: 'namespace', level: 'problem', message: expect.stringContaining('NOT_FOUND') },
    ]);
  });

  it('misses search attributes where the worker does not make them, until they are there', async () => {
    const examine = (madeByWorker: boolean) => checkNamespace(server.connection, namespace, { madeByWorker });
    expect((await examine(true))[1]).toMatchObject({ level: 'ok' });
    expect((await examine(false))[1]).toMatchObject({ level: 'problem', remedy: 'run hosted-link setup' });
    await addSearchAttributes(server.connection, namespace);
    expect(await examine(false)).toMatchObject([
      { level: 'ok' },
      { check: 'search attributes', level: 'ok', message: 'all there' },
    ]);
  });

  it('tells search attributes of another type, which setup leaves as they are', async () => {
    const request = { namespace, searchAttributes: ['HostedLinkUser'] };
    await server.connection.operatorService.removeSearchAttributes(request);
    await server.connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: { HostedLinkUser: proto.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_INT },
    });
    expect(await addSearchAttributes(server.connection, namespace)).toEqual([]);
    expect((await checkNamespace(server.connection, namespace, { madeByWorker: true }))[1]).toMatchObject({
      level: 'problem',
      message: "default has HostedLinkUser with another type than hosted-link's",
    });
  });

  it('misses workers, and tells what holds the rates down', async () => {
    const queue = { namespace, taskQueue: TASK_QUEUES.plaid, identity: 'a test' };
    const levels = async () =>
      (await checkTaskQueues(server.connection, namespace)).map(
        ({ level, message }) => `${level}: ${message}`,
      );
    expect(await levels()).toEqual([
      'warning: none polls hosted-link, hosted-link-plaid, hosted-link-plaid-urgent',
      "ok: as the workers' settings say",
      "ok: as the workers' settings say",
    ]);
    await writeLimit(server.connection, queue, 2.5, 'lowered');
    await server.connection.workflowService.updateTaskQueueConfig({
      namespace,
      taskQueue: TASK_QUEUES.plaidUrgent,
      taskQueueType: ACTIVITY,
      updateQueueRateLimit: { rateLimit: { requestsPerSecond: 0 }, reason: 'maintenance' },
    });
    expect((await levels()).slice(1)).toEqual([
      'warning: 2.5 a second: lowered',
      'warning: stopped, set by somebody (maintenance)',
    ]);
  });
});
