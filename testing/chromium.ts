import { existsSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { chromium } from 'playwright-core';

const PLACES = [
  process.env.CHROMIUM_PATH,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** The path of a Chromium on this machine; undefined when there is none. `CHROMIUM_PATH` comes first. */
function findChromium(): string | undefined {
  return PLACES.find((place) => place !== undefined && existsSync(place));
}

/** Starts Chromium without a window. @throws Error when this machine has none */
export async function launchChromium(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error(NO_CHROMIUM);
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/**
 * `describe` where there is a Chromium, else `describe.skip` after a line that says so.
 * @throws Error where there is none under CI, so that no pipeline passes without these tests
 */
export function describeInChromium(): jest.Describe {
  if (findChromium() !== undefined) return describe;
  if (process.env.CI) throw new Error(NO_CHROMIUM);
  process.stderr.write(`Browser tests are skipped: ${NO_CHROMIUM}\n`);
  return describe.skip;
}

const NO_CHROMIUM = 'no Chromium was found; install one, or set CHROMIUM_PATH to its executable';
