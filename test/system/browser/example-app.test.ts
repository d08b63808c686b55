import { readFileSync } from 'node:fs';
import type { AxeResults, RunOptions } from 'axe-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { scanForLeaks } from '../../../testing/leak-scan';
import { describeInChromium, launchChromium } from '../../../testing/chromium';
import { type ExampleApp, startExampleApp } from '../../../testing/example-app';
import { type Harness, onDevServer, startHarness } from '../../../testing/harness';
import { devServer } from '../../../testing/temporal';
import { until } from '../../../testing/until';
import { programPath } from '../../../testing/programs';

const MINUTE_MS = 60_000;

/** A page may wait for a workflow on a busy machine. */
const PAGE_TIMEOUT_MS = 30_000;

const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 375, height: 740 };

/** The words of the control that has the focus. */
const FOCUSED_CONTROL = "document.querySelector('button:focus, a:focus')?.textContent ?? ''";

const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const describeWithBoth = programPath('temporal-cli') ? describeInChromium() : describe.skip;

describeWithBoth('the application of examples/app, in Chromium', () => {
  let harness: Harness;
  let app: ExampleApp;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  /** What the browser was sent by the service, but for event streams. */
  let received: Promise<string>[];
  let complaints: string[];
  let sandboxIsBehindMs = 0;
  afterAll(async () => {
    await browser?.close();
    await app?.close();
    await harness?.close();
  }, MINUTE_MS);
  const server = devServer();

  beforeAll(async () => {
    [harness, browser] = await Promise.all([
      startHarness(onDevServer(server), { now: () => Date.now() - sandboxIsBehindMs }),
      launchChromium(),
    ]);
    app = await startExampleApp(harness);
  }, MINUTE_MS);

  async function openBrowser(viewport: { width: number; height: number }): Promise<void> {
    // Colours that are on their way have no contrast to speak of.
    context = await browser.newContext({ viewport, reducedMotion: 'reduce' });
    context.setDefaultTimeout(PAGE_TIMEOUT_MS);
    received = [];
    complaints = [];
    context.on('response', (response) => {
      const type = response.headers()['content-type'] ?? '';
      if (response.url().startsWith(app.url) && !type.startsWith('text/event-stream'))
        received.push(response.text().catch(() => ''));
    });
    context.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    context.on('weberror', (error) => complaints.push(error.error().message));
    page = await context.newPage();
  }

  afterEach(async () => {
    await endSession();
    await context?.close();
    await until('no event stream is left open', () => app.streams.size === 0);
  });

  const START = /^Connect (your|another) bank$/;
  const press = (name: string | RegExp, on = page) => on.getByRole('button', { name, exact: true }).click();
  const status = (text: string) => page.getByRole('status').getByText(text).waitFor();
  const cookieOf = async (of = context) =>
    (await of.cookies(app.url)).map(({ name, value }) => `${name}=${value}`).join('; ');

  async function signIn(name = 'Ada'): Promise<void> {
    await page.goto(app.url);
    await press(name);
    await page.getByRole('heading', { name: 'Connect your bank' }).waitFor();
  }

  /** Presses the button that starts, and gives the hosted page, which opens in another tab. */
  async function connect(name: string | RegExp = START): Promise<Page> {
    const [hosted] = await Promise.all([context.waitForEvent('page'), press(name)]);
    await hosted.waitForURL(`${harness.sandbox.url}/**`);
    return hosted;
  }

  async function finish(hosted: Page): Promise<void> {
    await hosted.getByRole('button', { name: 'Harbour & Hill Bank' }).click();
    await signInAtBank(hosted);
    await hosted.getByLabel('Everyday Checking').check();
    await press('Continue', hosted);
    await press('Finish', hosted);
    await hosted.getByRole('heading', { name: 'That’s all here' }).waitFor();
  }

  async function signInAtBank(hosted: Page): Promise<void> {
    await hosted.getByLabel('Username').fill('user_good');
    await hosted.getByLabel('Password').fill('pass_good');
    await press('Sign in', hosted);
  }

  async function request(path: string, init: RequestInit = {}, cookie?: string): Promise<Response> {
    return await fetch(app.url + path, { ...init, headers: { cookie: cookie ?? '', ...init.headers } });
  }

  async function post(path: string, body?: object, cookie?: string): Promise<Response> {
    const headers = { origin: app.url, ...(body && { 'content-type': 'application/json' }) };
    return await request(
      path,
      { method: 'POST', headers, ...(body && { body: JSON.stringify(body) }) },
      cookie,
    );
  }

  async function overview(cookie: string) {
    return (await (await request('/overview', {}, cookie)).json()) as {
      link: { number: number; isOver: boolean; url?: string } | null;
      banks: { itemId: string }[];
    };
  }

  /** So that each test begins without a session under way, and with no bank that is connected already. */
  async function endSession(): Promise<void> {
    for (const userId of ['user-1', 'user-2']) {
      const signedIn = await post('/sign-in', { userId });
      const cookie = signedIn.headers.getSetCookie()[0]!.split(';')[0]!;
      const { link } = await overview(cookie);
      if (!link || link.isOver) continue;
      await post(`/bank-links/${link.number}/cancel`, undefined, cookie);
      await until('the session is over', async () => (await overview(cookie)).link!.isOver);
    }
    for (const { itemId } of await harness.vault.items.list({ live: true }))
      await harness.client.removeItem(itemId);
  }

  /** What a person of whatever needs would stumble over, and whether the page is wider than the window. */
  async function expectUsable(): Promise<void> {
    await page.evaluate(AXE);
    const { violations } = await page.evaluate(
      (options: RunOptions): Promise<AxeResults> =>
        (globalThis as unknown as { axe: { run(options: RunOptions): Promise<AxeResults> } }).axe.run(
          options,
        ),
      { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'] },
    );
    expect(violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)])).toEqual([]);
    const widths = await page.evaluate('[document.documentElement.scrollWidth, innerWidth]');
    const [content, window] = widths as [number, number];
    expect(content).toBeLessThanOrEqual(window);
  }

  describe.each([
    ['on a desktop', DESKTOP],
    ['on a phone', PHONE],
  ])('%s', (_where, viewport) => {
    it(
      'takes a person from the button to the connected bank and its accounts, live, and tells the browser no secret',
      async () => {
        await openBrowser(viewport);
        await page.goto(app.url);
        await page.getByRole('heading', { name: 'Who are you?' }).waitFor();
        await expectUsable();
        await signIn();
        await page.evaluate('globalThis.notReloaded = true');
        const hosted = await connect();
        await status('Finish in the page that you opened');
        const qrCode = page.getByAltText('QR code of the same page, for your phone');
        await until('the QR code is there', async () =>
          qrCode.evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth > 0),
        );
        await expectUsable();

        await finish(hosted);
        await status('Your bank is connected. You linked Harbour & Hill Bank.');
        await page.getByRole('button', { name: 'Show accounts at Harbour & Hill Bank' }).last().click();
        await page.getByText('Everyday Checking ··4821').waitFor();
        expect(await page.getByText('$2,140.55').count()).toBe(1);
        expect(await page.evaluate('notReloaded')).toBe(true);
        await expectUsable();
        await page.emulateMedia({ colorScheme: 'dark' });
        await expectUsable();

        const [read] = await harness.vault.audit.list({ limit: 1 });
        expect(read).toMatchObject({ actor: 'example-app', purpose: 'show the accounts to their owner' });
        expect(complaints.filter((text) => !text.includes('401'))).toEqual([]);
        await expectNoSecret();
      },
      3 * MINUTE_MS,
    );
  });

  /** Searches what the browser has got and what the service has logged, the latter also for what opens the hosted page. */
  async function expectNoSecret(): Promise<void> {
    const { secrets } = harness.sandbox.ledger().toJSON();
    const { accessTokens, publicTokens, linkTokens, plaidSecrets, sessionIds, hostedUrls } = secrets;
    const never = { accessTokens, publicTokens, linkTokens, plaidSecrets };
    expect(accessTokens.length * publicTokens.length * sessionIds.length).toBeGreaterThan(0);
    const leaksIn = async (kinds: Record<string, string[]>, name: string, text: string) =>
      (
        await scanForLeaks({
          secrets: Object.entries(kinds).flatMap(([kind, values]) =>
            values.map((value) => ({ kind, value })),
          ),
          sources: [{ name, bytes: Buffer.from(text) }],
        })
      ).leaks;
    const cookie = await cookieOf();
    const { link } = await overview(cookie);
    const events = await (await request(`/bank-links/${link!.number}/events`, {}, cookie)).text();
    const browserHas = [...(await Promise.all(received)), events, await page.content()].join('\n');
    expect(browserHas).toContain('Harbour & Hill Bank');
    expect(await leaksIn(never, 'browser', browserHas)).toEqual([]);
    const log = app.log.join('');
    expect(log).toContain('/bank-links/');
    expect(await leaksIn({ ...never, sessionIds, hostedUrls, cookies: [cookie] }, 'log', log)).toEqual([]);
  }

  it(
    'cancels',
    async () => {
      await openBrowser(DESKTOP);
      await signIn();
      await connect();
      await press('Cancel');
      await status('This link was cancelled.');
      expect(await page.getByRole('button', { name: 'Cancel' }).isVisible()).toBe(false);
      await page.getByRole('button', { name: START }).waitFor();
    },
    MINUTE_MS,
  );

  it(
    'tells who left what to do, and goes on with the same link',
    async () => {
      await openBrowser(PHONE);
      await signIn('Grace');
      const hosted = await connect();
      await press('Leave without connecting', hosted);
      await status('You left before you were done.');
      const [again] = await Promise.all([
        context.waitForEvent('page'),
        page.getByRole('link', { name: /^Open your bank’s page/ }).click(),
      ]);
      await again.getByRole('heading', { name: 'Choose your bank' }).waitFor();
      await status('Finish in the page that you opened');
    },
    MINUTE_MS,
  );

  it(
    'tells that a link has expired, and starts another one',
    async () => {
      await openBrowser(DESKTOP);
      await signIn('Grace');
      const hosted = await connect();
      const sessionId = new URL(hosted.url()).pathname.split('/').pop()!;
      await press('Leave without connecting', hosted);
      await status('You left before you were done.');
      // A link is called expired some minutes later, since Plaid's clock may differ.
      sandboxIsBehindMs = 5 * MINUTE_MS;
      harness.sandbox.session(sessionId).expire();
      sandboxIsBehindMs = 0;
      await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
      await status('Your link has expired.');
      const another = await connect();
      expect(another.url()).not.toBe(hosted.url());
    },
    2 * MINUTE_MS,
  );

  it(
    'goes on after a reload with the session that is under way',
    async () => {
      await openBrowser(PHONE);
      await signIn('Grace');
      const hosted = await connect();
      await page.reload();
      const link = page.getByRole('link', { name: /^Open your bank’s page/ });
      expect(await link.getAttribute('href')).toBe(hosted.url());
      await finish(hosted);
      await status('Your bank is connected.');
      await page.reload();
      await status('Your bank is connected.');
      await page.getByRole('heading', { name: 'Harbour & Hill Bank' }).waitFor();
    },
    2 * MINUTE_MS,
  );

  it(
    'works by the keyboard alone',
    async () => {
      await openBrowser(DESKTOP);
      await page.goto(app.url);
      await page.getByRole('heading', { name: 'Who are you?' }).waitFor();
      const tabTo = async (name: RegExp) => {
        const isThere = async () => name.test(await page.evaluate<string>(FOCUSED_CONTROL));
        for (let stops = 0; !(await isThere()); stops++) {
          if (stops > 10) throw new Error(`no way by Tab to ${String(name)}`);
          await page.keyboard.press('Tab');
        }
      };
      await tabTo(/^Ada$/);
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Connect your bank' }).waitFor();
      await tabTo(/^Connect/);
      const [hosted] = await Promise.all([context.waitForEvent('page'), page.keyboard.press('Enter')]);
      await hosted.waitForURL(`${harness.sandbox.url}/**`);
      await until('the link has the focus', async () =>
        (await page.evaluate<string>(FOCUSED_CONTROL)).startsWith('Open your bank’s page'),
      );
      await tabTo(/^Cancel$/);
      await page.keyboard.press('Enter');
      await status('This link was cancelled.');
      // The button that had the focus is gone.
      expect(await page.evaluate('document.activeElement.id')).toBe('connect-title');
    },
    MINUTE_MS,
  );

  it(
    'lets a person renew a connection that the bank has ended',
    async () => {
      await openBrowser(PHONE);
      await signIn();
      await finish(await connect());
      await status('Your bank is connected.');
      const { banks } = await overview(await cookieOf());
      const { itemId } = banks.at(-1)!;
      harness.sandbox.item(itemId).requireLogin();
      await page.getByRole('button', { name: 'Show accounts at Harbour & Hill Bank' }).last().click();
      await page.getByText('Your bank wants you to sign in again.').waitFor();
      await expectUsable();
      const hosted = await connect('Renew the connection to Harbour & Hill Bank');
      await signInAtBank(hosted);
      await press('Finish', hosted);
      await status('The connection to your bank works again.');
      expect(harness.sandbox.item(itemId).errorCode).toBeUndefined();
    },
    2 * MINUTE_MS,
  );

  it(
    'makes one session of a button that is pressed twice',
    async () => {
      await openBrowser(DESKTOP);
      await signIn();
      const cookie = await cookieOf();
      const before = harness.sandbox.ledger().toJSON().sessions.length;
      const views = await Promise.all(
        [1, 2, 3].map(async () => (await (await post('/bank-links', {}, cookie)).json()) as object),
      );
      expect(views[0]).toMatchObject({ nextStep: 'OPEN_LINK', url: expect.any(String) });
      expect(views).toEqual(views.map(() => views[0]));
      expect(harness.sandbox.ledger().toJSON().sessions.length).toBe(before + 1);
    },
    MINUTE_MS,
  );

  it(
    'gives nothing of one person to another, and nothing to who is not signed in',
    async () => {
      await openBrowser(DESKTOP);
      await signIn('Ada');
      await finish(await connect());
      await status('Your bank is connected.');
      await connect();
      const ada = await cookieOf();
      const { link, banks } = await overview(ada);
      expect(link!.url).toBeDefined();
      await signInAnew('Grace');
      const grace = await cookieOf();
      // Grace's own links have smaller numbers: Ada's is one that she does not have.
      expect((await overview(grace)).link?.number ?? 0).toBeLessThan(link!.number);

      const of = `/bank-links/${link!.number}`;
      const gets = ['/events', '/qr-code.svg'].map((part) => of + part);
      gets.push(`/banks/${banks[0]!.itemId}/accounts`);
      const posts = ['/hint', '/cancel'].map((part) => of + part);
      const answers = async (cookie?: string) => [
        ...(await Promise.all(gets.map(async (path) => (await request(path, {}, cookie)).status))),
        ...(await Promise.all(posts.map(async (path) => (await post(path, undefined, cookie)).status))),
        (await post('/bank-links', { mendsItemId: banks[0]!.itemId }, cookie)).status,
      ];
      expect(new Set(await answers(grace))).toEqual(new Set([404]));
      expect(new Set(await answers())).toEqual(new Set([401]));
      const forged = ada.replace(/user-1/, 'user-2');
      expect(forged).not.toBe(ada);
      expect(new Set(await answers(forged))).toEqual(new Set([401]));
      // Ada's goes on.
      expect((await overview(ada)).link).toMatchObject({ number: link!.number, isOver: false });
    },
    MINUTE_MS,
  );

  async function signInAnew(name: string): Promise<void> {
    await press('Sign out');
    await press(name);
    await page.locator('#user-name').getByText(name).waitFor();
  }

  it(
    'takes no request from another page, and none under another name',
    async () => {
      await openBrowser(DESKTOP);
      await signIn();
      const cookie = await cookieOf();
      for (const origin of ['http://evil.example', 'null', undefined]) {
        const headers: Record<string, string> = { 'content-type': 'application/json' };
        if (origin !== undefined) headers['origin'] = origin;
        const refused = await request('/bank-links', { method: 'POST', headers, body: '{}' }, cookie);
        expect([origin, refused.status]).toEqual([origin, 403]);
      }
      const { hostname, port } = new URL(app.url);
      expect(hostname).toBe('127.0.0.1');
      expect((await fetch(`http://localhost:${port}/`)).status).toBe(421);
      const [session] = await context.cookies(app.url);
      expect(session).toMatchObject({ httpOnly: true, sameSite: 'Lax' });
      const { headers } = await request('/');
      expect(headers.get('content-security-policy')).toContain("default-src 'none';script-src 'self'");
      expect(headers.get('x-content-type-options')).toBe('nosniff');
    },
    MINUTE_MS,
  );

  it(
    'tells a browser that comes back only what it does not know, and ends its streams when it stops',
    async () => {
      await openBrowser(DESKTOP);
      await signIn();
      await connect();
      await status('Finish in the page that you opened');
      const cookie = await cookieOf();
      await page.close();
      await until('the stream of the page is closed', () => app.streams.size === 0);

      const { link } = await overview(cookie);
      const path = `/bank-links/${link!.number}/events`;
      const first = await openStream(path, cookie);
      await until('the first event has come', () => first.text().includes('\n\n', 'retry: 2000\n\n'.length));
      expect(first.text()).toMatch(/^retry: 2000\n\nid: \S{16}\nevent: link\ndata: \{.*\}\n\n$/);
      const [, id] = /id: (\S+)/.exec(first.text())!;
      const second = await openStream(path, cookie, id);
      await post(`/bank-links/${link!.number}/cancel`, undefined, cookie);
      await Promise.all([first.ended, second.ended]);
      // It begins with the change, not with what it knew.
      expect(second.text()).toMatch(/^retry: 2000\n\nid: \S{16}\nevent: link\ndata: /);
      expect(second.text()).not.toContain(id);
      const [last] = [...second.text().matchAll(/id: (\S+)/g)].slice(-1);
      const known = await request(path, { headers: { 'last-event-id': last![1]! } }, cookie);
      expect(known.status).toBe(204);

      const other = await startExampleApp(harness, app);
      await post('/bank-links', {}, cookie);
      const { link: next } = await overview(cookie);
      const stream = await openStream(`${other.url}/bank-links/${next!.number}/events`, cookie);
      await until('its first event has come', () => stream.text().includes('data: '));
      await other.close();
      await stream.ended;
      expect(other.streams.size).toBe(0);
    },
    2 * MINUTE_MS,
  );

  /** Reads an event stream as it comes. */
  async function openStream(path: string, cookie: string, lastEventId?: string) {
    const response = await fetch(new URL(path, app.url), {
      headers: { cookie, ...(lastEventId !== undefined && { 'last-event-id': lastEventId }) },
    });
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    let text = '';
    const ended = (async () => {
      const decoder = new TextDecoder();
      for await (const chunk of response.body!) text += decoder.decode(chunk as Uint8Array, { stream: true });
    })();
    return { text: () => text, ended };
  }

  it(
    "shows words, and logs no secret, when Plaid refuses or does not answer, and when the session's create fails",
    async () => {
      await openBrowser(DESKTOP);
      await signIn('Grace');
      harness.sandbox.fault('/link/token/create', {
        kind: 'plaid_error',
        status: 400,
        errorType: 'INVALID_REQUEST',
        errorCode: 'INVALID_FIELD',
      });
      await press(START);
      await status('Something went wrong. Please contact us.');
      await until('the tab of the bank is closed', () => context.pages().length === 1);

      await finish(await connect());
      await status('Your bank is connected.');
      harness.sandbox.fault('/accounts/get', { kind: 'reset_before_work' });
      await page.getByRole('button', { name: 'Show accounts at Harbour & Hill Bank' }).last().click();
      await page.getByRole('alert').getByText('Your bank cannot be asked at the moment.').waitFor();
      expect(app.log.join('')).toContain('Plaid: no answer');
      await expectUsable();
      await expectNoSecret();
    },
    2 * MINUTE_MS,
  );
});
