import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, type ClientPlugin } from '@temporalio/client';
import { defaultPayloadConverter, type PayloadCodec } from '@temporalio/common';
import { NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { scanForLeaks } from '../../testing/leak-scan';
import { collectHistories } from '../../testing/workflow-histories';
import { SESSION_SEARCH_ATTRIBUTES } from '../../testing/temporal-server';
import { HostedLinkClient } from '../../src/client';
import { HostedLinkCodecPlugin } from '../../src/codec/codec-plugin';
import { readSettings, type Settings } from '../../src/config/settings';
import { loadCodecRing } from '../../src/config/load-keys';
import { createLogger } from '../../src/telemetry/logger';
import { createHostedLinkPlugin, type HostedLinkPlugin } from '../../src/worker/plugin';
import { startSandbox, type Sandbox } from '../../src/sandbox';
import { TASK_QUEUES } from '../../src/domain/ids';
import { migrate, VaultError } from '../../src/vault';
import { startPglite, type PgliteOwner } from '../../testing/pglite';
import { describeWithDevServer, devServer } from '../../testing/temporal';
import { teamActivities } from '../../testing/fixtures/team-activities';
import type { teamWorkflow } from '../../testing/fixtures/team-workflows';

const MINUTE_MS = 60_000;
const TASK_QUEUE = 'team';
const SMS = { method: 'SMS', address: '+14155550123' } as const;

/** A codec that a team has: each byte upside down. */
const TEAM_CODEC: PayloadCodec = {
  encode: async (payloads) => payloads.map((payload) => ({ ...payload, data: flip(payload.data!) })),
  decode: async (payloads) => payloads.map((payload) => ({ ...payload, data: flip(payload.data!) })),
};
const flip = (data: Uint8Array) => data.map((byte) => ~byte);

describeWithDevServer('a worker that a team has, with the plugin', () => {
  let dataDir: string;
  let database: PgliteOwner;
  let sandbox: Sandbox;
  let settings: Settings;
  let plugin: HostedLinkPlugin;

  afterAll(async () => {
    await database?.stop();
    await sandbox?.close();
    if (dataDir) await rm(dataDir, { recursive: true, force: true });
  }, MINUTE_MS);
  const server = devServer({ searchAttributes: SESSION_SEARCH_ATTRIBUTES });

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'hl-'));
    sandbox = await startSandbox({ clientId: 'team_client_id', secret: 'team_plaid_secret' });
    database = await startPglite(dataDir);
    await migrate(database.databaseUrl);
    settings = settingsWith({ HOSTED_LINK_DATA_DIR: dataDir });
    plugin = await createHostedLinkPlugin(settings);
  }, MINUTE_MS);

  function settingsWith(others: NodeJS.ProcessEnv): Settings {
    return readSettings({
      PLAID_CLIENT_ID: 'team_client_id',
      PLAID_SECRET: 'team_plaid_secret',
      PLAID_BASE_URL: sandbox.url,
      DATABASE_URL: database.databaseUrl,
      LOG_LEVEL: 'silent',
      ...others,
    });
  }

  async function teamWorker(options: Partial<WorkerOptions> = {}): Promise<Worker> {
    return await Worker.create({
      connection: server.nativeConnection,
      taskQueue: TASK_QUEUE,
      workflowsPath: require.resolve('../../testing/fixtures/team-workflows'),
      activities: teamActivities,
      plugins: [plugin],
      ...options,
    });
  }

  function clientWith(codec: ClientPlugin, payloadCodecs: PayloadCodec[] = []) {
    const dataConverter = { payloadCodecs };
    const temporal = new Client({ connection: server.connection, dataConverter, plugins: [codec] });
    return { temporal, hostedLink: new HostedLinkClient({ temporal, environment: 'sandbox' }) };
  }

  /** A workflow's history as the server has it. */
  async function eventsOf(workflowId: string) {
    const { history } = await server.connection.workflowService.getWorkflowExecutionHistory({
      namespace: 'default',
      execution: { workflowId },
    });
    return history!.events!;
  }

  /** Lets a session be completed, from its start to its stored item. */
  async function completeSession(hostedLink: HostedLinkClient, key: string) {
    const linkToken = sandbox.issueLinkToken();
    await hostedLink.start({ key, linkToken, delivery: SMS });
    sandbox.session(linkToken).complete();
    await hostedLink.checkNow(key);
    return await hostedLink.waitForFinalStatus(key);
  }

  const linked = expect.objectContaining({
    state: 'COMPLETED',
    results: [expect.objectContaining({ state: 'LINKED' })],
  });

  it('serves sessions, and its own workflows as before', async () => {
    const { temporal, hostedLink } = clientWith(plugin);
    const worker = await teamWorker();
    await worker.runUntil(async () => {
      expect(await completeSession(hostedLink, 'served')).toEqual(linked);
      const own = await temporal.workflow.start<typeof teamWorkflow>('teamWorkflow', {
        workflowId: 'own',
        taskQueue: TASK_QUEUE,
        args: ['Ada'],
      });
      expect(await own.result()).toBe('hello, Ada');

      const events = await eventsOf('own');
      const { input } = events[0]!.workflowExecutionStartedEventAttributes!;
      expect(input!.payloads).toMatchObject([defaultPayloadConverter.toPayload('Ada')]);
      const failed = events.find(({ activityTaskFailedEventAttributes: failure }) => failure);
      expect(failed!.activityTaskFailedEventAttributes!.failure).toMatchObject({
        message: 'the team does not know Ada',
        applicationFailureInfo: { type: 'TEAM_REFUSED' },
      });
    });
  });

  it('lets no secret into the histories of sessions', async () => {
    const { temporal } = clientWith(plugin);
    const values = sandbox.ledger().secrets();
    expect(values).toEqual(expect.arrayContaining([SMS.address]));
    const { leaks, sources } = await scanForLeaks({
      secrets: values.map((value) => ({ kind: 'secret', value })),
      sources: collectHistories(temporal),
    });
    expect(leaks).toEqual([]);
    expect(sources).toBeGreaterThanOrEqual(2);
  });

  it('keeps the codec of the team for its own workflows, and out of sessions', async () => {
    const { temporal, hostedLink } = clientWith(plugin, [TEAM_CODEC]);
    const elsewhere = clientWith(new HostedLinkCodecPlugin(await loadCodecRing(settings)));
    const worker = await teamWorker({ dataConverter: { payloadCodecs: [TEAM_CODEC] } });
    await worker.runUntil(async () => {
      const own = await temporal.workflow.start<typeof teamWorkflow>('teamWorkflow', {
        workflowId: 'own-codec',
        taskQueue: TASK_QUEUE,
        args: ['Grace'],
      });
      expect(await own.result()).toBe('hello, Grace');
      const [started] = await eventsOf('own-codec');
      const { input } = started!.workflowExecutionStartedEventAttributes!;
      expect(input!.payloads).toMatchObject(
        await TEAM_CODEC.encode([defaultPayloadConverter.toPayload('Grace')]),
      );

      expect(await completeSession(hostedLink, 'beside-a-codec')).toEqual(linked);
      expect(await elsewhere.hostedLink.get('beside-a-codec')).toEqual(
        await hostedLink.get('beside-a-codec'),
      );
    });
  });

  it('may have the plugin from its connection', async () => {
    const connection = await NativeConnection.connect({ address: server.address, plugins: [plugin] });
    try {
      const worker = await teamWorker({ connection, plugins: [] });
      await worker.runUntil(async () => {
        const temporal = new Client({ connection });
        const hostedLink = new HostedLinkClient({ temporal, environment: 'sandbox' });
        expect(await completeSession(hostedLink, 'by-connection')).toEqual(linked);
      });
    } finally {
      await connection.close();
    }
  });

  it('serves sessions until the last worker of its plugin has stopped, and again with the next', async () => {
    const { hostedLink } = clientWith(plugin);
    const [first, second] = await Promise.all([teamWorker(), teamWorker({ taskQueue: 'team-2' })]);
    const [firstRun, secondRun] = [first.run(), second.run()];
    expect(await completeSession(hostedLink, 'both')).toEqual(linked);
    first.shutdown();
    await firstRun;
    expect(await completeSession(hostedLink, 'one-left')).toEqual(linked);
    second.shutdown();
    await secondRun;

    const request = { key: 'nobody-left', linkToken: sandbox.issueLinkToken() };
    await expect(hostedLink.start(request, { timeoutMs: 2_000 })).rejects.toMatchObject({
      code: 'START_TIMEOUT',
    });
    const next = await teamWorker();
    await next.runUntil(async () => {
      expect(await hostedLink.start(request)).toMatchObject({ url: expect.stringContaining(sandbox.url) });
    });
  });

  it('does not run when sessions cannot be served', async () => {
    const keys = await mkdtemp(join(tmpdir(), 'hl-'));
    try {
      const otherKeys = await createHostedLinkPlugin(settingsWith({ HOSTED_LINK_DATA_DIR: keys }));
      const worker = await teamWorker({ plugins: [otherKeys] });
      await expect(worker.run()).rejects.toBeInstanceOf(VaultError);
    } finally {
      await rm(keys, { recursive: true });
    }
  });

  it('is refused without a connection, and on a task queue of ours', async () => {
    await expect(teamWorker({ connection: undefined })).rejects.toMatchObject({ field: 'connection' });
    for (const taskQueue of Object.values(TASK_QUEUES))
      await expect(teamWorker({ taskQueue })).rejects.toMatchObject({ field: 'taskQueue' });
  });

  it('is refused when Plaid is not set up, before anything is connected', async () => {
    const without = readSettings({ HOSTED_LINK_DATA_DIR: dataDir });
    await expect(createHostedLinkPlugin(without, createLogger({ level: 'silent' }))).rejects.toMatchObject({
      field: 'PLAID_CLIENT_ID',
    });
  });
});
