import type { Logger } from '../telemetry/logger';
import type { RetentionStore } from '../vault';

/** How often a worker purges, in milliseconds: hourly, for a rule that counts days. */
const EVERY_MS = 3_600_000;

/** A retention loop that runs. */
export interface RetentionLoop {
  /** Stops after the purge that is running. */
  stop(): Promise<void>;
}

/**
 * Purges rows that ended more than `days` ago, once now and then hourly. Due rows are selected by query, so a missed run is caught
 * up by the next. Workers that purge at the same time share the work.
 */
export function startRetentionLoop(retention: RetentionStore, days: number, logger: Logger): RetentionLoop {
  let purging = purge();
  const timer = setInterval(() => {
    purging = purging.then(purge);
  }, EVERY_MS);
  timer.unref();

  async function purge(): Promise<void> {
    try {
      const { sessions, results, items } = await retention.purgeExpired(days);
      if (sessions + items > 0)
        logger.info({ sessions, results, items, days }, 'purged rows that are past their retention');
    } catch (error) {
      logger.warn({ err: error }, 'retention purge failed; retrying in 1 h');
    }
  }

  return {
    async stop() {
      clearInterval(timer);
      await purging;
    },
  };
}
