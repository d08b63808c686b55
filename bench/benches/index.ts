import type { Bench } from '../bench';
import { client } from './client';
import { completion } from './completion';
import { history } from './history';
import { openSessions } from './open-sessions';
import { replay } from './replay';
import { throughput } from './throughput';
import { timeToUrl } from './time-to-url';
import { twoWorkers } from './two-workers';
import { vault } from './vault';
import { webhooks } from './webhooks';
import { workerStart } from './worker-start';

/** In the order in which they are run. */
export const BENCHES: readonly Bench[] = [
  client,
  webhooks,
  vault,
  workerStart,
  replay,
  timeToUrl,
  completion,
  throughput,
  twoWorkers,
  openSessions,
  history,
];
