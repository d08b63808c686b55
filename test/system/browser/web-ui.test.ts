import type { Browser, BrowserContext } from 'playwright-core';
import { type CodecSettings, WebUi } from '../../../tools/web-ui';
import { createAccessCheck } from '../../../src/ops/codec-server/access';
import type { CodecAuditEntry } from '../../../src/ops/codec-server/audit';
import {
  type CodecServer,
  type CodecServerOptions,
  startCodecServer,
} from '../../../src/ops/codec-server/codec-server';
import { generateKeyRingText, parseKeyRing } from '../../../src/secrets/key-ring';
import { LINK_TOKEN_REQUEST } from '../../../testing/plaid-calls';
import { LOCALHOST } from '../../../testing/certificates';
import { describeInChromium, launchChromium } from '../../../testing/chromium';
import { onDevServer, startHarness, type Harness } from '../../../testing/harness';
import {
  AUDIENCE,
  type IdentityProvider,
  ISSUER,
  startIdentityProvider,
} from '../../../testing/identity-provider';
import { devServer } from '../../../testing/temporal';
import { until } from '../../../testing/until';
import { programPath } from '../../../testing/programs';

const MINUTE_MS = 60_000;
/** A page of Web UI takes seconds, on a busy machine many. */
const SLOW_MS = 3 * MINUTE_MS;

const KEY = 'order-7';
const PHONE = '+14155550188';
const EMAIL = 'ada@example.com';
const WEBHOOK = 'http://127.0.0.1:9/webhooks/plaid';
/** A user id that would like to be a link and a picture. */
const USER = '[click](http://evil.example) <img src=x> **b**';

/** What the page shows of the session's input, and with the codec of a summary too. */
const CIPHERTEXT = ['"encryption-key-id"'];
const PLAINTEXT = ['"requestDigest"', 'OPENED so far'];

const describeWithBoth = programPath('temporal-cli') ? describeInChromium() : describe.skip;

