import type { HostedLinkClient } from 'hosted-link/client';

/** Waits until a session and its token exchange have ended, and gives the ids of the items that it linked. */
export async function linkedItems(hostedLink: HostedLinkClient, key: string): Promise<string[]> {
  const { results } = await hostedLink.waitForFinalStatus(key);
  return results.flatMap(({ state, itemId }) => (state === 'LINKED' && itemId ? [itemId] : []));
}
