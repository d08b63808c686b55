import { CALLBACKS } from './callbacks';
import { CANCELS } from './cancels';
import { CHILDREN } from './children';
import { COMPLETIONS } from './completions';
import { EXCHANGES } from './exchanges';
import { EXPIRIES } from './expiries';
import { FAILURES } from './failures';
import { HOSTED_LINK } from './hosted-link';
import type { Scenario } from './scenario';

export { CONTINUING } from './continuing';
export { REMOVALS } from './removals';
export type { Scenario } from './scenario';
export { WORKER_STOPS } from './worker-stops';

/** Sessions that are played at the same time; those that wait for their deadline begin. */
export const SCENARIOS: readonly Scenario[] = [
  ...EXPIRIES,
  ...COMPLETIONS,
  ...EXCHANGES,
  ...CHILDREN,
  ...HOSTED_LINK,
  ...FAILURES,
  ...CANCELS,
  ...CALLBACKS,
];
