import type { Payload } from '@temporalio/common';
import { runProgram } from '../../testing/run-program';
import { createAccessCheck } from '../../src/ops/codec-server/access';
import { type CodecServer, startCodecServer } from '../../src/ops/codec-server/codec-server';
import { generateKeyRingText, parseKeyRing } from '../../src/secrets/key-ring';
import { Secret } from '../../src/secrets/secret';
import { exchangeWorkflowId, sessionWorkflowId } from '../../src/domain/ids';
import { LINK_TOKEN_REQUEST } from '../../testing/plaid-calls';
import { onDevServer, startHarness, type Harness } from '../../testing/harness';
import { describeWithDevServer, devServer } from '../../testing/temporal';
import { programPath } from '../../testing/programs';

const MINUTE_MS = 60_000;

const PERSON = { phone_number: '+14155550177', email_address: 'ada@example.com' };
const WEBHOOK = 'http://127.0.0.1:9/webhooks/plaid';

describeWithDevServer('the codec server, asked for all payloads of three sessions', () => {
  let harness: Harness;
  let payloads: Payload[];
  /** Of the session that makes it by the way. */
  let unseenLinkToken: string;
  const servers: CodecServer[] = [];
  const ring = parseKeyRing(generateKeyRingText('codec'), 'test ring');
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.close()));
    await harness?.close();
  }, MINUTE_MS);
  const server = devServer();

  beforeAll(async () => {
    harness = await startHarness(onDevServer(server), { now: Date.now }, { codecRing: ring });
    const user = { ...LINK_TOKEN_REQUEST.user, ...PERSON };
    const linkTokenRequest = { ...LINK_TOKEN_REQUEST, user, webhook: WEBHOOK };
    unseenLinkToken = `link-sandbox-${await play({ key: 'made-here', linkTokenRequest })}`;
    const delivery = { method: 'SMS', address: '+14155550188', firstName: 'Grace' } as const;
    await play({ key: 'made-and-sent', linkTokenRequest, delivery });
    await play({ key: 'sent', linkToken: harness.sandbox.issueLinkToken(), delivery });
    const ids = ['made-here', 'made-and-sent', 'sent'].flatMap((key) => [
      sessionWorkflowId(key),
      exchangeWorkflowId(key),
    ]);
    payloads = (await Promise.all(ids.map(payloadsOf))).flat();
  }, 2 * MINUTE_MS);

  /** Gives Plaid's id of the session. */
  async function play(request: Parameters<Harness['client']['start']>[0] & { key: string }): Promise<string> {
    const { url } = await harness.client.start(request);
    const sessionId = url!.split('/').at(-1)!;
    const person = harness.sandbox.session(sessionId);
    person.open();
    await harness.client.checkNow(request.key);
    person.complete();
    await harness.client.checkNow(request.key);
    await harness.client.waitForFinalStatus(request.key);
    return sessionId;
  }

  /** Every payload of the history, of the description and of what a worker answers, as the server gives it. */
  async function payloadsOf(workflowId: string): Promise<Payload[]> {
    const { workflowService } = harness.temporal;
    const request = { namespace: 'default', execution: { workflowId } };
    const found: Payload[] = [];
    collect(await workflowService.getWorkflowExecutionHistory(request), found);
    collect(await workflowService.describeWorkflowExecution(request), found);
    // The first holds the current details.
    for (const queryType of ['__temporal_workflow_metadata', 'status'])
      collect(await workflowService.queryWorkflow({ ...request, query: { queryType } }), found);
    return found;
  }

  /** What the server shows of the payloads, as one text. */
  async function shown(unmasked: boolean): Promise<string> {
    const codecServer = await startCodecServer({
      ring,
      origins: [],
      unmasked,
      address: { host: '127.0.0.1', port: 0 },
      audit: () => undefined,
    });
    servers.push(codecServer);
    const response = await fetch(`${codecServer.url}/decode`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ payloads: payloads.map(toJson) }),
    });
    expect(response.status).toBe(200);
    const decoded = (await response.json()) as { payloads: { data?: string }[] };
    expect(decoded.payloads).toHaveLength(payloads.length);
    return decoded.payloads.map(({ data }) => Buffer.from(data ?? '', 'base64').toString()).join('\n');
  }

  function secrets(): Record<string, string[]> {
    const { linkTokens, sessionIds, hostedUrls } = harness.sandbox.ledger().toJSON().secrets;
    return {
      linkTokens: linkTokens.filter((token) => token !== unseenLinkToken),
      sessionIds: [...sessionIds],
      hostedUrls: [...hostedUrls],
      phoneNumbers: [PERSON.phone_number, '+14155550188'],
      emailAddresses: [PERSON.email_address],
      firstNames: ['Grace'],
      webhooks: [WEBHOOK],
    };
  }

  it('shows all of it when it was told to', async () => {
    const text = await shown(true);
    expect(harness.sandbox.ledger().toJSON().secrets.linkTokens).toContain(unseenLinkToken);
    expect(text).not.toContain(unseenLinkToken);
    for (const [kind, values] of Object.entries(secrets())) {
      expect(values).not.toEqual([]);
      for (const value of values)
        expect({ kind, isShown: text.includes(value) }).toEqual({ kind, isShown: true });
    }
  });

  it('shows by default what an operator needs, and nothing that opens a page or tells the person', async () => {
    const text = await shown(false);
    const needed = [
      '"link_delivery"',
      '"made-here"',
      '"COMPLETED"',
      '"Acme Lending"',
      '"customer-17"',
      '"requestDigest"',
      '[masked]',
    ];
    for (const part of needed) expect(text).toContain(part);
    // Summaries and current details.
    expect(text).toContain('Hosted Link for user customer-17 via link_delivery');
    expect(text).toContain('Hosted Link session sent via link_delivery');
    expect(text).toContain('Token exchange of session sent');
    expect(text).toContain('**COMPLETED** since');
    for (const [kind, values] of Object.entries(secrets()))
      for (const value of values)
        expect({ kind, isShown: text.includes(value) }).toEqual({ kind, isShown: false });
    expect(text).not.toMatch(/undecodable|that are no JSON/);
  });

  describe('by the Temporal CLI', () => {
    const TOKEN = 'fictitious-token-0123456789abcdef0123';

    /** What `temporal workflow show` prints of a session as JSON, in which payloads are base64. */
    async function show(...options: string[]): Promise<string> {
      const args = [
        'workflow',
        'show',
        '--address',
        server.address,
        '--workflow-id',
        sessionWorkflowId('sent'),
      ];
      const run = { env: process.env, timeoutMs: MINUTE_MS };
      const cli = programPath('temporal-cli')!;
      const json = await runProgram(cli, [...args, '-o', 'json', ...options], run);
      return json.replace(/(?<="data": ")[^"]*/g, (data) => Buffer.from(data, 'base64').toString());
    }

    async function endpoint(): Promise<string> {
      const checkAccess = createAccessCheck({ tokens: new Map([['on-call', new Secret(TOKEN)]]) });
      const audit = () => undefined;
      const codecServer = await startCodecServer({
        ring,
        origins: [],
        checkAccess,
        address: { host: '127.0.0.1', port: 0 },
        audit,
      });
      servers.push(codecServer);
      return codecServer.url;
    }

    it('gives ciphertext without the codec server', async () => {
      expect(await show()).not.toContain('requestDigest');
    });

    it('shows the session, masked, to the holder of a bearer token', async () => {
      const text = await show('--codec-endpoint', await endpoint(), '--codec-auth', `Bearer ${TOKEN}`);
      expect(text).toContain('requestDigest');
      expect(text).toContain('[masked]');
      for (const values of Object.values(secrets()))
        for (const value of values) expect(text.includes(value)).toBe(false);
    });

    it('is refused with another token, of which the CLI says that its time is up', async () => {
      const shown = show('--codec-endpoint', await endpoint(), '--codec-auth', `Bearer ${TOKEN}-other`);
      await expect(shown).rejects.toThrow('context deadline exceeded');
    });
  });
});

function collect(value: unknown, found: Payload[]): void {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
  const { metadata } = value as Payload;
  if (metadata && Buffer.from(metadata['encoding'] ?? []).toString() === 'binary/encrypted')
    found.push(value);
  else for (const child of Object.values(value)) collect(child, found);
}

function toJson({ metadata, data }: Payload): object {
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  const entries = Object.entries(metadata!).map(([name, bytes]) => [name, base64(bytes)]);
  return { metadata: Object.fromEntries(entries) as object, data: base64(data!) };
}
