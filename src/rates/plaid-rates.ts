import { asyncLocalStorage as activityContext } from '@temporalio/activity';
import type { ConnectionLike } from '@temporalio/client';
import type { Logger } from '../logger';
import { isRateLimit } from '../plaid/error-classes';
import type { PlaidError } from '../plaid/errors';
import { TASK_QUEUES } from '../session';
import { RATE_TIMES } from './adaptive-rate';
import type { KeeperTimes } from './rate-keeper';
import { RateKeeper } from './rate-keeper';

const TIMES: KeeperTimes = { ...RATE_TIMES, lookEveryMs: 15_000 };

/** The most that the task queues which call Plaid may do, in tasks a second, over all workers. */
export interface PlaidRateSettings {
  /** Background gets. */
  plaid: number;
  /** Creates, hinted gets and exchanges. */
  plaidUrgent: number;
}

export interface PlaidRates {
  /** To be told of each call to Plaid that failed, in the context of its activity. */
  callFailed(error: PlaidError): void;
  /** Stops looking after the rates; resolves when nothing is under way any more. */
  stop(): Promise<void>;
}

/**
 * Lets the rates of the queues follow what Plaid bears, from now on. A 429 lowers the rate of background gets, wherever it was
 * met: they give way first. Met by urgent work, it lowers the rate of that too.
 */
export function keepPlaidRates(
  server: { connection: ConnectionLike; namespace: string; identity: string },
  settings: PlaidRateSettings,
  logger: Logger,
  times: KeeperTimes = TIMES,
): PlaidRates {
  const keeper = (queue: keyof PlaidRateSettings) =>
    new RateKeeper({ ...server, taskQueue: TASK_QUEUES[queue], setting: settings[queue] }, times, logger);
  const background = keeper('plaid');
  const urgent = keeper('plaidUrgent');
  return {
    callFailed(error) {
      if (!isRateLimit(error)) return;
      background.rateLimited();
      if (activityContext.getStore()?.info.taskQueue === TASK_QUEUES.plaidUrgent) urgent.rateLimited();
    },
    async stop() {
      await Promise.all([background.stop(), urgent.stop()]);
    },
  };
}
