import { scanForLeaks, type LeakSource } from '../../testing/leak-scan';
import { collectHistories } from '../../testing/workflow-histories';
import { HostedLinkClient, type StartRequest } from '../../src/client';
import { exchangeWorkflowId, sessionWorkflowId } from '../../src/domain/ids';
import { sessionInput } from '../../src/requests/start-request';
import { LINK_TOKEN_REQUEST } from '../../testing/plaid-calls';
import { onDevServer, startHarness, type Harness } from '../../testing/harness';
import { describeWithDevServer, devServer } from '../../testing/temporal';
import { until } from '../../testing/until';

const MINUTE_MS = 60_000;

/** The most events that a session may have which completes within a minute. */
const EVENT_BUDGET = 45;

const SMS = { method: 'SMS', address: '+14155550123' } as const;

describeWithDevServer('sessions on a Temporal server', () => {
  let harness: Harness;
  afterAll(async () => await harness?.close(), MINUTE_MS);
  const server = devServer();

  /** A session in which nothing happens while the other tests run. */
  let quiet: { key: string; events: number };
  /** Sessions that persons finish while the other tests run, with nobody hinting. */
  let unhinted: Promise<void[]>;

  beforeAll(async () => {
    harness = await startHarness(onDevServer(server), { now: Date.now });
    const { key } = await start('quiet');
    await until('it is watched', async () => (await harness.client.status(key)).watch !== undefined);
    quiet = { key, events: await events(sessionWorkflowId(key)) };
    unhinted = Promise.all([
      openAndFinish({ key: 'from-link-token', linkToken: harness.sandbox.issueLinkToken() }),
      openAndFinish({ key: 'from-request', linkTokenRequest: LINK_TOKEN_REQUEST }),
    ]);
  }, MINUTE_MS);

  async function start(key: string, request: Partial<StartRequest> = {}) {
    const linkToken = harness.sandbox.issueLinkToken();
    return { ...(await harness.client.start({ key, linkToken, ...request })), linkToken };
  }

  /** A person finishes, and the application asks at once. */
  async function finish(key: string, linkToken: string): Promise<void> {
    harness.sandbox.session(linkToken).complete();
    await harness.client.checkNow(key);
    await harness.client.waitForFinalStatus(key);
  }

  async function openAndFinish(request: StartRequest & { key: string }): Promise<void> {
    const { url } = await harness.client.start(request);
    const person = harness.sandbox.session(url!.split('/').at(-1)!);
    person.open();
    await until(
      'OPENED is known',
      async () => (await harness.client.status(request.key)).plaidStatus === 'OPENED',
    );
    person.complete();
    await harness.client.waitForFinalStatus(request.key);
  }

  async function events(workflowId: string): Promise<number> {
    return (await harness.temporal.workflow.getHandle(workflowId).fetchHistory()).events!.length;
  }

  const ledger = () => harness.sandbox.ledger().toJSON();
  const sessionOf = (linkToken: string) =>
    ledger().sessions.filter(({ sessionId }) => linkToken.endsWith(sessionId));

  describe('the same key', () => {
    it('gives ten callers at once one session, one message and one URL', async () => {
      const linkToken = harness.sandbox.issueLinkToken();
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => start('ten-callers', { linkToken, delivery: SMS })),
      );
      expect(new Set(answers.map(({ url }) => url)).size).toBe(1);
      expect(answers[0]).toMatchObject({
        key: 'ten-callers',
        workflowId: 'hosted-link/ten-callers',
        url: expect.stringContaining(harness.sandbox.url),
      });
      expect(sessionOf(linkToken)).toEqual([expect.objectContaining({ messages: { SMS: 1, EMAIL: 0 } })]);
    });

    it('gives ten callers with a link token request one link token', async () => {
      const before = ledger().secrets.linkTokens.length;
      const request = { key: 'ten-requests', linkTokenRequest: LINK_TOKEN_REQUEST };
      const answers = await Promise.all(Array.from({ length: 10 }, () => harness.client.start(request)));
      expect(new Set(answers.map(({ url }) => url)).size).toBe(1);
      expect(ledger().secrets.linkTokens).toHaveLength(before + 1);
    });

    it('gives the same answer after the end', async () => {
      const { linkToken, ...answer } = await start('asked-again');
      await finish('asked-again', linkToken);
      expect(await harness.client.start({ key: 'asked-again', linkToken })).toEqual(answer);
      expect(await harness.client.get('asked-again')).toEqual(answer);
    });

    it('is refused with another request, while the session runs and after its end', async () => {
      const { linkToken } = await start('reused');
      await expect(start('reused')).rejects.toMatchObject({ code: 'KEY_REUSED' });
      await expect(start('reused', { linkToken, delivery: SMS })).rejects.toMatchObject({
        code: 'KEY_REUSED',
      });
      await finish('reused', linkToken);
      await expect(start('reused')).rejects.toMatchObject({ code: 'KEY_REUSED' });
      expect(sessionOf(linkToken)).toEqual([expect.objectContaining({ messages: { SMS: 0, EMAIL: 0 } })]);
    });

    it.each([
      ['a repeated request', 'SESSION_ENDED', true],
      ['another request', 'KEY_REUSED', false],
    ])('refuses %s with %s when the vault alone remembers the session', async (_what, code, repeated) => {
      const key = `forgotten-${code}`;
      const linkToken = harness.sandbox.issueLinkToken();
      const { requestDigest } = sessionInput({ key, linkToken }, { environment: 'sandbox' });
      const claim = { key, plaidFlow: 'link_delivery', requestDigest } as const;
      await harness.vault.sessions.claim({ ...claim, firstRunId: 'earlier', plaidSessionHash: undefined });
      await harness.vault.sessions.end(key, 'EXPIRED', 'earlier');
      expect(await harness.client.status(key)).toMatchObject({ state: 'EXPIRED', answeredBy: 'vault' });

      const request = repeated ? { linkToken } : {};
      await expect(start(key, request)).rejects.toMatchObject({ code });
      await expect(start(key, request)).rejects.toMatchObject({ code });
      expect(sessionOf(linkToken)).toEqual([]);
      expect(await harness.vault.sessions.get(key)).toMatchObject({ state: 'EXPIRED' });
      expect(await harness.client.status(key)).toMatchObject({ state: 'EXPIRED', answeredBy: 'vault' });
      await expect(harness.client.checkNow(key)).rejects.toMatchObject({
        message: `session ${key} has ended: EXPIRED`,
      });
    });

    it('tells how the session ended that the vault alone remembers, to a client without the vault', async () => {
      const key = 'forgotten-and-asked';
      const linkToken = harness.sandbox.issueLinkToken();
      const { requestDigest } = sessionInput({ key, linkToken }, { environment: 'sandbox' });
      const claim = { key, plaidFlow: 'link_delivery', requestDigest, firstRunId: 'earlier' } as const;
      await harness.vault.sessions.claim(claim);
      await harness.vault.sessions.end(key, 'EXPIRED', 'earlier');
      await expect(start(key, { linkToken })).rejects.toMatchObject({ code: 'SESSION_ENDED' });
      const client = new HostedLinkClient({ temporal: harness.temporal, environment: 'sandbox' });
      expect(await client.status(key)).toMatchObject({ state: 'EXPIRED', answeredBy: 'worker' });
    });

    it('leaves the row of a session whose workflow was terminated as it is when another request is refused', async () => {
      const key = 'terminated-and-forgotten';
      const claim = {
        key,
        plaidFlow: 'link_delivery',
        requestDigest: 'earlier',
        firstRunId: 'earlier',
      } as const;
      await harness.vault.sessions.claim(claim);
      await expect(start(key)).rejects.toMatchObject({ code: 'KEY_REUSED' });
      const handle = harness.temporal.workflow.getHandle(sessionWorkflowId(key));
      await expect(handle.result()).rejects.toThrow();
      expect(await harness.vault.sessions.get(key)).toMatchObject({ state: 'CREATING', endedAt: undefined });
      expect(await harness.client.status(key)).toMatchObject({
        state: 'FAILED',
        lastError: { type: 'WORKFLOW/FORGOTTEN' },
      });
    });
  });

  describe('a key that no session has', () => {
    it.each(['status', 'get', 'waitForFinalStatus', 'checkNow', 'cancel'] as const)(
      'is refused by %s',
      async (method) => {
        await expect(harness.client[method]('nobody')).rejects.toMatchObject({ code: 'SESSION_UNKNOWN' });
      },
    );
  });

  describe('a session that has ended', () => {
    it('refuses checkNow and cancel, and says how it ended', async () => {
      const { linkToken } = await start('ended');
      await finish('ended', linkToken);
      const refusal = { code: 'SESSION_ENDED', message: expect.stringContaining('COMPLETED') };
      await expect(harness.client.checkNow('ended')).rejects.toMatchObject(refusal);
      await expect(harness.client.cancel('ended')).rejects.toMatchObject(refusal);
    });

    it('has FAILED when its workflow was terminated', async () => {
      await start('terminated');
      await harness.temporal.workflow.getHandle(sessionWorkflowId('terminated')).terminate('by hand');
      expect(await harness.client.waitForFinalStatus('terminated')).toMatchObject({
        state: 'FAILED',
        lastError: { message: expect.stringContaining('TERMINATED') },
      });
    });
  });

  describe('history', () => {
    it(
      'has at most 45 events when a person opens and finishes a link within a minute',
      async () => {
        await unhinted;
        for (const key of ['from-link-token', 'from-request']) {
          expect(await harness.client.status(key)).toMatchObject({
            state: 'COMPLETED',
            results: [{ state: 'LINKED' }],
          });
          expect(await events(sessionWorkflowId(key))).toBeLessThanOrEqual(EVENT_BUDGET);
          expect(await events(exchangeWorkflowId(key))).toBeLessThanOrEqual(EVENT_BUDGET);
        }
      },
      MINUTE_MS,
    );

    it('does not grow with the gets of a session in which nothing happens', async () => {
      await until(
        'Plaid was asked twice',
        async () => (await harness.client.status(quiet.key)).watch!.attempt > 2,
      );
      expect(await events(sessionWorkflowId(quiet.key))).toBe(quiet.events);
    });

    it('holds no secret, nor does what the server tells besides', async () => {
      const scanned: string[] = [];
      async function* named(sources: AsyncIterable<LeakSource>) {
        for await (const source of sources) {
          scanned.push(source.name.split(' ')[2]!);
          yield source;
        }
      }
      const secrets = harness.sandbox.ledger().secrets();
      const { leaks } = await scanForLeaks({
        secrets: secrets.map((value) => ({ kind: 'secret', value })),
        sources: named(collectHistories(harness.temporal)),
      });
      expect(leaks).toEqual([]);
      expect(scanned).toEqual(
        expect.arrayContaining([
          'hosted-link/from-request',
          'token-exchange/from-request',
          'hosted-link/quiet',
        ]),
      );
      expect(secrets).toEqual(expect.arrayContaining([SMS.address, ledger().items[0]!.accessToken]));
    });
  });

  describe('without a worker', () => {
    beforeAll(async () => await harness.stopWorkers(), MINUTE_MS);

    it('status tells what the server knows, the pending watch included', async () => {
      expect(await harness.client.status(quiet.key)).toMatchObject({
        state: 'WAITING',
        answeredBy: 'server',
        watch: { lastAnswer: expect.stringContaining('CREATED'), nextPollAt: expect.any(String) },
      });
    });

    it('start says that asking again is safe, and a worker that comes later makes the one session', async () => {
      const request = { key: 'early', linkToken: harness.sandbox.issueLinkToken(), delivery: SMS };
      await expect(harness.client.start(request, { timeoutMs: 1_000 })).rejects.toMatchObject({
        code: 'START_TIMEOUT',
        message: expect.stringContaining('asking again with the same key is safe'),
      });
      await harness.startWorkers();
      const { url } = await harness.client.start(request);
      expect(url).toContain(harness.sandbox.url);
      expect(sessionOf(request.linkToken)).toEqual([
        expect.objectContaining({ messages: { SMS: 1, EMAIL: 0 } }),
      ]);
    });
  });
});
