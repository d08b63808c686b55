import { nextStepFor } from '../../../src/client/next-step';
import { NEXT_STEPS, type StatusFacts } from '../../../src/client/status';
import type { ResultState } from '../../../src/domain/states';
import type { PlaidErrorView } from '../../../src/domain/views';
import { RESULT_STATES, SESSION_STATES } from '../../../src/domain/states';

const error = (errorClass: PlaidErrorView['class'], displayMessage?: string): PlaidErrorView => ({
  type: 'SOME_TYPE/SOME_CODE',
  message: 'POST /internal: Plaid answered SOME_TYPE/SOME_CODE (request r1)',
  class: errorClass,
  effect: 'NONE',
  displayMessage,
});

function standing(change: Partial<StatusFacts> = {}): StatusFacts {
  return {
    key: 'key',
    workflowId: 'hosted-link/key',
    plaidFlow: 'hosted_link',
    state: 'WAITING',
    plaidStatus: 'CREATED',
    createdAt: undefined,
    changedAt: undefined,
    expiresAt: undefined,
    health: { kind: 'OK' },
    lastError: undefined,
    exitError: undefined,
    deliveryFailure: undefined,
    watch: undefined,
    update: undefined,
    results: [],
    notices: [],
    callbacks: [],
    answeredBy: 'worker',
    ...change,
  };
}

const items = (...states: ResultState[]): StatusFacts['results'] =>
  states.map((state) => ({
    state,
    itemId: undefined,
    institutionName: undefined,
    errorCode: 'INTERNAL_CODE',
    requestIds: [],
    linkSessionId: undefined,
  }));

const SMS_FAILED = { at: '2026-01-31T12:00:00Z', method: 'SMS' } as const;
const ERRORS = { kind: 'ERRORS', error: error('transient') } as const;

