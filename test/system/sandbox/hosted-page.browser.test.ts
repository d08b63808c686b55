import type { AddressInfo } from 'node:net';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { once } from 'node:events';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { describeInChromium, launchChromium } from '../../../testing/chromium';
import type { Bench } from '../../../testing/plaid-calls';
import { LINK_TOKEN_REQUEST, startBench } from '../../../testing/plaid-calls';

describeInChromium()('the hosted page in Chromium', () => {
  let bench: Bench;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    [bench, browser] = await Promise.all([startBench(), launchChromium()]);
  });
  afterAll(async () => {
    await browser.close();
    await bench.close();
  });
  beforeEach(async () => {
    context = await browser.newContext();
    page = await context.newPage();
    page.setDefaultTimeout(20_000);
    complaints = [];
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('dialog', (dialog) => {
      complaints.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
  });
  afterEach(async () => {
    await context.close();
    // Whatever the page broke, the Content-Security-Policy above all, Chromium says in its console.
    expect(complaints).toEqual([]);
  });

  const status = (sessionId: string): string => bench.sandbox.session(sessionId).status;
  const open = async (sessionId: string): Promise<void> => {
    await page.goto(`${bench.sandbox.url}/hl/${sessionId}`);
  };
  const reaches = async (heading: string): Promise<void> => {
    await page.getByRole('heading', { level: 1, name: heading, exact: true }).waitFor();
    await page.waitForLoadState('load');
  };
  const press = (name: string): Promise<void> => page.getByRole('button', { name }).click();
  async function signIn(password = 'pass_good'): Promise<void> {
    await page.getByLabel('Username').fill('user_good');
    await page.getByLabel('Password').fill(password);
    await press('Sign in');
  }
  async function hosted(request: object): Promise<string> {
    const { json } = await bench.post('/link/token/create', {
      ...LINK_TOKEN_REQUEST,
      hosted_link: {},
      ...request,
    });
    return json.link_token.slice('link-sandbox-'.length);
  }

  test('a person picks a bank, signs in, picks accounts and finishes', async () => {
    const sessionId = await bench.deliver();
    await open(sessionId);
    await reaches('Choose your bank');
    expect(status(sessionId)).toBe('OPENED');
    await press('Meadowlark Credit Union');
    await signIn();
    await page.getByLabel('Share Savings').check();
    await press('Continue');
    await reaches('Review and finish');
    expect(await page.getByRole('listitem').allInnerTexts()).toEqual([
      expect.stringContaining('Share Savings'),
    ]);
    await press('Finish');
    await reaches('All done');
    expect(status(sessionId)).toBe('COMPLETED');
    const { json } = await bench.post('/link_delivery/get', { link_delivery_session_id: sessionId });
    const item = await bench.post('/item/get', { access_token: json.access_tokens[0] });
    expect(item.json.item.institution_name).toBe('Meadowlark Credit Union');
    await page.reload();
    await reaches('All done');
  });

  test('a wrong password says so, and may be tried again', async () => {
    const sessionId = await bench.deliver();
    await open(sessionId);
    await press('Tallgrass Mutual');
    await signIn('a wrong one');
    expect(await page.getByRole('alert').innerText()).toContain('do not match');
    expect(await page.title()).toMatch(/^Error: /);
    const password = page.getByLabel('Password');
    expect(await password.inputValue()).toBe('');
    expect(await password.getAttribute('aria-describedby')).toBe('problem');
    await signIn();
    await reaches('Choose accounts');
    expect(await page.getByRole('alert').count()).toBe(0);
  });

  test('no account chosen says so', async () => {
    const sessionId = await bench.deliver();
    await open(sessionId);
    await press('Tallgrass Mutual');
    await signIn();
    await press('Continue');
    expect(await page.getByRole('alert').innerText()).toContain('at least one account');
    await page.getByLabel('Blue Card').check();
    await press('Continue');
    await reaches('Review and finish');
  });

  test('a person leaves, comes back and finishes', async () => {
    const sessionId = await bench.deliver();
    await open(sessionId);
    await press('Copper Street Savings');
    await press('Leave without connecting');
    await reaches('You left before finishing');
    expect(status(sessionId)).toBe('EXITED');
    await page.getByRole('link', { name: 'Start again' }).click();
    await reaches('Choose your bank');
    expect(status(sessionId)).toBe('OPENED');
    await press('Copper Street Savings');
    await signIn();
    await page.getByLabel('Passbook Savings').check();
    await press('Continue');
    await press('Finish');
    await reaches('All done');
    expect(status(sessionId)).toBe('COMPLETED');
  });

  test('a person takes another bank instead', async () => {
    const sessionId = await bench.deliver();
    await open(sessionId);
    await press('Copper Street Savings');
    await press('Choose another bank');
    await press('Tallgrass Mutual');
    await reaches('Sign in to Tallgrass Mutual');
  });

  test('two banks are connected in one session that allows it', async () => {
    const sessionId = await bench.deliver(bench.sandbox.issueLinkToken({ items: 2 }));
    await open(sessionId);
    for (const [bank, account] of [
      ['Copper Street Savings', '90-Day Notice'],
      ['Tallgrass Mutual', 'Joint Account'],
    ] as const) {
      await press(bank);
      await signIn();
      await page.getByLabel(account).check();
      await press('Continue');
      if (bank === 'Copper Street Savings') await press('Add another bank');
    }
    await reaches('Review and finish');
    expect(await page.getByRole('heading', { level: 2 }).allInnerTexts()).toEqual([
      'Copper Street Savings',
      'Tallgrass Mutual',
    ]);
    await press('Finish');
    await reaches('All done');
    expect(bench.sandbox.ledger().toJSON().sessions.at(-1)!.itemIds).toHaveLength(2);
  });

  test('the keyboard alone is enough, and shows where it is', async () => {
    const sessionId = await bench.deliver();
    await open(sessionId);
    const key = (name: string): Promise<void> => page.keyboard.press(name);
    const focused = page.locator(':focus');
    await key('Tab');
    expect(await focused.innerText()).toContain('Harbour & Hill Bank');
    const outline = await page.evaluate('getComputedStyle(document.activeElement).outlineStyle');
    expect(outline).toBe('solid');
    await key('Enter');
    await page.waitForSelector('#username:focus');
    await page.keyboard.type('user_good');
    await key('Tab');
    await page.keyboard.type('pass_good');
    await key('Enter');
    await page.waitForSelector('input[type=checkbox]');
    await key('Tab');
    await key('Space');
    await key('Tab');
    await key('Tab');
    expect(await focused.innerText()).toBe('Continue');
    await key('Enter');
    await page.waitForSelector('.summary');
    await key('Tab');
    expect(await focused.innerText()).toBe('Finish');
    await key('Enter');
    await page.waitForSelector('text=All done');
    expect(status(sessionId)).toBe('COMPLETED');
  });

  test('the page works where scripts are switched off', async () => {
    const withoutScripts = await browser.newContext({ javaScriptEnabled: false });
    page = await withoutScripts.newPage();
    const sessionId = await bench.deliver();
    await open(sessionId);
    await press('Harbour & Hill Bank');
    await signIn();
    await page.getByLabel('Everyday Checking').check();
    await press('Continue');
    await press('Finish');
    await reaches('All done');
    await withoutScripts.close();
  });

  test('a hostile application name is text', async () => {
    const name = '<img src=x onerror=alert(1)>';
    await open(await hosted({ client_name: name }));
    expect(await page.locator('.lead strong').innerText()).toBe(name);
    expect(await page.locator('img').count()).toBe(0);
  });

  test('nothing on the page is wider than a phone', async () => {
    await page.setViewportSize({ width: 320, height: 640 });
    const sessionId = await hosted({ client_name: 'W'.repeat(30) });
    const fits = async (heading: string): Promise<void> => {
      await reaches(heading);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(320);
    };
    await open(sessionId);
    await fits('Choose your bank');
    await press('Meadowlark Credit Union');
    await fits('Sign in to Meadowlark Credit Union');
    await signIn();
    await fits('Choose accounts');
    await page.getByLabel('Car Loan').check();
    await press('Continue');
    await fits('Review and finish');
  });

  describe('with an application to go back to', () => {
    let application: Server;
    let origin: string;
    let referrers: (string | undefined)[];
    beforeAll(async () => {
      application = createServer((request, response) => {
        referrers.push(request.headers.referer);
        response.setHeader('content-type', 'text/html');
        response.end('<!doctype html><link rel="icon" href="data:,"><h1>Welcome back</h1>');
      }).listen(0, '127.0.0.1');
      await once(application, 'listening');
      origin = `http://127.0.0.1:${(application.address() as AddressInfo).port}`;
    });
    beforeEach(() => {
      referrers = [];
    });
    afterAll(() => {
      application.closeAllConnections();
      application.close();
    });
    const redirecting = (): Promise<string> =>
      hosted({ hosted_link: { completion_redirect_uri: `${origin}/done?from=bank` } });

    test('the person goes there after finishing', async () => {
      const sessionId = await redirecting();
      await open(sessionId);
      await press('Tallgrass Mutual');
      await signIn();
      await page.getByLabel('Blue Card').check();
      await press('Continue');
      await press('Finish');
      await page.waitForURL(`${origin}/done?from=bank`);
      await reaches('Welcome back');
      expect(status(sessionId)).toBe('COMPLETED');
    });

    test('the person goes there after leaving, and the address of the page stays behind', async () => {
      const sessionId = await redirecting();
      await open(sessionId);
      await press('Leave without connecting');
      await page.waitForURL(`${origin}/done?from=bank`);
      expect(status(sessionId)).toBe('EXITED');
      expect(referrers.filter(Boolean)).toEqual([]);
    });
  });

  test('a form that another site sends is refused', async () => {
    const sessionId = await bench.deliver();
    await open(sessionId);
    const attacker = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html');
      response.end(
        `<!doctype html><link rel="icon" href="data:,"><form method="post" action="${bench.sandbox.url}/hl/${sessionId}/leave"><button>Win</button></form>`,
      );
    }).listen(0, '127.0.0.1');
    await once(attacker, 'listening');
    await page.goto(`http://127.0.0.1:${(attacker.address() as AddressInfo).port}`);
    const answer = page.waitForResponse((response) => response.request().method() === 'POST');
    await press('Win');
    expect((await answer).status()).toBe(403);
    await reaches('This request was refused');
    expect(status(sessionId)).toBe('OPENED');
    attacker.closeAllConnections();
    attacker.close();
    // Chromium reports the refusal itself.
    expect(complaints.splice(0)).toEqual([expect.stringContaining('403')]);
  });
});
