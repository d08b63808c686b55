import type { ActivityFunction } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';

/** Runs one attempt of an activity, without a server. What it throws is not logged. */
export async function runActivity<P extends unknown[], R>(
  activity: ActivityFunction<P, R>,
  ...args: P
): Promise<R> {
  const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
  return await environment.run(activity, ...args);
}
