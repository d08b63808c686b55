/*
 * `npm run pictures`: takes the pictures of Temporal Web UI and of examples/app in docs/images, of sessions played on a real
 * Temporal server. It needs Chromium. Takes about a minute.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import type { Browser, Page } from 'playwright-core';
import { startCodecServer } from '../src/ops/codec-server/codec-server';
import type { Fault } from '../src/sandbox';
import { generateKeyRingText, parseKeyRing } from '../src/secrets/key-ring';
import { launchChromium } from '../testing/chromium';
import { startHarnessWithServer, type Harness } from '../testing/harness';
import { until } from '../testing/until';
import { takeExamplePictures } from './example-pictures';
import { WebUi } from './web-ui';

const FOLDER = join(__dirname, '../docs/images');

/** In CSS pixels, which are the picture's. */
const SIZE = { width: 1280, height: 800 };

/** A watch that goes on for a while is seen to. */
const ATTEMPTS = 4;
const ATTEMPTS_TIMEOUT_MS = 60_000;

/** What makes a session that waits fail. */
const REFUSED: Fault = {
  kind: 'plaid_error',
  status: 400,
  errorType: 'INVALID_REQUEST',
  errorCode: 'INVALID_FIELD',
};

/** The sessions in the pictures, by their keys. */
const KEYS = {
  waiting: 'order-1007',
  exited: 'order-1006',
  failed: 'order-1005',
  completed: 'order-1004',
};

const say = (line: string) => void process.stdout.write(`${line}\n`);

async function main(): Promise<void> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  await mkdir(FOLDER, { recursive: true });
  const codecRing = parseKeyRing(generateKeyRingText('codec'), 'key of the pictures');
  const harness = await startHarnessWithServer({ ui: true, log: say }, { codecRing });
  const { server } = harness;
  const codecServer = await startCodecServer({
    ring: codecRing,
    origins: [server.uiAddress!],
    address: { host: '127.0.0.1', port: 0 },
    audit: () => undefined,
  });
  const browser = await launchChromium();
  try {
    await play(harness);
    await takeWebUi(browser, server.uiAddress!, codecServer.url);
    await takeExamplePictures(browser, harness, save);
  } finally {
    await browser.close();
    await codecServer.close();
    await harness.close();
  }
}

/** Brings each session to where its picture is taken. */
async function play({ client, sandbox }: Harness): Promise<void> {
  const start = async (key: string) => {
    const linkToken = sandbox.issueLinkToken();
    const delivery = { method: 'SMS', address: '+14155550123' } as const;
    await client.start({ key, linkToken, delivery, userId: key.replace('order', 'user') });
    return sandbox.session(linkToken);
  };
  const knows = (key: string, status: string) =>
    until(`${key} is ${status}`, async () => (await client.status(key)).plaidStatus === status);

  const completed = await start(KEYS.completed);
  completed.open();
  completed.complete();
  await client.checkNow(KEYS.completed);
  await client.waitForFinalStatus(KEYS.completed);

  await start(KEYS.failed);
  // For the watch: a get after a hint would leave the refusal to the next one.
  sandbox.fault('/link_delivery/get', REFUSED);
  await client.waitForFinalStatus(KEYS.failed);

  const exited = await start(KEYS.exited);
  exited.open();
  await client.checkNow(KEYS.exited);
  await knows(KEYS.exited, 'OPENED');
  exited.exit();
  await client.checkNow(KEYS.exited);
  await knows(KEYS.exited, 'EXITED');

  (await start(KEYS.waiting)).open();
  await client.checkNow(KEYS.waiting);
  await knows(KEYS.waiting, 'OPENED');
  const hasAsked = async () => ((await client.status(KEYS.waiting)).watch?.attempt ?? 0) >= ATTEMPTS;
  await until(`attempt ${ATTEMPTS} of the watch`, hasAsked, ATTEMPTS_TIMEOUT_MS);
}

async function save(page: Page, name: string, { fullPage = false } = {}): Promise<void> {
  await page.screenshot({ path: join(FOLDER, `${name}.png`), fullPage });
  say(`${name}.png`);
}

async function takeWebUi(browser: Browser, url: string, codecEndpoint: string): Promise<void> {
  const page = await browser.newPage({ viewport: SIZE });
  const ui = new WebUi(page, url);
  const take = (name: string) => save(page, `web-ui-${name}`);

  await ui.openSession(KEYS.completed);
  await page.getByText('"encryption-key-id"').first().waitFor();
  await take('ciphertext');
  await ui.configureCodec({ endpoint: codecEndpoint });

  // The history of a failed one shows a stack trace with paths of this machine.
  for (const name of ['waiting', 'exited', 'completed'] as const) {
    await ui.openSession(KEYS[name]);
    await page.getByText('"requestDigest"').first().waitFor();
    await page.getByText('watchSession •').first().waitFor();
    await take(name);
  }
  for (const [name, key] of [
    ['waiting-details', KEYS.waiting],
    ['failed', KEYS.failed],
  ] as const) {
    await ui.openDetails(key);
    await page.locator('iframe').last().contentFrame().getByText(' since ').waitFor();
    await take(name);
  }
  await ui.openList('WorkflowType="hostedLinkSession"', 'Sessions');
  await page.getByRole('link', { name: `hosted-link/${KEYS.waiting}` }).waitFor();
  await take('list');
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});
