import type { Bench } from '../bench';
import { client } from './client';
import { completion } from './completion';
import { history } from './history';
import { openSessions } from './open-sessions';
import { throughput } from './throughput';
import { timeToUrl } from './time-to-url';
import { twoWorkers } from './two-workers';
import { webhooks } from './webhooks';

/** In the order in which they are run. */
export const BENCHES: readonly Bench[] = [
  client,
  webhooks,
  timeToUrl,
  completion,
  throughput,
  twoWorkers,
  openSessions,
  history,
];
