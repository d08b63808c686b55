import type { Server } from 'node:http';

/** How long a request may take to arrive, in milliseconds: as long as Plaid waits for an answer. */
export const REQUEST_TIMEOUT_MS = 10_000;

/**
 * What a server is made with beside its `requestTimeout` of {@link REQUEST_TIMEOUT_MS}, so that headers and bodies which trickle give
 * their connection free. Of its two limits Node takes the longer one for the whole request, and its default for the headers
 * is 60 s; by default it looks every 30 s only.
 */
export const TRICKLE_LIMITS = { headersTimeout: REQUEST_TIMEOUT_MS, connectionsCheckingInterval: 1_000 };

/**
 * How long requests under way are waited for when a server is closed, in milliseconds: those that have arrived are answered by
 * then, and the others are sent again.
 */
const CLOSE_GRACE_MS = 8_000;

/** Closes a server once the requests under way have been answered, and at the latest after {@link CLOSE_GRACE_MS}. */
export async function closeInTime(app: {
  server: Pick<Server, 'closeAllConnections'>;
  close(): Promise<unknown>;
}): Promise<void> {
  // Node stops looking for requests that take too long once its server is closing.
  const cut = setTimeout(() => app.server.closeAllConnections(), CLOSE_GRACE_MS);
  await app.close();
  clearTimeout(cut);
}
