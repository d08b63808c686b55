import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { sessionWorkflowId } from '../src/session';
import { launchChromium } from '../test/support/chromium';
import { makeDataDir } from './demo/data-dir';
import { openStage, type Closers, type Stage } from './demo/stage';
import { until } from './demo/until';

/** A watch that goes on for a while is seen to. */
const ATTEMPTS = 5;
const ATTEMPTS_TIMEOUT_MS = 60_000;

const SIZE = { width: 1280, height: 960 };

/**
 * Takes the pictures of Temporal Web UI in docs/images: a completed and a waiting session, whose payloads the page decodes
 * by the codec server. Run it by `npx tsx dev/pictures.ts` after `npm run build`; it needs Chromium.
 */
async function main(): Promise<void> {
  const folder = join(__dirname, '../docs/images');
  await mkdir(folder, { recursive: true });
  const closers: Closers = [];
  try {
    const dataDir = await makeDataDir(undefined);
    closers.push(() => dataDir.remove());
    const stage = await openStage(dataDir.path, closers, console.log);
    const browser = await launchChromium();
    closers.push(() => browser.close());
    const page = await browser.newPage({ viewport: SIZE });

    const waiting = await start(stage, 'waiting');
    stage.sandbox.session(waiting).open();
    const completed = await start(stage, 'completed');
    stage.sandbox.session(completed).complete();
    await stage.client.checkNow(stage.keyOf('completed'));
    await stage.client.result(stage.keyOf('completed'));
    await take(page, stage, 'completed', join(folder, 'web-ui-completed.png'));
    const { signal } = new AbortController();
    await until(`attempt ${ATTEMPTS} of the watch`, () => hasAsked(stage, 'waiting'), {
      timeoutMs: ATTEMPTS_TIMEOUT_MS,
      signal,
    });
    await take(page, stage, 'waiting', join(folder, 'web-ui-waiting.png'));
  } finally {
    for (const close of closers.reverse()) await close();
  }
  process.exit();
}

async function start({ client, sandbox, keyOf }: Stage, name: string): Promise<string> {
  const linkToken = sandbox.issueLinkToken();
  await client.start({ key: keyOf(name), linkToken });
  return linkToken;
}

async function hasAsked({ client, keyOf }: Stage, name: string): Promise<boolean> {
  const { watch } = await client.status(keyOf(name));
  return (watch?.attempt ?? 0) >= ATTEMPTS;
}

async function take(page: Page, { server, keyOf }: Stage, name: string, path: string): Promise<void> {
  const workflow = encodeURIComponent(sessionWorkflowId(keyOf(name)));
  await page.goto(`${server.uiAddress}/namespaces/default/workflows/${workflow}`);
  // Only the codec server can make the input readable.
  await page.getByText('"link_delivery"').first().waitFor();
  await page.getByText('watchSession').first().waitFor();
  await page.screenshot({ path });
}

void main();
