import type { Bench } from '../bench';
import { client } from './client';
import { history } from './history';
import { timeToUrl } from './time-to-url';
import { webhooks } from './webhooks';

/** In the order in which they are run. */
export const BENCHES: readonly Bench[] = [client, webhooks, timeToUrl, history];
