import type { Fault, Sandbox } from '../../src/sandbox';
import { ENDPOINTS } from '../../src/sandbox/fault';
import type { Dice } from './dice';

/** How much of all requests to Plaid meet a fault. */
const FAULT_SHARE = 0.12;

/** Longer than the worker waits for Plaid's answer. In milliseconds. */
const PAST_TIME_LIMIT_MS = 25_000;

/** Errors before and after the work, answers that cannot be read, connections that are cut, and slow ones. */
const FAULTS: readonly (readonly [weight: number, name: string, fault: Fault])[] = [
  [3, 'reset before the work', { kind: 'reset_before_work' }],
  [3, 'reset after the work', { kind: 'reset_after_work' }],
  [2, 'truncated JSON', { kind: 'truncated_json' }],
  [2, 'page of a gateway', { kind: 'html', status: 502 }],
  [2, 'page of a gateway after the work', { kind: 'html', status: 504, afterWork: true }],
  [
    2,
    'INTERNAL_SERVER_ERROR after the work',
    {
      kind: 'plaid_error',
      status: 500,
      errorType: 'API_ERROR',
      errorCode: 'INTERNAL_SERVER_ERROR',
      afterWork: true,
    },
  ],
  [
    2,
    'RATE_LIMIT',
    { kind: 'plaid_error', status: 429, errorType: 'RATE_LIMIT_EXCEEDED', errorCode: 'RATE_LIMIT' },
  ],
  [
    1,
    'PLANNED_MAINTENANCE',
    { kind: 'plaid_error', status: 503, errorType: 'API_ERROR', errorCode: 'PLANNED_MAINTENANCE' },
  ],
  [2, 'slow answer', { kind: 'delay_after_work', holdMs: 3_000 }],
  [0.3, 'no answer in time', { kind: 'delay_after_work', holdMs: PAST_TIME_LIMIT_MS }],
  [1, 'oversized answer', { kind: 'oversized_answer', bytes: 5 * 1024 * 1024 }],
];

/**
 * Lets a share of all requests meet faults until the function that it gives is called. Each one that is met is counted by
 * its name.
 */
export function injectFaults(sandbox: Sandbox, dice: Dice, count: (name: string) => void): () => void {
  const total = FAULTS.reduce((sum, [weight]) => sum + weight, 0);
  const removers = ENDPOINTS.flatMap((endpoint) =>
    FAULTS.map(([weight, name, fault]) =>
      sandbox.fault(endpoint, fault, {
        times: Infinity,
        matching: () => {
          const meets = dice.chance((FAULT_SHARE * weight) / total);
          if (meets) count(`${endpoint}: ${name}`);
          return meets;
        },
      }),
    ),
  );
  return () => removers.forEach((remove) => remove());
}
