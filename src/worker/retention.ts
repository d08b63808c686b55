import type { Logger } from '../telemetry/logger';
import type { RetentionStore } from '../vault';

/** How often a worker looks for what is over, in milliseconds: hourly, for a rule that counts days. */
const EVERY_MS = 3_600_000;

/** Retention that a worker keeps. */
export interface RetentionLoop {
  /** Stops looking, after the look under way. */
  stop(): Promise<void>;
}

/**
 * Strips the vault, now and every hour, of what ended `days` ago. What is due stands in the database: a look that fails, or
 * that no worker is there for, is made up by the next one. Workers that look at once share the work.
 */
export function startRetentionLoop(retention: RetentionStore, days: number, logger: Logger): RetentionLoop {
  let looking = look();
  const timer = setInterval(() => {
    looking = looking.then(look);
  }, EVERY_MS);
  timer.unref();

  async function look(): Promise<void> {
    try {
      const { sessions, results, items } = await retention.purgeExpired(days);
      if (sessions + items > 0) logger.info({ sessions, results, items, days }, 'purged what is over');
    } catch (error) {
      logger.warn({ err: error }, 'what is over could not be purged; trying again in an hour');
    }
  }

  return {
    async stop() {
      clearInterval(timer);
      await looking;
    },
  };
}
