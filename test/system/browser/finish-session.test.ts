import type { Browser, Page } from 'playwright-core';
import { onDevServer, startHarness, type Harness } from '../../../testing/harness';
import { describeInChromium, launchChromium } from '../../../testing/chromium';
import { devServer } from '../../../testing/temporal';
import { programPath } from '../../../testing/programs';

const MINUTE_MS = 60_000;

const describeWithBoth = programPath('temporal-cli') ? describeInChromium() : describe.skip;

describeWithBoth('a person with a link, in Chromium', () => {
  let harness: Harness;
  let browser: Browser;
  let page: Page;
  afterAll(async () => {
    await browser?.close();
    await harness?.close();
  }, MINUTE_MS);
  const server = devServer();

  beforeAll(async () => {
    [harness, browser] = await Promise.all([
      startHarness(onDevServer(server), { now: Date.now }),
      launchChromium(),
    ]);
    page = await browser.newPage();
    page.setDefaultTimeout(20_000);
  }, MINUTE_MS);

  const press = (name: string) => page.getByRole('button', { name }).click();

  async function signIn(password: string): Promise<void> {
    await page.getByLabel('Username').fill('user_good');
    await page.getByLabel('Password').fill(password);
    await press('Sign in');
  }

  it(
    'leaves, comes back, finishes, and the item of the bank that she chose is in the vault',
    async () => {
      const { key, url } = await harness.client.start({ linkToken: harness.sandbox.issueLinkToken() });
      await page.goto(url!);
      await press('Leave without connecting');
      await page.getByRole('link', { name: 'Start again' }).click();
      await press('Harbour & Hill Bank');
      await signIn('a wrong one');
      await signIn('pass_good');
      await page.getByLabel('Everyday Checking').check();
      await press('Continue');
      await press('Finish');
      await page.getByRole('heading', { name: 'All done' }).waitFor();
      await harness.client.checkNow(key);

      const report = await harness.client.waitForFinalStatus(key);
      expect(report).toMatchObject({
        state: 'COMPLETED',
        results: [{ state: 'LINKED', institutionName: 'Harbour & Hill Bank' }],
      });
      const [item, ...others] = await harness.vault.items.list({ sessionKey: key });
      expect(others).toEqual([]);
      expect(item).toMatchObject({
        itemId: report.results[0]!.itemId,
        institutionName: 'Harbour & Hill Bank',
      });
      const stored = await harness.vault.withAccessToken(
        { itemId: item!.itemId, actor: 'test', purpose: 'compare' },
        (token) => Promise.resolve(token.reveal()),
      );
      const issued = harness.sandbox
        .ledger()
        .toJSON()
        .items.find(({ itemId }) => itemId === item!.itemId);
      // Compared here, so that no message can show it.
      expect(stored === issued?.accessToken).toBe(true);
    },
    MINUTE_MS,
  );
});
