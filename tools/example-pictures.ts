import type { Browser, Page } from 'playwright-core';
import { type ExampleApp, startExampleApp } from '../testing/example-app';
import type { Harness } from '../testing/harness';

/** In CSS pixels, which are the pictures'. */
const DESKTOP = { width: 1000, height: 640 };
const PHONE = { width: 375, height: 640 };

/** Saves what a page shows. */
type Take = (page: Page, name: string, options?: { fullPage: boolean }) => Promise<void>;

/** Takes the pictures of examples/app, of a person who connects a bank by clicking. */
export async function takeExamplePictures(browser: Browser, harness: Harness, take: Take): Promise<void> {
  const app = await startExampleApp(harness);
  try {
    await connectBank(app, browser, take);
  } finally {
    await app.close();
  }
}

async function connectBank({ url }: ExampleApp, browser: Browser, take: Take): Promise<void> {
  const context = await browser.newContext({ viewport: DESKTOP, reducedMotion: 'reduce' });
  const page = await context.newPage();
  await page.goto(url);
  await page.getByRole('button', { name: 'Ada' }).click();
  const [hosted] = await Promise.all([
    context.waitForEvent('page'),
    page.getByRole('button', { name: 'Connect your bank' }).click(),
  ]);
  await page.getByText('Finish in the page that you opened').waitFor();
  await page.waitForFunction("document.getElementById('qr-code').naturalWidth > 0");
  await take(page, 'example-open');

  await hosted.getByRole('button', { name: 'Harbour & Hill Bank' }).click();
  await hosted.getByLabel('Username').fill('user_good');
  await hosted.getByLabel('Password').fill('pass_good');
  await hosted.getByRole('button', { name: 'Sign in' }).click();
  await hosted.getByLabel('Everyday Checking').check();
  await hosted.getByLabel('Rainy Day Savings').check();
  await hosted.getByRole('button', { name: 'Continue' }).click();
  await hosted.getByRole('button', { name: 'Finish' }).click();
  await page.setViewportSize(PHONE);
  await page.getByRole('button', { name: /^Show accounts/ }).click();
  await page.getByText('Rainy Day Savings').waitFor();
  await take(page, 'example-linked', { fullPage: true });
  await context.close();
}
