import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { searchForLeaks, secretsOf } from '../../../testing/leak-search';
import type { StatusReport } from '../../../src/client';
import { parseKeyRing } from '../../../src/secrets/key-ring';
import type { Sandbox } from '../../../src/sandbox';
import { type CommandDeployment, startCommandDeployment } from '../../../testing/deployment';
import type { HostedLinkCommands } from '../../../testing/hosted-link';
import { describeWithDevServer, devServer } from '../../../testing/temporal';
import { until } from '../../../testing/until';
import { type ExportedSpan, type OtlpCollector, startOtlpCollector } from '../../../testing/otlp-collector';

const MINUTE_MS = 60_000;
const ACCOUNT = { clientId: 'traces-client', secret: 'traces-plaid-secret-4be7' };

describeWithDevServer('traces of the commands, each in a process of its own', () => {
  const server = devServer();
  let deployment: CommandDeployment;
  let folder: string;
  let sandbox: Sandbox;
  let collector: OtlpCollector;
  let commands: HostedLinkCommands;

  beforeAll(async () => {
    collector = await startOtlpCollector();
    deployment = await startCommandDeployment(server.address, ACCOUNT, {
      HOSTED_LINK_WEBHOOK_ADDRESS: '127.0.0.1:0',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    });
    ({ folder, sandbox, commands } = deployment);
  }, MINUTE_MS);

  afterAll(async () => {
    await deployment?.close();
    await collector?.close();
  }, MINUTE_MS);

  /** The names from the root of a span's trace down to it. */
  function pathOf(span: ExportedSpan): string {
    if (span.parentSpanId === '') return span.name;
    const parent = collector.spans.find(({ spanId }) => spanId === span.parentSpanId);
    return `${parent ? pathOf(parent) : '(missing)'} > ${span.name}`;
  }

  test(
    'are one for each session over OTLP, from hosted-link start over a webhook to the vault, whoever receives it',
    async () => {
      const worker = await commands.worker();
      const receiver = commands.start(['webhooks', '--address', '127.0.0.1:0']);
      await until('the receiver is there', () => receiver.stdout().includes('received on'));
      const urls = [worker.stderr(), receiver.stdout()].map(
        (text) => /received on (http:\/\/[\w.:]+\/webhooks\/plaid)/.exec(text)![1]!,
      );
      for (const [index, webhook] of urls.entries()) {
        const key = `exported-${index}`;
        const linkToken = sandbox.issueLinkToken({ webhook, tokenShape: 'public_tokens' });
        const args = ['start', '--key', key, '--link-token', linkToken, '--sms', '+14155550123'];
        await commands.json(args);
        sandbox.session(linkToken).complete();
        expect(await commands.json<StatusReport>(['wait', key])).toMatchObject({ state: 'COMPLETED' });
      }
      for (const { kill, ended } of [receiver, worker]) {
        kill('SIGTERM');
        expect((await ended).code).toBe(0);
      }

      const start = 'UpdateWithStartWorkflow:link';
      const hint = `${start} > ReceiveWebhook > SignalWorkflow:checkNow`;
      const traceIds = [...new Set(collector.spans.map(({ traceId }) => traceId))];
      expect(traceIds).toHaveLength(urls.length);
      for (const traceId of traceIds) {
        expect(collector.spans.filter((span) => span.traceId === traceId).map(pathOf)).toEqual(
          expect.arrayContaining([
            start,
            `${start} > RunActivity:createSession > POST /link_delivery/create`,
            `${start} > RunWorkflow:hostedLinkSession`,
            `${hint} > RunActivity:getSession > POST /link_delivery/get`,
            `${hint} > RunActivity:exchangeResult > POST /item/public_token/exchange`,
            `${hint} > RunActivity:exchangeResult > vault.results.link`,
          ]),
        );
      }
      expect(collector.spans.map(pathOf).filter((path) => path.includes('(missing)'))).toEqual([]);
      for (const { resource } of collector.spans) {
        expect(Object.keys(resource).sort()).toEqual([
          'service.name',
          'telemetry.sdk.language',
          'telemetry.sdk.name',
          'telemetry.sdk.version',
        ]);
        expect(resource['service.name']).toBe('hosted-link');
      }
    },
    2 * MINUTE_MS,
  );

  test('show a collector no secret', async () => {
    const keys = JSON.parse(await readFile(join(folder, 'data/keys.json'), 'utf8')) as Record<string, string>;
    const [vaultRing, codecRing] = ['vaultKeys', 'codecKeys'].map((name) => parseKeyRing(keys[name]!, name));
    const { 'e-mail addresses': _nobody, ...secrets } = secretsOf(sandbox.ledger().toJSON(), {
      vaultRing: vaultRing!,
      codecRing: codecRing!,
    });
    const verdict = await searchForLeaks({
      secrets,
      histories: [{ name: 'what was exported', bytes: collector.bytes() }],
      files: [],
      controls: [{ text: 'hosted-link/exported-1', source: 'what was exported' }],
    });
    expect(verdict.problems).toEqual([]);
  });

  test(
    'are not made where nothing is set, and what would make them is not loaded',
    async () => {
      const before = collector.spans.length;
      const untraced = {
        OTEL_EXPORTER_OTLP_ENDPOINT: undefined,
        NODE_OPTIONS: '--require ./testing/loaded-sdk.js',
      };
      const { code, stderr } = await commands.run(['check', 'exported-0'], untraced);
      expect([code, stderr]).toEqual([1, expect.stringContaining('OpenTelemetry SDK loaded: false')]);
      expect(collector.spans).toHaveLength(before);
      const traced = await commands.run(['check', 'exported-0'], { NODE_OPTIONS: untraced.NODE_OPTIONS });
      expect(traced.stderr).toContain('OpenTelemetry SDK loaded: true');
    },
    MINUTE_MS,
  );

  test(
    'harm no command when the collector is away',
    async () => {
      await commands.worker();
      const linkToken = sandbox.issueLinkToken();
      const away = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_EXPORTER_OTLP_TIMEOUT: '500' };
      const { code, stderr } = await commands.run(
        ['start', '--key', 'lost', '--link-token', linkToken],
        away,
      );
      expect([code, stderr]).toEqual([0, expect.stringContaining('"msg":"spans may be lost"')]);
    },
    MINUTE_MS,
  );

  test.each([
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }, 'OTEL_EXPORTER_OTLP_ENDPOINT: not a URL of http'],
    [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, 'OTEL_EXPORTER_OTLP_PROTOCOL: not http/protobuf'],
  ])(
    'with %o are refused before anything is started',
    async (settings, problem) => {
      const { code, stderr } = await commands.run(['worker'], settings);
      expect([code, stderr]).toEqual([2, expect.stringContaining(`INVALID_INPUT: ${problem}`)]);
    },
    MINUTE_MS,
  );
});
