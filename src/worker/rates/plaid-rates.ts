import { asyncLocalStorage as activityContext } from '@temporalio/activity';
import type { ConnectionLike } from '@temporalio/client';
import type { Logger } from '../../telemetry/logger';
import { isRateLimit } from '../../plaid/error-classes';
import type { PlaidError } from '../../plaid/errors';
import { TASK_QUEUES } from '../../domain/ids';
import { RATE_TIMES } from './adaptive-rate';
import type { ControllerTiming } from './rate-controller';
import { RateController } from './rate-controller';
import { readLimit } from './task-queue-limit';

const TIMES: ControllerTiming = { ...RATE_TIMES, pollEveryMs: 15_000 };

/**
 * The most that the task queues which call Plaid may do, in tasks a second, over all workers. Plaid publishes no limit for its
 * link endpoints.
 */
export interface PlaidRateSettings {
  /** Background polls. */
  plaid: number;
  /** Creates, hinted polls and exchanges. */
  plaidUrgent: number;
}

/**
 * How many calls a second may go to Plaid from somewhere that is no worker: as many as background gets may just now.
 * @param setting `Settings.plaidRate`
 * @throws Error of the server's
 */
export async function plaidRateNow(
  connection: ConnectionLike,
  namespace: string,
  setting: number,
): Promise<number> {
  const { perSecond } = await readLimit(connection, namespace, TASK_QUEUES.plaid);
  // An operator's 0 stops the queue, and not a command that an operator runs.
  return perSecond ? Math.min(perSecond, setting) : setting;
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
export function startPlaidRateController(
  server: { connection: ConnectionLike; namespace: string; identity: string },
  settings: PlaidRateSettings,
  logger: Logger,
  times: ControllerTiming = TIMES,
): PlaidRates {
  const startController = (queue: keyof PlaidRateSettings) =>
    new RateController({ ...server, taskQueue: TASK_QUEUES[queue], setting: settings[queue] }, times, logger);
  const background = startController('plaid');
  const urgent = startController('plaidUrgent');
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
