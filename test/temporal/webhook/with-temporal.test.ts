import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { webhooksCommand } from '../../../src/cli/webhooks';
import { createLogger } from '../../../src/telemetry/logger';
import type { StatusReport } from '../../../src/client';
import { type Fault, type Sandbox, startSandbox } from '../../../src/sandbox';
import { sessionWorkflowId } from '../../../src/domain/ids';
import { parseLinkToken } from '../../../src/domain/link-token';
import { migrate } from '../../../src/vault';
import { startWebhookReceiver } from '../../../src/webhook/receiver';
import { httpServer } from '../../../testing/loopback';
import { LINK_TOKEN_REQUEST } from '../../../testing/plaid-calls';
import { type Harness, onDevServer, startHarness } from '../../../testing/harness';
import { HostedLinkCommands } from '../../../testing/hosted-link';
import { copyEmptyDatabase, startPglite } from '../../../testing/pglite';
import { describeWithDevServer, devServer } from '../../../testing/temporal';
import { until } from '../../../testing/until';
import { callback } from '../../../testing/webhook-bench';

const ROOT = join(__dirname, '../../..');
const SCRIPT = `require('./src/cli/webhooks').webhooksCommand().parseAsync();`;
const ACCOUNT = { clientId: 'webhook-client', secret: 'webhook-plaid-secret-91c2' };

const cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const clean of cleanUp.splice(0).reverse()) await clean();
});

async function newDataDir(): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'hosted-link-webhooks-'));
  cleanUp.push(() => rm(dataDir, { recursive: true }));
  return dataDir;
}

