import { sleep } from '@temporalio/workflow';

/** Waits on one durable timer, and gives the time that passed for the workflow, in milliseconds. */
export async function sleeper(duration: string): Promise<number> {
  const start = Date.now();
  await sleep(duration as '20 days');
  return Date.now() - start;
}
