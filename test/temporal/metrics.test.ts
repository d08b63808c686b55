import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePorts } from '../../testing/child-server';
import type { StartedSession, StatusReport } from '../../src/client';
import { METRICS } from '../../src/telemetry/metrics';
import type { Sandbox } from '../../src/sandbox';
import { LINK_TOKEN_REQUEST } from '../../testing/plaid-calls';
import { ROOT } from '../../testing/built';
import { type CommandDeployment, startCommandDeployment } from '../../testing/deployment';
import type { HostedLinkCommands, RunningCommand } from '../../testing/hosted-link';
import { samplesIn, valueOf } from '../../testing/prometheus';
import { describeWithDevServer, devServer } from '../../testing/temporal';
import { until } from '../../testing/until';

const MINUTE_MS = 60_000;

const CLIENT_ID = 'metrics_client_id';
const SECRET = 'metrics_plaid_secret';

describeWithDevServer('the metrics of a process', () => {
  const server = devServer();
  let deployment: CommandDeployment;
  let sandbox: Sandbox;
  let folder: string;
  let commands: HostedLinkCommands;
  let address: string;
  let worker: RunningCommand;

  beforeAll(async () => {
    const [port] = await freePorts(1);
    address = `127.0.0.1:${port}`;
    deployment = await startCommandDeployment(
      server.address,
      { clientId: CLIENT_ID, secret: SECRET },
      { HOSTED_LINK_METRICS_ADDRESS: address },
    );
    ({ sandbox, folder, commands } = deployment);
    worker = await commands.worker();
  }, 3 * MINUTE_MS);

  afterAll(async () => await deployment?.close(), MINUTE_MS);

  const scrapeText = async () => await (await fetch(`http://${address}/metrics`)).text();
  const scrape = async () => samplesIn(await scrapeText());
  const untilSample = async (name: string, value: number) =>
    await until(`${name} is ${value}`, async () => valueOf(await scrape(), name) === value, MINUTE_MS);
  const check = async (key: string) => await commands.run(['check', key]);

  /** Starts a session, and gives its URL and Plaid's id of it. */
  async function start(key: string, more: object = {}): Promise<{ url: string; id: string }> {
    const file = join(folder, `${key}.json`);
    const user = { client_user_id: `customer-${key}` };
    await writeFile(file, JSON.stringify({ ...LINK_TOKEN_REQUEST, user, ...more }));
    const args = ['start', '--key', key, '--plaid-flow', 'hosted_link', '--request', file];
    const { url } = await commands.json<StartedSession>(args);
    return { url: url!, id: url!.split('/').at(-1)! };
  }

  test(
    'count a session, from its start over its opening and its end to the stored token, with labels of closed sets only',
    async () => {
      const key = 'connects-a-bank';
      const { url, id } = await start(key);
      const person = sandbox.session(id);
      // Without a hint, so that a watch sees it.
      person.open();
      await untilSample('hosted_link_session_time_to_open_seconds_count', 1);
      person.complete({ institutionId: 'ins_990001' });
      await check(key);
      const { results } = await commands.json<StatusReport>(['wait', key]);
      expect(results.map(({ state }) => state)).toEqual(['LINKED']);
      await untilSample('hosted_link_results_ended_total{state="LINKED"}', 1);

      const samples = await scrape();
      const of = (name: string) => valueOf(samples, name);
      expect({
        ended: of('hosted_link_sessions_ended_total{plaid_flow="hosted_link",state="COMPLETED"}'),
        failed: of('hosted_link_sessions_ended_total{plaid_flow="link_delivery",state="FAILED"}'),
        opened: of('hosted_link_session_time_to_open_seconds_count{plaid_flow="hosted_link"}'),
        completed: of('hosted_link_session_time_to_complete_seconds_count{plaid_flow="hosted_link"}'),
        seen: of('hosted_link_completion_seen_delay_seconds_count{plaid_flow="hosted_link"}'),
        stored: of('hosted_link_token_stored_delay_seconds_count'),
        creates: of('hosted_link_plaid_calls_total{endpoint="/link/token/create",result="ok"}'),
        exchanges: of('hosted_link_plaid_calls_total{endpoint="/item/public_token/exchange",result="ok"}'),
        exchangeTimes: of(
          'hosted_link_plaid_call_duration_seconds_count{endpoint="/item/public_token/exchange"}',
        ),
        unanswered: of('hosted_link_plaid_calls_total{result="no_answer"}'),
        uncertain: of('hosted_link_results_ended_total{state="UNCERTAIN"}'),
        dropped: of('hosted_link_signals_dropped_total'),
      }).toEqual({
        ended: 1,
        failed: 0,
        opened: 1,
        completed: 1,
        seen: 1,
        stored: 1,
        creates: 1,
        exchanges: 1,
        exchangeTimes: 1,
        unanswered: 0,
        uncertain: 0,
        dropped: 0,
      });
      expect(of('hosted_link_session_time_to_complete_seconds_sum')).toBeLessThan(2 * 60);
      expect(of('hosted_link_poll_delay_seconds_count{plaid_flow="hosted_link"}')).toBeGreaterThan(0);
      expect(of('hosted_link_codec_encryptions_total')).toBeGreaterThan(10);

      for (const { name, labels } of samples.filter(({ name }) => name.startsWith('hosted_link_'))) {
        const declared = METRICS.find((metric) => name.startsWith(metric.name));
        const { namespace, taskQueue, workflowType, le, ...own } = labels;
        expect([namespace ?? 'default', taskQueue ?? 'hosted-link', le ?? '+Inf']).toEqual([
          'default',
          'hosted-link',
          expect.stringMatching(/^([0-9.]+|\+Inf)$/),
        ]);
        expect(workflowType ?? 'hostedLinkSession').toMatch(/^[a-zA-Z]{1,30}$/);
        expect(Object.keys(own).sort()).toEqual(Object.keys(declared!.labels).sort());
        for (const [label, value] of Object.entries(own)) {
          const values = declared!.labels[label]!;
          if (values === 'any') expect(value).toMatch(/^codec-[0-9a-f]{8}$/);
          else expect(values).toContain(value);
        }
      }
      const text = await scrapeText();
      for (const secret of [key, id, url, SECRET, 'ins_990001', 'customer-', results[0]!.itemId!])
        expect(text).not.toContain(secret);
    },
    2 * MINUTE_MS,
  );

  test("have those of Temporal's SDK, in seconds and with Prometheus' endings", async () => {
    const text = await scrapeText();
    const documented = readFileSync(join(ROOT, 'docs/metrics.md'), 'utf8').matchAll(/^\| `(temporal_\w+)`/gm);
    // Those of failures are there from the first one on.
    const expected = [...documented].map(([, name]) => name!).filter((name) => !name.includes('failed'));
    expect([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name)).toEqual(
      expect.arrayContaining(expected),
    );
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

  test(
    'count nothing of what is replayed',
    async () => {
      const key = 'outlives-a-worker';
      const { id } = await start(key);
      sandbox.session(id).open();
      await check(key);
      await untilSample('hosted_link_session_time_to_open_seconds_count', 2);
      worker.kill('SIGKILL');
      await worker.ended;
      worker = await commands.worker();
      // The server asks the dead worker first.
      const status = async () => await commands.json<StatusReport>(['status', key]);
      await until('the new worker answers', async () => (await status()).answeredBy === 'worker', MINUTE_MS);
      expect((await status()).plaidStatus).toBe('OPENED');
      expect(valueOf(await scrape(), 'hosted_link_session_time_to_open_seconds_count')).toBe(0);
      await commands.run(['cancel', key]);
      await untilSample('hosted_link_sessions_ended_total{state="CANCELLED"}', 1);
    },
    2 * MINUTE_MS,
  );

  test(
    'of the receiver alone count what came of each webhook',
    async () => {
      const [port] = await freePorts(1);
      const own = `127.0.0.1:${port}`;
      const receiver = commands.start(['webhooks', '--address', '127.0.0.1:0', '--json'], {
        HOSTED_LINK_METRICS_ADDRESS: own,
      });
      await until('the receiver listens', () => receiver.stdout().endsWith('\n'), MINUTE_MS);
      const { url } = JSON.parse(receiver.stdout()) as { url: string };
      const taken = async (outcome: string) => {
        const samples = samplesIn(await (await fetch(`http://${own}/metrics`)).text());
        return valueOf(samples, `hosted_link_webhooks_total{outcome="${outcome}"}`);
      };
      expect(await taken('refused')).toBe(0);

      const forged = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };
      expect((await fetch(url, forged)).status).toBe(401);
      const { id } = await start('is-told-by-webhooks', { webhook: url });
      sandbox.session(id).complete();
      await until('a genuine one is a hint', async () => (await taken('hinted')) > 0, MINUTE_MS);
      expect(await taken('refused')).toBe(1);
      receiver.kill('SIGTERM');
      expect((await receiver.ended).code).toBe(0);
    },
    2 * MINUTE_MS,
  );
});
