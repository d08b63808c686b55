import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../dev/child-server';
import { startSandbox, type Sandbox } from '../../src/sandbox';
import { HostedLinkCommands } from '../support/hosted-link';
import { describeWithDevServer, devServer } from '../support/temporal';

const MINUTE_MS = 60_000;

const CLIENT_ID = 'metrics_client_id';
const SECRET = 'metrics_plaid_secret';

describeWithDevServer('the metrics of a worker', () => {
  const server = devServer();
  let sandbox: Sandbox;
  let folder: string;
  let commands: HostedLinkCommands;
  let address: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hl-'));
    sandbox = await startSandbox({ clientId: CLIENT_ID, secret: SECRET });
    const [port] = await freePorts(1);
    address = `127.0.0.1:${port}`;
    commands = new HostedLinkCommands({
      PLAID_CLIENT_ID: CLIENT_ID,
      PLAID_SECRET: SECRET,
      PLAID_BASE_URL: sandbox.url,
      TEMPORAL_ADDRESS: server.address,
      HOSTED_LINK_DATA_DIR: folder,
      HOSTED_LINK_METRICS_ADDRESS: address,
    });
    await commands.worker();
  }, 3 * MINUTE_MS);

  afterAll(async () => {
    await commands?.close();
    await sandbox?.close();
    if (folder) await rm(folder, { recursive: true, force: true });
  }, MINUTE_MS);

  test("have those of Temporal's SDK, in seconds and with Prometheus' endings", async () => {
    const text = await (await fetch(`http://${address}/metrics`)).text();
    expect(text).toMatch(/^temporal_num_pollers\{.*task_queue="hosted-link-plaid"/m);
    expect(text).toMatch(/^# TYPE temporal_request_total counter$/m);
    expect(text).toMatch(/^# TYPE temporal_request_latency_seconds histogram$/m);
  });

  test(
    'are not served twice on one address: a second worker ends, and says why',
    async () => {
      const { code, stderr } = await commands.run(['worker']);
      expect(code).toBe(2);
      expect(stderr).toMatch(
        /^INVALID_INPUT: HOSTED_LINK_METRICS_ADDRESS: cannot be listened on \(Address already in use.*\); /m,
      );
    },
    MINUTE_MS,
  );
});