describeWithDevServer('webhooks, on a Temporal server', () => {
  const server = devServer();

  /** A harness and the receiver of its webhooks. */
  async function startDeployment({ itemWebhookUrl }: { itemWebhookUrl?: string } = {}) {
    const harness = await startHarness(
      onDevServer(server),
      { now: Date.now },
      itemWebhookUrl === undefined ? {} : { itemWebhookUrl },
    );
    cleanUp.push(() => harness.close());
    const receiver = await startWebhookReceiver({
      plaid: harness.plaid,
      sessions: harness.vault.sessions,
      client: harness.client,
      environment: 'sandbox',
      itemWebhookUrl,
      logger: createLogger({ level: 'silent' }),
      address: { host: '127.0.0.1', port: 0 },
    });
    cleanUp.push(() => receiver.close());
    return { ...harness, receiver };
  }

  const MAINTENANCE: Fault = {
    kind: 'plaid_error',
    status: 503,
    errorType: 'API_ERROR',
    errorCode: 'PLANNED_MAINTENANCE',
  };

  /** Waits until a session's next get is far away, as it is after {@link MAINTENANCE}; gives when it is, in milliseconds since 1970. */
  async function farNextGet(client: Harness['client'], key: string): Promise<number> {
    let nextPollAt = 0;
    await until('the next get is far away', async () => {
      nextPollAt = Date.parse((await client.status(key)).watch?.nextPollAt ?? '');
      return nextPollAt - Date.now() > 45_000;
    });
    return nextPollAt;
  }

  async function eventsOf({ workflow }: Harness['temporal'], key: string) {
    return (await workflow.getHandle(sessionWorkflowId(key)).fetchHistory()).events!;
  }

  const delivered = (sandbox: Sandbox) =>
    until('all webhooks are delivered', () =>
      sandbox.webhooks.deliveries().every(({ outcome }) => outcome === 'DELIVERED'),
    );

  test('a webhook ends its session at once, though the next get was a minute away, in no more than 45 events', async () => {
    const { sandbox, client, receiver, temporal } = await startDeployment();
    const linkToken = sandbox.issueLinkToken({ webhook: receiver.url });
    await client.start({ key: 'delivered', linkToken });
    sandbox.fault('/link_delivery/get', MAINTENANCE);
    const nextPollAt = await farNextGet(client, 'delivered');

    sandbox.session(linkToken).complete();
    expect(await client.waitForFinalStatus('delivered')).toMatchObject({
      state: 'COMPLETED',
      results: [{ state: 'LINKED' }],
    });
    expect(nextPollAt - Date.now()).toBeGreaterThan(15_000);
    await delivered(sandbox);
    expect(receiver.counts()).toMatchObject({ hinted: 1, refused: 0, unavailable: 0 });
    expect((await eventsOf(temporal, 'delivered')).length).toBeLessThanOrEqual(45);
  }, 120_000);

  test('a webhook whose get fails holds up none after it: the next one cuts the wait short', async () => {
    const { sandbox, client, receiver, temporal } = await startDeployment();
    const linkToken = sandbox.issueLinkToken({ webhook: receiver.url });
    await client.start({ key: 'failing', linkToken });
    const mend = sandbox.fault('/link_delivery/get', MAINTENANCE, { times: Infinity });
    sandbox.session(linkToken).exit();
    await until('the hinted get has failed', async () =>
      (await eventsOf(temporal, 'failing')).some((event) => event.activityTaskFailedEventAttributes),
    );
    const nextPollAt = await farNextGet(client, 'failing');

    mend();
    sandbox.session(linkToken).complete();
    expect(await client.waitForFinalStatus('failing')).toMatchObject({
      state: 'COMPLETED',
      results: [{ state: 'LINKED' }],
    });
    expect(nextPollAt - Date.now()).toBeGreaterThan(15_000);
  }, 120_000);

  test('a page that sends 100 webhooks costs its session a few hints, and no more than 120 events', async () => {
    const { sandbox, client, receiver, temporal } = await startDeployment();
    const linkToken = sandbox.issueLinkToken({ webhook: receiver.url });
    await client.start({ key: 'chatty', linkToken });
    const { id } = parseLinkToken(linkToken)!;
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => {
        const body = callback('ON_EXIT', id);
        const headers = {
          'content-type': 'application/json',
          'plaid-verification': sandbox.webhooks.sign(body),
        };
        return fetch(receiver.url, { method: 'POST', headers, body });
      }),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(receiver.counts()).toMatchObject({ hinted: 100 });
    sandbox.session(linkToken).complete();
    expect(await client.waitForFinalStatus('chatty')).toMatchObject({
      state: 'COMPLETED',
      results: [{ state: 'LINKED' }],
    });
    expect((await eventsOf(temporal, 'chatty')).length).toBeLessThanOrEqual(120);
  }, 120_000);

  test('LINK webhooks end a hosted_link session at once, each of its items found, and none of their tokens in its history', async () => {
    const { sandbox, client, receiver, temporal } = await startDeployment();
    const linkTokenRequest = {
      ...LINK_TOKEN_REQUEST,
      webhook: receiver.url,
      user_id: 'usr_webhooks',
      enable_multi_item_link: true,
    };
    const { url } = await client.start({ key: 'hosted', plaidFlow: 'hosted_link', linkTokenRequest });
    sandbox.fault('/link/token/get', MAINTENANCE);
    const nextPollAt = await farNextGet(client, 'hosted');

    sandbox.session(url!.split('/').at(-1)!).complete({ items: 2 });
    expect(await client.waitForFinalStatus('hosted')).toMatchObject({
      state: 'COMPLETED',
      results: [{ state: 'LINKED' }, { state: 'LINKED' }],
    });
    expect(nextPollAt - Date.now()).toBeGreaterThan(15_000);
    await delivered(sandbox);
    const { hinted, endedSession, ...others } = receiver.counts();
    // Two items, the finished session, its events.
    expect(hinted + endedSession).toBe(4);
    expect(Object.values(others).every((count) => count === 0)).toBe(true);
    const events = await eventsOf(temporal, 'hosted');
    const signals = events.flatMap(({ workflowExecutionSignaledEventAttributes: signal }) => signal ?? []);
    expect(signals.length).toBeGreaterThan(0);
    for (const signal of signals) expect(signal.input?.payloads ?? []).toEqual([]);
  }, 120_000);

  test('a message that Plaid could not deliver shows in the session’s status', async () => {
    const { sandbox, client, receiver } = await startDeployment();
    sandbox.set({ deliveryFails: true });
    const linkToken = sandbox.issueLinkToken({ webhook: receiver.url });
    await client.start({
      key: 'undelivered',
      linkToken,
      delivery: { method: 'SMS', address: '+14155550123' },
    });
    await until(
      'the status shows it',
      async () => (await client.status('undelivered')).deliveryFailure !== undefined,
    );
    expect(await client.status('undelivered')).toMatchObject({
      state: 'WAITING',
      deliveryFailure: { method: 'SMS' },
    });
    expect(receiver.counts().deliveryFailed).toBe(1);
    sandbox.session(linkToken).expire();
    await client.checkNow('undelivered');
    await client.waitForEnd('undelivered');
  }, 120_000);

  test('what Plaid tells of an item reaches the application: by the receiver, and without it once the webhook has moved', async () => {
    const application = await httpServer((response) => void response.end());
    cleanUp.push(() => application.close());
    const { sandbox, client, receiver } = await startDeployment({
      itemWebhookUrl: `${application.url}/items`,
    });
    const link = async (key: string): Promise<string> => {
      const linkToken = sandbox.issueLinkToken({ webhook: receiver.url });
      await client.start({ key, linkToken });
      sandbox.session(linkToken).complete();
      await client.checkNow(key);
      const { results } = await client.waitForFinalStatus(key);
      return results[0]!.itemId!;
    };
    const moved = await link('moved');
    sandbox.fault('/item/webhook/update', {
      kind: 'plaid_error',
      status: 400,
      errorType: 'INVALID_REQUEST',
      errorCode: 'INVALID_FIELD',
    });
    const left = await link('left');

    sandbox.item(moved).requireLogin();
    sandbox.item(left).requireLogin();
    await delivered(sandbox);
    const urls = sandbox.webhooks.deliveries().slice(-2);
    expect(urls.map(({ url }) => url)).toEqual([`${application.url}/items`, receiver.url]);
    const received = application.requests.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
    expect(received).toMatchObject([
      { webhook_type: 'ITEM', webhook_code: 'ERROR', item_id: moved },
      { webhook_type: 'ITEM', webhook_code: 'ERROR', item_id: left },
    ]);
    for (const { path, headers } of application.requests)
      expect([path, headers['plaid-verification']]).toEqual(['/items', expect.stringMatching(/^ey/)]);
    expect(receiver.counts().forwarded).toBe(1);
  }, 120_000);

  describe('a worker', () => {
    async function workerSettings(sandbox: Sandbox): Promise<NodeJS.ProcessEnv> {
      const dataDir = await newDataDir();
      await copyEmptyDatabase(dataDir);
      return {
        HOSTED_LINK_DATA_DIR: dataDir,
        TEMPORAL_ADDRESS: server.address,
        PLAID_BASE_URL: sandbox.url,
        PLAID_CLIENT_ID: ACCOUNT.clientId,
        PLAID_SECRET: ACCOUNT.secret,
      };
    }

    test('receives webhooks itself where it has an address for them, until it has finished what runs', async () => {
      const sandbox = await startSandbox(ACCOUNT);
      cleanUp.push(() => sandbox.close());
      const commands = new HostedLinkCommands({
        ...(await workerSettings(sandbox)),
        HOSTED_LINK_WEBHOOK_ADDRESS: '127.0.0.1:0',
      });
      cleanUp.push(() => commands.close());
      const worker = await commands.worker();
      const webhook = /webhooks are received on (http:[^"]+)/.exec(worker.stderr())![1]!;
      const linkToken = sandbox.issueLinkToken({ webhook });
      const { code } = await commands.run(['start', '--key', 'inside', '--link-token', linkToken]);
      expect(code).toBe(0);
      const result = commands.json<StatusReport>(['wait', 'inside']);
      sandbox.session(linkToken).exit();
      sandbox.session(linkToken).complete();
      expect(await result).toMatchObject({ state: 'COMPLETED', results: [{ state: 'LINKED' }] });
      await delivered(sandbox);

      worker.kill('SIGTERM');
      const { code: workerCode, stderr } = await worker.ended;
      expect(workerCode).toBe(0);
      expect(stderr).toMatch(/"hinted":[12],.*"msg":"webhooks are no longer received"/);
      await expect(fetch(webhook)).rejects.toThrow();
    }, 120_000);

    test('that cannot have the address says which setting is wrong, and ends', async () => {
      const sandbox = await startSandbox(ACCOUNT);
      cleanUp.push(() => sandbox.close());
      const settings = await workerSettings(sandbox);
      const commands = new HostedLinkCommands({
        ...settings,
        HOSTED_LINK_WEBHOOK_ADDRESS: new URL(sandbox.url).host,
      });
      cleanUp.push(() => commands.close());
      const { code, stderr } = await commands.run(['worker']);
      expect([code, stderr]).toEqual([
        2,
        expect.stringMatching(/^INVALID_INPUT: HOSTED_LINK_WEBHOOK_ADDRESS: 127\.0\.0\.1:\d+ is in use; /m),
      ]);
    }, 120_000);
  });

  test('hosted-link webhooks receives beside the database of a worker, until SIGTERM', async () => {
    const dataDir = await newDataDir();
    const database = await startPglite(dataDir);
    cleanUp.push(() => database.stop());
    await migrate(database.databaseUrl);
    const sandbox = await startSandbox(ACCOUNT);
    cleanUp.push(() => sandbox.close());
    const child: ChildProcess = spawn(
      process.execPath,
      ['--import', 'tsx', '--eval', SCRIPT, '--', '--address', '127.0.0.1:0'],
      {
        cwd: ROOT,
        env: {
          PATH: process.env['PATH'],
          HOSTED_LINK_DATA_DIR: dataDir,
          TEMPORAL_ADDRESS: server.address,
          PLAID_BASE_URL: sandbox.url,
          PLAID_CLIENT_ID: ACCOUNT.clientId,
          PLAID_SECRET: ACCOUNT.secret,
          LOG_LEVEL: 'silent',
        },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const exited = once(child, 'exit');
    cleanUp.push(async () => {
      child.kill('SIGKILL');
      await exited;
    });
    const [line] = (await once(createInterface(child.stdout!), 'line')) as [string];
    const url = /received on (http:\/\/127\.0\.0\.1:\d+\/webhooks\/plaid) until/.exec(line)![1]!;
    const post = (body: string, token: string) =>
      fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'plaid-verification': token },
        body,
      });
    const body = callback('ON_SUCCESS');
    expect((await post(body, sandbox.webhooks.sign(body))).status).toBe(200);
    expect((await post(body, sandbox.webhooks.sign('another'))).status).toBe(401);
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
  }, 120_000);
});

describe('hosted-link webhooks', () => {
  const run = (...flags: string[]) => webhooksCommand().parseAsync(flags, { from: 'user' });

  beforeEach(async () => {
    process.env['HOSTED_LINK_DATA_DIR'] = await newDataDir();
    process.env['PLAID_CLIENT_ID'] = ACCOUNT.clientId;
    process.env['PLAID_SECRET'] = ACCOUNT.secret;
  });
  afterEach(() => {
    for (const name of ['HOSTED_LINK_DATA_DIR', 'PLAID_CLIENT_ID', 'PLAID_SECRET']) delete process.env[name];
  });

  test('wants a database or a worker that has one, and takes none for itself', async () => {
    await expect(run('--address', '127.0.0.1:0')).rejects.toThrow(
      /^DATABASE_URL: not set, and no worker runs/,
    );
  });

  test('wants the Plaid account', async () => {
    delete process.env['PLAID_SECRET'];
    await expect(run('--address', '127.0.0.1:0')).rejects.toThrow(/^PLAID_SECRET: missing; /);
  });

  test('refuses an address without a port number', async () => {
    await expect(run('--address', '127.0.0.1:http')).rejects.toThrow(
      /^--address: not an address to listen on; /,
    );
  });
});
