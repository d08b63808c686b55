import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { webhooksCommand } from '../../src/cli/webhooks';
import { createLogger } from '../../src/logger';
import { startSandbox } from '../../src/sandbox';
import { migrate } from '../../src/vault';
import { WebhookKeyCache } from '../../src/webhook/key-cache';
import { startWebhookReceiver } from '../../src/webhook/receiver';
import { onDevServer, startHarness } from '../support/harness';
import { startPglite } from '../support/pglite';
import { describeWithDevServer, devServer } from '../support/temporal';
import { until } from '../support/until';
import { callback } from './bench';

const ROOT = join(__dirname, '../..');
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
  const server = devServer({ searchAttributes: { HostedLinkState: 'Keyword', HostedLinkApi: 'Keyword' } });

  test('a webhook ends its session at once, though the next get was a minute away', async () => {
    const harness = await startHarness(onDevServer(server), { now: Date.now });
    cleanUp.push(() => harness.close());
    const { sandbox, client, vault, plaid } = harness;
    const keys = new WebhookKeyCache({ fetchKey: (keyId) => plaid.webhookVerificationKeyGet(keyId) });
    const receiver = await startWebhookReceiver({
      keyOf: (keyId) => keys.get(keyId),
      findSession: (hash) => vault.sessions.findByPlaidSession(hash),
      checkNow: (key) => client.checkNow(key),
      logger: createLogger({ level: 'silent' }),
      port: 0,
    });
    cleanUp.push(() => receiver.close());
    const linkToken = sandbox.issueLinkToken({ webhook: receiver.url });
    await client.start({ key: 'shop-1', linkToken });
    sandbox.fault('/link_delivery/get', {
      kind: 'plaid_error',
      status: 503,
      errorType: 'API_ERROR',
      errorCode: 'PLANNED_MAINTENANCE',
    });
    let nextGetAt = 0;
    await until('the next get is far away', async () => {
      nextGetAt = Date.parse((await client.status('shop-1')).watch?.nextGetAt ?? '');
      return nextGetAt - Date.now() > 45_000;
    });

    sandbox.session(linkToken).complete();
    expect(await client.result('shop-1')).toMatchObject({ state: 'COMPLETED', items: [{ state: 'LINKED' }] });
    expect(nextGetAt - Date.now()).toBeGreaterThan(15_000);
    expect(receiver.counts()).toMatchObject({ hinted: 1, refused: 0, unavailable: 0 });
    expect(sandbox.webhooks.deliveries()).toMatchObject([
      { outcome: 'DELIVERED', attempts: [{ status: 200 }] },
    ]);
  }, 120_000);

  test('hosted-link webhooks receives beside the database of a worker, until SIGTERM', async () => {
    const dataDir = await newDataDir();
    const database = await startPglite(dataDir);
    cleanUp.push(() => database.stop());
    await migrate(database.databaseUrl);
    const sandbox = await startSandbox(ACCOUNT);
    cleanUp.push(() => sandbox.close());
    const child: ChildProcess = spawn(
      process.execPath,
      ['--require', 'tsx/cjs', '--eval', SCRIPT, '--', '--port', '0'],
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
    await expect(run('--port', '0')).rejects.toThrow(/^DATABASE_URL: not set, and no worker runs/);
  });

  test('wants the Plaid account', async () => {
    delete process.env['PLAID_SECRET'];
    await expect(run('--port', '0')).rejects.toThrow(/^PLAID_SECRET: missing; /);
  });

  test('refuses a port that is none', async () => {
    await expect(run('--port', 'http')).rejects.toThrow(/^--port: not a port; /);
  });
});
