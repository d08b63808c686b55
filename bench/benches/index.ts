import type { Bench } from '../bench';
import { client } from './client';
import { webhooks } from './webhooks';

/** In the order in which they are run. */
export const BENCHES: readonly Bench[] = [client, webhooks];
