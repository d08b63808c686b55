import type { PlaidErrorView } from '../../../src/domain/views';
import { currentDetails, exchangeDetails } from '../../../src/workflows/current-details';
import type { SessionView } from '../../../src/workflows/messages';

const SINCE = '2026-03-07T12:00:00.000Z';

const VIEW: SessionView = {
  key: 'user-42',
  plaidFlow: 'link_delivery',
  state: 'WAITING',
  plaidStatus: 'OPENED',
  createdAt: SINCE,
  changedAt: SINCE,
  expiresAt: '2026-03-07T16:00:00.000Z',
  health: { kind: 'OK' },
  lastError: undefined,
  results: 0,
  exchangeStarted: false,
  notices: [],
};

const EVIL = '[x](http://evil.example)\n# y';

const ERROR: PlaidErrorView = {
  type: 'INVALID_INPUT/INVALID_API_KEYS',
  message: `/link_delivery/get: ${EVIL} (HTTP 400, request Wp3xTQ4uLfZ2aBc)`,
  requestId: 'Wp3xTQ4uLfZ2aBc',
  class: 'operator',
  effect: 'NONE',
};

describe('the current details of a session', () => {
  it('show the state, since when, and when the next poll is due', () => {
    expect(currentDetails(VIEW)).toBe(`**WAITING** since ${SINCE}; Plaid says OPENED

- items: none yet
- next poll: see Pending Activities; at most 15 min after the last
- the link expires: 2026-03-07T16:00:00.000Z`);
    expect(currentDetails({ ...VIEW, plaidFlow: 'hosted_link' })).toContain('at most 5 min after the last');
  });

  it('show the error with Plaid’s request id, and escape Markdown in Plaid’s texts', () => {
    const details = currentDetails({
      ...VIEW,
      plaidStatus: EVIL,
      health: { kind: 'OPERATOR', error: ERROR },
      lastError: ERROR,
    });
    const shown = '\\[x\\](http\\://evil.example) # y';
    expect(details.split('\n')).toEqual(
      expect.arrayContaining([
        `**WAITING** since ${SINCE}; Plaid says ${shown}`,
        '- health: **OPERATOR**',
        `- last error: **INVALID_INPUT/INVALID_API_KEYS** (/link_delivery/get: ${shown} (HTTP 400, request Wp3xTQ4uLfZ2aBc))`,
      ]),
    );
  });

  it('name the token exchange and no next poll once the session has ended', () => {
    const details = currentDetails({ ...VIEW, state: 'COMPLETED', plaidStatus: 'COMPLETED', results: 2 });
    expect(details).toContain('- items: 2 results, exchanged by token-exchange/user-42');
    expect(details).not.toContain('next poll');
  });

  it('show the item of update mode, and the error after which the person left', () => {
    const details = currentDetails({ ...VIEW, update: { itemId: 'item-1' }, exitError: ERROR });
    expect(details).toContain('- updates item item-1: not yet');
    expect(details).toContain('- the person left after: INVALID_INPUT/INVALID_API_KEYS');
  });
});

describe('the current details of a token exchange', () => {
  it('have a line for each result and each notified workflow', () => {
    const details = exchangeDetails({
      key: 'user-42',
      results: [
        {
          resultId: 'a',
          state: 'LINKED',
          itemId: 'item-1',
          errorCode: undefined,
          requestIds: [],
          institutionId: 'ins_1',
          institutionName: 'Bank *One*',
        },
        { resultId: 'b', state: 'FAILED', itemId: undefined, errorCode: 'ITEM_ERROR/X', requestIds: [] },
      ],
      notices: [{ workflowId: 'orders/1', outcome: 'GONE' }],
    });
    expect(details).toBe(`**2** results of session user-42

- **LINKED**: item item-1 at Bank \\*One\\*
- **FAILED** (ITEM_ERROR/X)
- workflow orders/1: GONE`);
  });
});
