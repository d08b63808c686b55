import type { Browser } from 'playwright-core';
import { describeInChromium, launchChromium } from '../support/chromium';
import { onDevServer, startHarness, type Harness } from '../support/harness';
import { describeWithDevServer, devServer } from '../support/temporal';

const MINUTE_MS = 60_000;

describeWithDevServer('a person in a real browser', () => {
  describeInChromium()('and the whole deployment behind', () => {
    let harness: Harness;
    let browser: Browser;
    afterAll(async () => {
      await browser?.close();
      await harness?.close();
    }, MINUTE_MS);
    const server = devServer({ searchAttributes: { HostedLinkState: 'Keyword', HostedLinkApi: 'Keyword' } });
    beforeAll(async () => {
      harness = await startHarness(onDevServer(server), { now: Date.now });
      browser = await launchChromium();
    }, MINUTE_MS);

    it(
      'finishes a session on the hosted page, and the item is in the vault',
      async () => {
        const { client, sandbox, vault } = harness;
        const { key, url } = await client.start({ linkToken: sandbox.issueLinkToken() });
        const page = await browser.newPage();
        page.setDefaultTimeout(20_000);
        const press = (name: string) => page.getByRole('button', { name }).click();
        await page.goto(url!);
        await press('Harbour & Hill Bank');
        await page.getByLabel('Username').fill('user_good');
        await page.getByLabel('Password').fill('pass_good');
        await press('Sign in');
        await page.getByLabel('Everyday Checking').check();
        await press('Continue');
        await press('Finish');
        await page.getByRole('heading', { level: 1, name: 'All done' }).waitFor();

        expect(await client.result(key)).toMatchObject({ state: 'COMPLETED', items: [{ state: 'LINKED' }] });
        const [item] = await vault.items.list({ sessionKey: key });
        expect(item).toMatchObject({ institutionName: 'Harbour & Hill Bank', removedAt: undefined });
        const stored = await vault.withAccessToken(
          { itemId: item!.itemId, actor: 'test', purpose: 'compare' },
          (token) => Promise.resolve(token.reveal()),
        );
        const issued = sandbox
          .ledger()
          .toJSON()
          .items.find(({ itemId }) => itemId === item!.itemId);
        // Compared here, so that no message can show it.
        expect(stored === issued?.accessToken).toBe(true);
      },
      2 * MINUTE_MS,
    );
  });
});
