import fc from 'fast-check';
import type { Fault, SandboxEndpoint, WebhookFault } from '../src/sandbox';
import { SESSION_STATUSES } from '../src/domain/states';
import type { Contradiction } from './fickle-plaid';
import { MINUTE_MS } from './virtual-time';

/** How a session is started. */
export interface Setting {
  api: 'link_delivery' | 'link_delivery with public tokens' | 'hosted_link' | 'update mode';
  /** Lets Plaid send the link, which it may fail to deliver. */
  delivery: 'none' | 'SMS' | 'SMS in vain';
  /** How often its creates fail at first, and how. */
  creates: { fault: Fault; times: number } | null;
  /** Whether the steps begin while the session may still be being made. */
  early: boolean;
}

export type Step =
  | { do: 'person'; move: 'open' | 'connect' | 'connect the same' | 'exit' | 'finish' | 'complete' }
  | { do: 'plaid says'; contradiction: Contradiction }
  | { do: 'error'; endpoint: SandboxEndpoint; fault: Fault; times: number }
  | { do: 'webhooks'; fault: WebhookFault }
  | { do: 'hint' | 'undelivered' | 'cancel' }
  | { do: 'pass'; ms: number };

const plaidError = (status: number, errorType: string, errorCode: string, afterWork = false): Fault => ({
  kind: 'plaid_error',
  status,
  errorType,
  errorCode,
  afterWork,
});

/** One of each class, of each effect, and of each shape. */
const FAULTS: readonly Fault[] = [
  plaidError(500, 'API_ERROR', 'INTERNAL_SERVER_ERROR'),
  plaidError(500, 'API_ERROR', 'INTERNAL_SERVER_ERROR', true),
  plaidError(503, 'API_ERROR', 'PLANNED_MAINTENANCE'),
  plaidError(429, 'RATE_LIMIT_EXCEEDED', 'RATE_LIMIT'),
  plaidError(400, 'INVALID_INPUT', 'INVALID_API_KEYS'),
  plaidError(400, 'INVALID_REQUEST', 'INVALID_FIELD'),
  plaidError(400, 'INVALID_INPUT', 'INVALID_LINK_TOKEN'),
  plaidError(208, 'OAUTH_ERROR', 'OAUTH_STATE_ID_ALREADY_PROCESSED', true),
  { kind: 'html', status: 502 },
  { kind: 'truncated_json' },
  { kind: 'reset_before_work' },
  { kind: 'reset_after_work' },
];

/** Where a session begins. */
export const CREATES: readonly SandboxEndpoint[] = ['/link/token/create', '/link_delivery/create'];

const ENDPOINTS: readonly SandboxEndpoint[] = [
  '/link/token/get',
  '/link_delivery/get',
  '/item/public_token/exchange',
  '/item/get',
  '/item/remove',
];

const times = fc.integer({ min: 1, max: 3 });

export const setting: fc.Arbitrary<Setting> = fc.record({
  api: fc.constantFrom('link_delivery', 'link_delivery with public tokens', 'hosted_link', 'update mode'),
  delivery: fc.constantFrom('none', 'SMS', 'SMS in vain'),
  creates: fc.option(fc.record({ fault: fc.constantFrom(...FAULTS), times }), { freq: 3 }),
  early: fc.boolean(),
});

export const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('person'),
      move: fc.constantFrom('open', 'connect', 'connect the same', 'exit', 'finish', 'complete'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('plaid says'),
      contradiction: fc.oneof(
        fc.record({ as: fc.constant('an earlier one'), index: fc.nat({ max: 9 }) }),
        fc.record({
          as: fc.constant('another status'),
          status: fc.constantFrom(...SESSION_STATUSES, 'LATER_STATUS'),
        }),
      ),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('error'),
      endpoint: fc.constantFrom(...ENDPOINTS),
      fault: fc.constantFrom(...FAULTS),
      times,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('webhooks'),
      fault: fc.constantFrom<WebhookFault>(
        { kind: 'lose' },
        { kind: 'duplicate' },
        { kind: 'reorder' },
        { kind: 'delay', byMs: 3 * MINUTE_MS },
      ),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('hint', 'undelivered', 'cancel') }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('pass'), ms: fc.constantFrom(1_000, 10_000, 60_000, 600_000) }),
  },
);

/** Scripts that lead to each end, whatever chance brings. */
export const EXAMPLES: [Setting, Step[]][] = [
  [by('link_delivery'), [{ do: 'person', move: 'complete' }]],
  [by('link_delivery'), []],
  [by('link_delivery'), [{ do: 'cancel' }, { do: 'person', move: 'complete' }]],
  [by('hosted_link'), [{ do: 'person', move: 'connect' }, { do: 'pass', ms: 10_000 }, { do: 'cancel' }]],
  [
    by('link_delivery with public tokens'),
    [
      {
        do: 'error',
        endpoint: '/item/public_token/exchange',
        fault: { kind: 'reset_after_work' },
        times: 1,
      },
      { do: 'person', move: 'complete' },
    ],
  ],
  [
    {
      ...by('hosted_link'),
      delivery: 'SMS',
      creates: { fault: { kind: 'reset_after_work' }, times: 1 },
    },
    [],
  ],
  [
    by('link_delivery'),
    [
      {
        do: 'error',
        endpoint: '/link_delivery/get',
        fault: plaidError(400, 'INVALID_REQUEST', 'INVALID_FIELD'),
        times: 1,
      },
    ],
  ],
];

function by(api: Setting['api']): Setting {
  return { api, delivery: 'none', creates: null, early: false };
}
