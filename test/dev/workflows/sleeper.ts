import { sleep } from '@temporalio/workflow';

/** Waits on one durable timer, and gives the time that passed for the workflow, in milliseconds. */
export async function sleeper(duration: '20 days'): Promise<number> {
  const start = Date.now();
  await sleep(duration);
  return Date.now() - start;
}
