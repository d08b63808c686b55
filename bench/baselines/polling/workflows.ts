import { continueAsNew, proxyActivities, sleep, workflowInfo } from '@temporalio/workflow';
import { nextPollDelayMs } from '../../../src/domain/schedule';
import type { Activities } from './activities';

/** After so many events a server suggests to continue as new. The time-skipping one never does. */
const SUGGESTED_EVENTS = 4_096;

/** When to get: at fixed intervals, or by the schedule of this project. */
export type PollingSchedule = { intervalMs: number } | { maxDelayMs: number };

const { create, get } = proxyActivities<Activities>({ startToCloseTimeout: '45s' });

/** The periodic polling of Temporal's samples: sleep, an activity, and continue-as-new when the history has grown. */
export async function periodicPolling(
  linkToken: string,
  schedule: PollingSchedule,
  created?: { sessionId: string; atMs: number },
): Promise<void> {
  const { sessionId, atMs } = created ?? { sessionId: await create(linkToken), atMs: Date.now() };
  for (;;) {
    await sleep(delayMs(schedule, Date.now() - atMs));
    if ((await get(sessionId)) === 'COMPLETED') return;
    const { continueAsNewSuggested, historyLength } = workflowInfo();
    if (continueAsNewSuggested || historyLength >= SUGGESTED_EVENTS)
      await continueAsNew<typeof periodicPolling>(linkToken, schedule, { sessionId, atMs });
  }
}

function delayMs(schedule: PollingSchedule, sinceChangeMs: number): number {
  if ('intervalMs' in schedule) return schedule.intervalMs;
  const { maxDelayMs } = schedule;
  return nextPollDelayMs({ sinceChangeMs, untilDeadlineMs: Infinity, maxDelayMs, jitter: Math.random() });
}

/** The infrequent polling of Temporal's samples: an activity that fails until it is done, and is tried again by the server. */
export async function infrequentPolling(linkToken: string, intervalMs: number): Promise<void> {
  const sessionId = await create(linkToken);
  const { untilCompleted } = proxyActivities<Activities>({
    startToCloseTimeout: '45s',
    retry: { initialInterval: intervalMs, backoffCoefficient: 1 },
  });
  await untilCompleted(sessionId);
}
