import { setTimeout as delay } from 'node:timers/promises';
import type { HostedLinkClient, StatusReport } from '../../src/client';

const LOOK_EVERY_MS = 250;

/** Tells how a session stands, again and again until the abort. A look that fails is followed by another. */
export async function follow(
  client: HostedLinkClient,
  key: string,
  tell: (report: StatusReport) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const report = await client.status(key).catch(() => undefined);
    if (report && !signal.aborted) tell(report);
    await delay(LOOK_EVERY_MS);
  }
}
