import { setTimeout as delay } from 'node:timers/promises';
import type { HostedLinkClient, StatusReport } from '../../src/client';

const POLL_EVERY_MS = 250;

/** Passes the status of a session to `show` every 250 ms until the signal. A poll that fails is skipped. */
export async function pollStatus(
  client: HostedLinkClient,
  key: string,
  show: (report: StatusReport) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const report = await client.status(key).catch(() => undefined);
    if (report && !signal.aborted) show(report);
    await delay(POLL_EVERY_MS);
  }
}
