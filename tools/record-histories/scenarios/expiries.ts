import type { Scenario } from './scenario';

/** Sessions whose link dies. */
export const EXPIRIES: readonly Scenario[] = [
  {
    session: 'expired-at-deadline',
    play: async (stage) => {
      await stage.start({ expiresAt: new Date(Date.now() + 3_000).toISOString() });
    },
  },
  {
    session: 'expired',
    play: async (stage) => {
      await stage.start();
      stage.person.expire();
    },
  },
  {
    session: 'expired-notified',
    play: async (stage) => {
      await stage.start({ notify: [await stage.target(), 'nobody-runs-this'] });
      stage.person.expire();
    },
  },
];
