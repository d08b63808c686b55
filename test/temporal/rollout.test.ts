import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WorkflowClient } from '@temporalio/client';
import { runProgram } from '../../testing/run-program';
import type { StatusReport } from '../../src/client';
import { checkCurrentVersion } from '../../src/ops/doctor/current-version';
import type { ReplayReport } from '../../src/ops/replay/replay-open';
import { startSandbox, type Sandbox } from '../../src/sandbox';
import { exchangeWorkflowId, sessionWorkflowId } from '../../src/domain/ids';
import { isBuilt, ROOT } from '../../testing/built';
import { HostedLinkCommands, type RunningCommand } from '../../testing/hosted-link';
import { type Postgres, startPostgres, whyNoPostgres } from '../../testing/postgres';
import { describeWithDevServer, devServer } from '../../testing/temporal';
import { until } from '../../testing/until';
import { programPath } from '../../testing/programs';

const MINUTE_MS = 60_000;

const CLIENT_ID = 'rollout_client_id';
const SECRET = 'rollout_plaid_secret';
const DEPLOYMENT = 'hosted-link';

interface Change {
  /** The built file. */
  file: string;
  from: string;
  to: string;
}

const LAST_STEP = 'await activity_proxies_1.vault.endSession(';
/** A step more before each session's end, as docs/changing-workflows.md has it. */
const PATCHED: Change = {
  file: 'dist/workflows/session/session.js',
  from: LAST_STEP,
  to: `if ((0, workflow_1.patched)('wait-before-end')) await (0, workflow_1.sleep)('100ms');\n${LAST_STEP}`,
};

const FIRST_STEP = 'nonCancellable(async () => {';
/** A step more at each session's start, as it must not be done. */
const UNPATCHED: Change = {
  file: 'dist/workflows/hosted-link-session.js',
  from: FIRST_STEP,
  to: `${FIRST_STEP} await (0, workflow_1.sleep)('100ms');`,
};

const describeHere = whyNoPostgres() === undefined && isBuilt() ? describeWithDevServer : describe.skip;