const CASES: [what: string, change: Partial<StatusFacts>, nextStep: string, message: RegExp][] = [
  ['is being created', { state: 'CREATING', plaidStatus: undefined }, 'WAIT', /link is being created/],
  ['has a link', {}, 'OPEN_LINK', /Open your link to connect your bank/],
  [
    'has a link, as far as the server knows',
    { plaidStatus: undefined, answeredBy: 'server' },
    'OPEN_LINK',
    /Open/,
  ],
  ['mends an item', { update: { itemId: 'item' } }, 'OPEN_LINK', /renew the connection/],
  ['was opened', { plaidStatus: 'OPENED' }, 'OPEN_LINK', /Finish in the page/],
  ['has a status that Plaid added', { plaidStatus: 'BRAND_NEW' }, 'OPEN_LINK', /Open your link/],
  ['could not be delivered', { deliveryFailure: SMS_FAILED }, 'OPEN_LINK', /could not be delivered/],
  [
    'was opened though a delivery failed',
    { plaidStatus: 'OPENED', deliveryFailure: SMS_FAILED },
    'OPEN_LINK',
    /Finish/,
  ],
  ['was sent or not', { plaidStatus: undefined, lastError: error('transient') }, 'WAIT', /making sure/],
  ['was left', { plaidStatus: 'EXITED' }, 'OPEN_LINK', /left before you were done/],
  [
    'was left, the bank being down',
    { plaidStatus: 'EXITED', exitError: error('transient') },
    'TRY_AGAIN_LATER',
    /later/,
  ],
  [
    'was left after a mistake',
    { plaidStatus: 'EXITED', exitError: error('person') },
    'OPEN_LINK',
    /try again/,
  ],
  [
    'was left for good reason',
    { plaidStatus: 'EXITED', exitError: error('permanent') },
    'OPEN_LINK',
    /another bank/,
  ],
  [
    'was left since it is closed',
    { plaidStatus: 'EXITED', exitError: error('operator') },
    'CONTACT_SUPPORT',
    /contact us/,
  ],
  [
    'was left, with words of Plaid',
    { plaidStatus: 'EXITED', exitError: error('person', 'Wrong \u001b[1mpassword.') },
    'OPEN_LINK',
    /^Wrong \?\[1mpassword\.$/,
  ],
  [
    'was opened again after an error',
    { plaidStatus: 'OPENED', exitError: error('person', 'Wrong.') },
    'OPEN_LINK',
    /Finish/,
  ],
  ['is done, before its tokens are shown', { plaidStatus: 'COMPLETED' }, 'WAIT', /being connected/],
  ['has COMPLETED, its exchange not begun', { state: 'COMPLETED' }, 'WAIT', /being connected/],
  [
    'has COMPLETED and is exchanged',
    { state: 'COMPLETED', results: items('LINKED', 'PENDING') },
    'WAIT',
    /being connected/,
  ],
  ['has LINKED an item', { state: 'COMPLETED', results: items('FAILED', 'LINKED') }, 'NONE', /is connected/],
  ['linked a DUPLICATE', { state: 'COMPLETED', results: items('DUPLICATE') }, 'NONE', /before/],
  [
    'is UNCERTAIN of an item',
    { state: 'COMPLETED', results: items('LINKED', 'UNCERTAIN') },
    'CONTACT_SUPPORT',
    /do not start again/,
  ],
  [
    'has a FAILED result',
    { state: 'COMPLETED', results: items('FAILED') },
    'START_AGAIN',
    /could not be connected/,
  ],
  [
    'has an EXPIRED result',
    { state: 'COMPLETED', results: items('EXPIRED') },
    'START_AGAIN',
    /could not be connected/,
  ],
  ['has a REMOVED item', { state: 'COMPLETED', results: items('REMOVED') }, 'NONE', /was removed/],
  ['is long over', { state: 'COMPLETED', answeredBy: 'vault' }, 'NONE', /over/],
  [
    'has repaired the item',
    { state: 'COMPLETED', update: { itemId: 'i', healthyAt: '2026-01-31T12:00:00Z' } },
    'NONE',
    /works again/,
  ],
  [
    'has not repaired the item',
    { state: 'COMPLETED', update: { itemId: 'i' } },
    'START_AGAIN',
    /still does not work/,
  ],
  ['has EXPIRED', { state: 'EXPIRED' }, 'START_AGAIN', /has expired/],
  [
    'has EXPIRED while Plaid was away',
    { state: 'EXPIRED', health: ERRORS },
    'CONTACT_SUPPORT',
    /cannot tell/,
  ],
  ['is CANCELLING', { state: 'CANCELLING' }, 'NONE', /was cancelled/],
  ['is CANCELLED', { state: 'CANCELLED' }, 'NONE', /was cancelled/],
  ['is DELIVERY_UNCERTAIN', { state: 'DELIVERY_UNCERTAIN' }, 'CONTACT_SUPPORT', /was sent/],
  ['has FAILED for now', { state: 'FAILED', lastError: error('transient') }, 'TRY_AGAIN_LATER', /later/],
  [
    'has FAILED for its link token',
    { state: 'FAILED', lastError: error('person') },
    'START_AGAIN',
    /new one/,
  ],
  [
    'has FAILED for wrong keys',
    { state: 'FAILED', lastError: error('operator') },
    'CONTACT_SUPPORT',
    /contact us/,
  ],
  [
    'has FAILED for good',
    { state: 'FAILED', lastError: error('permanent') },
    'CONTACT_SUPPORT',
    /contact us/,
  ],
  ['has FAILED without an error', { state: 'FAILED' }, 'CONTACT_SUPPORT', /contact us/],
];

describe('what the person in front of the page is told', () => {
  it.each(CASES)('of a session that %s', (_what, change, nextStep, message) => {
    const guidance = nextStepFor(standing(change));
    expect(guidance).toEqual({ nextStep, displayMessage: expect.stringMatching(message) });
    // No id, code, status or name of ours.
    expect(guidance.displayMessage).not.toMatch(/[A-Z]{3,}|_|\/|Plaid|session|item|workflow/);
  });

  it('is known for each state of a session and of a result, and takes each next step', () => {
    const states = new Set(CASES.map(([, change]) => change.state ?? 'WAITING'));
    expect([...states].sort()).toEqual([...SESSION_STATES].sort());
    const results = new Set(CASES.flatMap(([, change]) => (change.results ?? []).map(({ state }) => state)));
    expect([...results].sort()).toEqual([...RESULT_STATES].sort());
    expect([...new Set(CASES.map(([, , nextStep]) => nextStep))].sort()).toEqual([...NEXT_STEPS].sort());
  });
});
