import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from '@temporalio/worker';
import { findTestServer } from '../../../testing/time-skipping-server';
import { writeExecutable } from '../../../testing/executable';
import { describeWithTimeSkipping, timeSkipping } from '../../../testing/temporal';
import type { sleeper } from '../../../testing/fixtures/sleeper';

const DAY_MS = 24 * 3_600_000;

describeWithTimeSkipping('the time-skipping server', () => {
  const server = timeSkipping();

  it('ends a workflow with a timer of 20 days at once', async () => {
    const { client, nativeConnection } = server.environment;
    const worker = await Worker.create({
      connection: nativeConnection,
      taskQueue: 'sleepers',
      workflowsPath: require.resolve('../../../testing/fixtures/sleeper'),
    });
    const start = Date.now();
    const slept = await worker.runUntil(
      client.workflow.execute<typeof sleeper>('sleeper', {
        taskQueue: 'sleepers',
        workflowId: 'twenty-days',
        args: ['20 days'],
      }),
    );
    expect(slept).toBeGreaterThanOrEqual(20 * DAY_MS);
    expect(Date.now() - start).toBeLessThan(20_000);
  });
});

describe('finding a time-skipping server', () => {
  let folder: string;
  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'hosted-link-test-'))));
  afterEach(async () => await rm(folder, { recursive: true }));

  const noProxyAnswers = { HTTPS_PROXY: 'http://127.0.0.1:9', https_proxy: 'http://127.0.0.1:9' };
  const log = () => undefined;

  it('takes the one that TEMPORAL_TEST_SERVER_PATH names', async () => {
    const path = await writeExecutable(join(folder, 'mine'), 'exit 0');
    const found = await findTestServer({ log, env: { TEMPORAL_TEST_SERVER_PATH: path } });
    expect(found).toEqual({ type: 'existing-path', path });
  });

  it('refuses a TEMPORAL_TEST_SERVER_PATH that is not executable, by its name', async () => {
    const env = { TEMPORAL_TEST_SERVER_PATH: join(folder, 'nothing-here') };
    await expect(findTestServer({ log, env })).rejects.toThrow(/^TEMPORAL_TEST_SERVER_PATH does not name/);
  });

  it('has Maven fetch it into the cache folder, with a launcher, once', async () => {
    const bin = join(folder, 'bin');
    const calls = join(folder, 'calls');
    await writeExecutable(join(bin, 'mvn'), `mkdir jars && echo called >> '${calls}'`);
    const java = await writeExecutable(join(bin, 'java'), 'echo "$@"');
    const env = {
      ...noProxyAnswers,
      PATH: `${bin}:/bin:/usr/bin`,
      HOSTED_LINK_CACHE_DIR: join(folder, 'cache'),
    };

    const { path } = await findTestServer({ log, env });

    expect(path).toBe(join(folder, 'cache', 'temporal-test-server-1.32.0', 'start'));
    expect(await readFile(path, 'utf8')).toContain(java);
    expect(await findTestServer({ log, env })).toEqual({ type: 'existing-path', path });
    expect(await readFile(calls, 'utf8')).toBe('called\n');
  });

  it('says all that it tried, and what to do, when nothing works', async () => {
    const env = { ...noProxyAnswers, PATH: folder, HOSTED_LINK_CACHE_DIR: join(folder, 'cache') };
    await expect(findTestServer({ log, env })).rejects.toThrow(
      /SDK's own download: [^]*Maven's [^]*: mvn is not on PATH\nInstall Java and Maven, or set TEMPORAL_TEST_SERVER_PATH/,
    );
  });
});
