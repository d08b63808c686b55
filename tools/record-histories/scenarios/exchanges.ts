import { REQUEST, type Scenario } from './scenario';

/** Completed sessions whose token exchanges end in each way. */
export const EXCHANGES: readonly Scenario[] = [
  {
    session: 'completed-public-token',
    exchange: 'linked-public-token',
    play: async (stage) => {
      stage.issue({ tokenShape: 'public_tokens' });
      await stage.start();
      stage.person.complete();
    },
  },
  {
    session: 'completed-two-items',
    exchange: 'linked-two-items',
    play: async (stage) => {
      stage.issue({ items: 2 });
      await stage.start();
      stage.person.complete();
    },
  },
  {
    // Found by its institution, which exchanges from before are not.
    session: 'completed-at-institution',
    exchange: 'linked-at-institution',
    play: async (stage) => {
      await stage.start({ userId: 'recorded-user' });
      stage.person.complete();
    },
  },
  {
    session: 'completed-exchange-expired',
    exchange: 'expired',
    play: async (stage) => {
      stage.issue({ tokenShape: 'public_tokens' });
      await stage.start();
      stage.finishWithFault('/item/public_token/exchange', {
        kind: 'plaid_error',
        status: 400,
        errorType: 'INVALID_INPUT',
        errorCode: 'INVALID_PUBLIC_TOKEN',
      });
    },
  },
  {
    session: 'completed-exchange-uncertain',
    exchange: 'uncertain',
    play: async (stage) => {
      stage.issue({ tokenShape: 'public_tokens' });
      await stage.start();
      stage.finishWithFault('/item/public_token/exchange', { kind: 'reset_after_work' });
    },
  },
  {
    session: 'completed-exchange-failed',
    exchange: 'failed',
    play: async (stage) => {
      await stage.start();
      stage.finishWithFault('/item/get', {
        kind: 'plaid_error',
        status: 400,
        errorType: 'ITEM_ERROR',
        errorCode: 'ITEM_NOT_FOUND',
      });
    },
  },
  {
    session: 'completed-duplicate',
    exchange: 'linked-and-duplicate',
    play: async (stage) => {
      const user = { client_user_id: 'connects-twice' };
      await stage.start({ plaidFlow: 'hosted_link', linkTokenRequest: { ...REQUEST, user } });
      for (let times = 0; times < 2; times++) stage.person.connect({ institutionId: 'ins_990001' });
      stage.person.finish();
    },
  },
];
