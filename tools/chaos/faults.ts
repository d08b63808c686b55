import type { Fault, Sandbox, SandboxEndpoint, WebhookFault } from '../../src/sandbox';
import { ENDPOINTS } from '../../src/sandbox/fault';
import type { Random } from './random';
import type { ExchangeCalls } from './exchange-calls';

/** How much of all requests to Plaid meet a fault. */
const FAULT_SHARE = 0.12;

/** The same of calls that cannot be repeated as one likes, or that nobody repeats by chance. */
const HARDER_SHARES: Partial<Record<SandboxEndpoint, number>> = {
  '/item/public_token/exchange': 0.4,
  '/item/remove': 0.4,
};

/** How much of all webhooks meet a fault. */
const WEBHOOK_FAULT_SHARE = 0.2;

/** Longer than the worker waits for Plaid's answer. In milliseconds. */
const PAST_TIME_LIMIT_MS = 25_000;

/** Errors before and after the work, answers that cannot be read, connections that are cut, and slow ones. */
const FAULTS: readonly (readonly [weight: number, name: string, fault: Fault])[] = [
  [3, 'reset before the work', { kind: 'reset_before_work' }],
  [2, 'reset after the work', { kind: 'reset_after_work' }],
  [2, 'reset in the middle of the answer', { kind: 'reset_in_answer' }],
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

const WEBHOOK_FAULTS: readonly (readonly [weight: number, name: string, fault: WebhookFault])[] = [
  [2, 'lost', { kind: 'lose' }],
  [2, 'sent three times', { kind: 'duplicate', copies: 2, afterMs: 1_000 }],
  [1, 'late', { kind: 'delay', byMs: 8_000 }],
  [1, 'after the next one', { kind: 'reorder' }],
];

/**
 * Lets a share of all requests and webhooks meet faults until the function that it gives is called. Each one that is met is
 * counted by its name; what becomes of exchanges is entered in `calls`.
 */
export function injectFaults(
  sandbox: Sandbox,
  random: Random,
  calls: ExchangeCalls,
  count: (name: string) => void,
): () => void {
  /** The names of faults, each with what tells whether the next one meets it. */
  const chances = <F>(share: number, faults: readonly (readonly [number, string, F])[]) => {
    const total = faults.reduce((sum, [weight]) => sum + weight, 0);
    return faults.map(([weight, name, fault]) => ({
      name,
      fault,
      meets: () => random.chance((share * weight) / total),
    }));
  };
  const removers = [
    ...ENDPOINTS.flatMap((endpoint) =>
      chances(HARDER_SHARES[endpoint] ?? FAULT_SHARE, FAULTS).map(({ name, fault, meets }) =>
        sandbox.fault(endpoint, fault, {
          times: Infinity,
          matching: (body) => {
            const met = meets();
            if (met) count(`${endpoint}: ${name}`);
            if (met && endpoint === '/item/public_token/exchange') calls.met(body, fault);
            return met;
          },
        }),
      ),
    ),
    ...chances(WEBHOOK_FAULT_SHARE, WEBHOOK_FAULTS).map(({ name, fault, meets }) =>
      sandbox.webhooks.fault(fault, {
        times: Infinity,
        matching: () => {
          const met = meets();
          if (met) count(`webhook: ${name}`);
          return met;
        },
      }),
    ),
  ];
  return () => removers.forEach((remove) => remove());
}
