import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { ROOT } from '../../testing/built';
import { programPath } from '../../testing/programs';
import { runProgram } from '../../testing/run-program';
import { describeWithDevServer, devServer } from '../../testing/temporal';

const DAY_SECONDS = 86_400;

describeWithDevServer('docker/temporal-namespace.sh', () => {
  const server = devServer();
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hosted-link-'));
    await symlink(programPath('temporal-cli')!, join(folder, 'temporal'));
  });
  afterAll(async () => await rm(folder, { recursive: true }));

  const run = (namespace: string) =>
    runProgram('sh', [join(ROOT, 'docker/temporal-namespace.sh')], {
      env: {
        PATH: [folder, process.env['PATH']].join(delimiter),
        HOME: folder,
        NO_PROXY: '127.0.0.1',
        TEMPORAL_ADDRESS: server.address,
        TEMPORAL_NAMESPACE: namespace,
        NAMESPACE_RETENTION: '720h',
      },
      timeoutMs: 60_000,
    });

  it('creates the namespace with its retention, returns when it can be used, and leaves it as it is when run again', async () => {
    await run('from-compose');
    const { config } = await server.connection.workflowService.describeNamespace({
      namespace: 'from-compose',
    });
    expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(30 * DAY_SECONDS);
    await server.connection.workflowService.listWorkflowExecutions({ namespace: 'from-compose' });

    expect(await run('from-compose')).toContain('the namespace from-compose is there');
  }, 90_000);
});