describeWithBoth('a session in Temporal Web UI, in Chromium', () => {
  let harness: Harness;
  let browser: Browser;
  let provider: IdentityProvider;
  const ring = parseKeyRing(generateKeyRingText('codec'), 'test ring');
  const contexts: BrowserContext[] = [];
  const codecServers: CodecServer[] = [];
  const audited: CodecAuditEntry[] = [];

  afterAll(async () => {
    await browser?.close();
    await harness?.close();
    provider?.close();
  }, MINUTE_MS);
  const server = devServer({ ui: true });

  beforeAll(async () => {
    [harness, browser, provider] = await Promise.all([
      startHarness(onDevServer(server), { now: Date.now }, { codecRing: ring }),
      launchChromium(),
      startIdentityProvider(),
    ]);
    const user = { client_user_id: 'customer-17', email_address: EMAIL };
    const { url } = await harness.client.start({
      key: KEY,
      linkTokenRequest: { ...LINK_TOKEN_REQUEST, user, webhook: WEBHOOK },
      delivery: { method: 'SMS', address: PHONE },
      userId: USER,
    });
    harness.sandbox.session(url!.split('/').at(-1)!).open();
    await harness.client.checkNow(KEY);
    await until('OPENED is known', async () => (await harness.client.status(KEY)).plaidStatus === 'OPENED');
  }, MINUTE_MS);

  afterEach(async () => {
    await Promise.all(contexts.splice(0).map((context) => context.close()));
    await Promise.all(codecServers.splice(0).map((codecServer) => codecServer.close()));
    audited.length = 0;
  });

  /** Web UI in a browser that has never been there. */
  async function newVisit(url = server.uiAddress!): Promise<{ ui: WebUi; context: BrowserContext }> {
    // The codec server's certificate is signed by nobody that Chromium knows.
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    contexts.push(context);
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    return { ui: new WebUi(page, url), context };
  }

  async function startCodec(options: Partial<CodecServerOptions> = {}): Promise<CodecServer> {
    const codecServer = await startCodecServer({
      ring,
      origins: [server.uiAddress!],
      address: { host: '127.0.0.1', port: 0 },
      audit: (entry) => void audited.push(entry),
      ...options,
    });
    codecServers.push(codecServer);
    return codecServer;
  }

  /** Opens the session, enters the codec server as a person does, and gives all that the page then shows. */
  async function shownWith(ui: WebUi, settings: CodecSettings, parts: readonly string[]): Promise<string> {
    await ui.openSession(KEY);
    await ui.configureCodec(settings);
    return await shown(ui, parts);
  }

  /** All text of the page, once it shows each of `parts`. */
  async function shown({ page }: WebUi, parts: readonly string[]): Promise<string> {
    for (const part of parts) await page.getByText(part).first().waitFor();
    return await page.locator('body').innerText();
  }

  function secrets(): string[] {
    const { linkTokens, sessionIds, hostedUrls } = harness.sandbox.ledger().toJSON().secrets;
    return [...linkTokens, ...sessionIds, ...hostedUrls, PHONE, EMAIL, WEBHOOK];
  }

  it(
    'is ciphertext without a codec server',
    async () => {
      const { ui } = await newVisit();
      await ui.openSession(KEY);
      const text = await shown(ui, CIPHERTEXT);
      for (const part of ['requestDigest', 'customer-17', 'OPENED so far', ...secrets()])
        expect({ part, isShown: text.includes(part) }).toEqual({ part, isShown: false });
    },
    SLOW_MS,
  );

  it(
    'can be read with one, but for what opens the link or tells the person',
    async () => {
      const { url } = await startCodec();
      const { ui } = await newVisit();
      const text = await shownWith(ui, { endpoint: url }, PLAINTEXT);
      const needed = [
        '"requestDigest"',
        '"order-7"',
        'customer-17',
        '"[masked]"',
        'let Plaid send it by SMS',
      ];
      for (const part of needed) expect(text).toContain(part);
      for (const secret of secrets()) expect(text.includes(secret)).toBe(false);
      await until('the calls are audited', () => audited.length > 0);
      expect(new Set(audited.map(({ outcome, masked, origin }) => `${outcome} ${masked} ${origin}`))).toEqual(
        new Set([`DECODED true ${server.uiAddress}`]),
      );
    },
    SLOW_MS,
  );

  it(
    'can be read whole with one that was told to show all',
    async () => {
      const { url } = await startCodec({ unmasked: true });
      const { ui } = await newVisit();
      const text = await shownWith(ui, { endpoint: url }, PLAINTEXT);
      for (const part of [PHONE, EMAIL, WEBHOOK]) expect(text).toContain(part);
    },
    SLOW_MS,
  );

  it(
    'has a summary and current details, in which a user id is text and nothing else',
    async () => {
      const { url } = await startCodec();
      const { ui } = await newVisit();
      await ui.openSession(KEY);
      await ui.configureCodec({ endpoint: url });
      await ui.openDetails(KEY);
      const frames = ui.page.locator('iframe');
      const [summary, details] = [frames.first().contentFrame(), frames.last().contentFrame()];
      await details.getByText('WAITING').waitFor();
      expect(await details.locator('body').innerText()).toMatch(/^WAITING since .*; Plaid says OPENED\n/);
      const text = 'Hosted Link for user [click](http://evil.example) <img src=x> **b** via link_delivery';
      await summary.getByText(text).waitFor();
      expect(await summary.locator('a, img, strong').count()).toBe(0);
    },
    SLOW_MS,
  );

  it(
    'stays ciphertext on a page of an origin that is not allowed',
    async () => {
      const { url } = await startCodec({ origins: ['https://temporal.example'] });
      const { ui } = await newVisit();
      const text = await shownWith(ui, { endpoint: url }, CIPHERTEXT);
      expect(text).not.toContain('requestDigest');
      await ui.page.getByRole('button', { name: 'Codec Server could not connect' }).waitFor();
    },
    SLOW_MS,
  );

  describe('where the users of an identity provider may decode', () => {
    /** A codec server for users who may read the namespace. */
    async function startForUsers(namespace: string): Promise<CodecServer> {
      const jwt = { keySetUrl: provider.url, issuer: ISSUER, audience: AUDIENCE, namespace };
      return await startCodec({ checkAccess: createAccessCheck({ jwt }), tls: LOCALHOST });
    }

    /** Web UI after a login: its server hands over the access token in a cookie, and it keeps it as AuthUser. */
    async function newVisitAs(accessToken: string): Promise<WebUi> {
      const { ui, context } = await newVisit();
      // The dev server has no login, and a Web UI without one forgets its user.
      await context.route('**/api/v1/settings*', async (route) => {
        const response = await route.fetch();
        const settings = (await response.json()) as object;
        await route.fulfill({ response, json: { ...settings, Auth: { Enabled: true, Options: [] } } });
      });
      const user = { AccessToken: accessToken, Name: 'Grace' };
      const value = Buffer.from(JSON.stringify(user)).toString('base64');
      await context.addCookies([{ name: 'user0', value, url: server.uiAddress! }]);
      return ui;
    }

    it(
      'is shown to one whose token Web UI passes on',
      async () => {
        const { url: endpoint } = await startForUsers('default');
        const ui = await newVisitAs(await provider.sign());
        await shownWith(ui, { endpoint, passAccessToken: true }, PLAINTEXT);
        await until('the calls are audited', () => audited.length > 0);
        expect(audited).toContainEqual(
          expect.objectContaining({ who: 'user-1', namespace: 'default', outcome: 'DECODED', status: 200 }),
        );
      },
      SLOW_MS,
    );

    it.each<[what: string, namespace: string, status: number, token: () => Promise<string>]>([
      ['one with a forged token', 'default', 401, forged],
      [
        'one who may read another namespace only',
        'default',
        403,
        () => provider.sign({ permissions: ['other:admin'] }),
      ],
      ['one who looks at another namespace than its own', 'other', 403, () => provider.sign()],
    ])(
      'stays ciphertext for %s',
      async (_what, namespace, status, token) => {
        const { url: endpoint } = await startForUsers(namespace);
        const ui = await newVisitAs(await token());
        const text = await shownWith(ui, { endpoint, passAccessToken: true }, CIPHERTEXT);
        expect(text).not.toContain('requestDigest');
        await ui.page.getByRole('button', { name: 'Codec Server could not connect' }).waitFor();
        await until('the calls are audited', () => audited.length > 0);
        expect(new Set(audited.map((entry) => `${entry.outcome} ${entry.status}`))).toEqual(
          new Set([`REFUSED ${status}`]),
        );
      },
      SLOW_MS,
    );

    it(
      'stays ciphertext when Web UI passes no token',
      async () => {
        const { url: endpoint } = await startForUsers('default');
        const ui = await newVisitAs(await provider.sign());
        const text = await shownWith(ui, { endpoint }, CIPHERTEXT);
        expect(text).not.toContain('requestDigest');
        await until('the calls are audited', () => audited.some(({ status }) => status === 401));
      },
      SLOW_MS,
    );

    /** By a key of the forger's, under the name of the provider's. */
    async function forged(): Promise<string> {
      const { generateKeyPair } = await import('jose');
      return await provider.sign({}, { key: (await generateKeyPair('ES256')).privateKey });
    }
  });
});