describeHere('a rollout with worker versioning', () => {
  const server = devServer();
  const linkTokens = new Map<string, string>();
  let postgres: Postgres | undefined;
  let sandbox: Sandbox;
  let folder: string;
  let nextRelease: string;
  let brokenRelease: string;
  let version1: HostedLinkCommands;
  let version2: HostedLinkCommands;
  let broken: HostedLinkCommands;
  let worker1: RunningCommand;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hl-'));
    [postgres, sandbox, nextRelease, brokenRelease] = await Promise.all([
      startPostgres(),
      startSandbox({ clientId: CLIENT_ID, secret: SECRET }),
      makeRelease(PATCHED),
      makeRelease(UNPATCHED),
    ]);
    const settings = {
      PLAID_CLIENT_ID: CLIENT_ID,
      PLAID_SECRET: SECRET,
      PLAID_BASE_URL: sandbox.url,
      TEMPORAL_ADDRESS: server.address,
      DATABASE_URL: postgres!.databaseUrl,
      HOSTED_LINK_DATA_DIR: folder,
      TEMPORAL_DEPLOYMENT_NAME: DEPLOYMENT,
    };
    version1 = new HostedLinkCommands({ ...settings, TEMPORAL_WORKER_BUILD_ID: 'v1' });
    version2 = new HostedLinkCommands(
      { ...settings, TEMPORAL_WORKER_BUILD_ID: 'v2' },
      programOf(nextRelease),
    );
    broken = new HostedLinkCommands(
      { ...settings, TEMPORAL_WORKER_BUILD_ID: 'v3' },
      programOf(brokenRelease),
    );
    await version1.run(['setup']);
    worker1 = await version1.worker();
  }, 3 * MINUTE_MS);

  afterAll(async () => {
    await version1?.close();
    await version2?.close();
    await sandbox?.close();
    await postgres?.stop();
    await rm(folder, { recursive: true, force: true });
    for (const release of [nextRelease, brokenRelease]) {
      if (release) await rm(release, { recursive: true, force: true });
    }
  }, MINUTE_MS);

  it(
    'begins with a first version to be made current, until when sessions would wait and the doctor says why',
    async () => {
      const found = async () => (await checkCurrentVersion(server.connection, 'default'))[0];
      await until('the server has heard of the worker', async () => (await found()) !== undefined, MINUTE_MS);
      expect(await found()).toMatchObject({
        level: 'problem',
        remedy: `temporal worker deployment set-current-version --deployment-name ${DEPLOYMENT} --build-id v1`,
      });
      await makeCurrent('v1');
      await until('the doctor is content', async () => (await found())?.level === 'ok', MINUTE_MS);
    },
    2 * MINUTE_MS,
  );

  it(
    'is tried beforehand on what is open: a version that fits passes, and one that does not is named with each session',
    async () => {
      for (const key of ['on-one', 'with-both', 'with-one-gone']) await start(key);
      expect(await version2.json<ReplayReport>(['replay'])).toEqual({
        replayed: 3,
        more: false,
        failures: [],
      });
      expect(await version2.run(['replay', '--limit', '2'])).toMatchObject({
        code: 0,
        stdout: '2 open workflows replayed, and more are open: see --limit; 0 do not fit\n',
      });
      const { code, stdout } = await broken.run(['replay', '--json']);
      const { replayed, failures } = JSON.parse(stdout) as ReplayReport;
      expect([code, replayed]).toEqual([1, 3]);
      expect(failures.map(({ workflowId }) => workflowId).sort()).toEqual(
        ['on-one', 'with-both', 'with-one-gone'].map(sessionWorkflowId),
      );
      for (const { reason } of failures) expect(reason).toMatch(/nondeterminism/i);
    },
    2 * MINUTE_MS,
  );

  it(
    'leaves sessions to the current version while the next one only polls',
    async () => {
      await version2.worker();
      await finish('on-one');
      expect(await end('on-one')).toEqual({ buildIds: ['v1', 'v1'], waited: false });
    },
    2 * MINUTE_MS,
  );

  it(
    'lets a session that began on version 1 end on version 2, with both up',
    async () => {
      await makeCurrent('v2');
      await finish('with-both');
      expect(await end('with-both')).toEqual({ buildIds: ['v2', 'v2'], waited: true });
    },
    2 * MINUTE_MS,
  );

  it(
    'lets a session that began on version 1 end on version 2, with version 1 gone',
    async () => {
      worker1.kill('SIGTERM');
      expect(await worker1.ended).toMatchObject({ code: 0 });
      await finish('with-one-gone');
      expect(await end('with-one-gone')).toEqual({ buildIds: ['v2', 'v2'], waited: true });
    },
    2 * MINUTE_MS,
  );

  async function start(key: string): Promise<void> {
    const linkToken = sandbox.issueLinkToken();
    await version1.json(['start', '--key', key, '--link-token', linkToken]);
    linkTokens.set(key, linkToken);
  }

  /** The person opens the link and finishes, which the session's next get finds. */
  async function finish(key: string): Promise<void> {
    const person = sandbox.session(linkTokens.get(key)!);
    person.open();
    person.complete();
    expect(await version1.json<StatusReport>(['wait', key])).toMatchObject({
      state: 'COMPLETED',
      results: [{ state: 'LINKED' }],
    });
  }

  /** The versions on which a session and its exchange ended, and whether the session took version 2's step. */
  async function end(key: string): Promise<{ buildIds: unknown[]; waited: boolean }> {
    const workflows = new WorkflowClient({ connection: server.connection });
    const handles = [sessionWorkflowId(key), exchangeWorkflowId(key)].map((id) => workflows.getHandle(id));
    const described = await Promise.all(handles.map((handle) => handle.describe()));
    const { events } = await handles[0]!.fetchHistory();
    return {
      buildIds: described.map(
        ({ raw }) => raw.workflowExecutionInfo!.versioningInfo!.deploymentVersion!.buildId,
      ),
      waited: events!.some(({ upsertWorkflowSearchAttributesEventAttributes: upsert }) => {
        const versions = upsert?.searchAttributes?.indexedFields?.['TemporalChangeVersion'];
        return versions != null && Buffer.from(versions.data!).toString().includes('"wait-before-end"');
      }),
    };
  }

  async function makeCurrent(buildId: string): Promise<void> {
    await runProgram(
      programPath('temporal-cli')!,
      ['worker', 'deployment', 'set-current-version', '--yes', '--address', server.address].concat(
        ['--deployment-name', DEPLOYMENT],
        ['--build-id', buildId],
      ),
      { env: process.env, timeoutMs: MINUTE_MS },
    );
  }
});

/** A copy of what was built, with one change of the session workflow. */
async function makeRelease({ file, from, to }: Change): Promise<string> {
  await mkdir(join(ROOT, '.cache'), { recursive: true });
  const copy = await mkdtemp(join(ROOT, '.cache', 'release-'));
  for (const part of ['bin', 'dist', 'sql', 'package.json']) {
    await cp(join(ROOT, part), join(copy, part), { recursive: true });
  }
  const workflow = join(copy, file);
  const code = await readFile(workflow, 'utf8');
  expect(code).toContain(from);
  await writeFile(workflow, code.replace(from, to));
  await runProgram(process.execPath, [join(copy, 'dist/cli/bundle-workflows.js')], {
    env: process.env,
    timeoutMs: MINUTE_MS,
  });
  return copy;
}

function programOf(release: string): string[] {
  return [join(release, 'bin/hosted-link.js')];
}
