import { runSql } from '../../testing/postgres';

/** With many starts at once, a busy machine may keep one waiting for longer than a caller would. */
export const START_TIMEOUT_MS = 120_000;

/** One way to take sessions from a link token to a stored access token, with worker processes of its own. */
export interface SessionContender {
  name: string;
  /** Of its worker processes. */
  workerPids: readonly number[];
  /** Where it takes Plaid's webhooks. */
  webhookUrl: string;
  /** Starts a session, and gives its id here once its URL is there. */
  start(linkToken: string): Promise<string>;
  /** Says that the person may be back. */
  hint(id: string): Promise<void>;
  /** Resolves when all that a session leads to has ended. */
  ended(id: string): Promise<void>;
  /** Ends a session that waits at once: its polling would be a load on what is measured next. */
  terminate(id: string): Promise<void>;
  /** When each session's item was stored, in milliseconds since the epoch, by the session's id. */
  storedAtMs(): Promise<Map<string, number>>;
  /** When its access token came into the database, as {@link storedAtMs}. Undefined where that is with the item. */
  keptAtMs?(): Promise<Map<string, number>>;
}

/** The times that a query gives as `id` and `at`, in milliseconds since the epoch. */
export async function timesOf(databaseUrl: string, query: string): Promise<Map<string, number>> {
  const rows = await runSql<{ id: string; at: Date }>(databaseUrl, query);
  return new Map(rows.map(({ id, at }) => [id, at.getTime()]));
}
