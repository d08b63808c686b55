import { sessionInput } from '../../../src/requests/start-request';
import type { Stage } from '../stage';
import { REFUSED, REQUEST, SMS, type Scenario } from './scenario';

/** Sessions of link_delivery that end as FAILED or DELIVERY_UNCERTAIN. */
export const FAILURES: readonly Scenario[] = [
  {
    session: 'failed-create',
    play: async (stage) => {
      stage.fault('/link_delivery/create', REFUSED);
      await stage.startInVain();
    },
  },
  {
    session: 'failed-link-token',
    play: async (stage) => {
      const user = { client_user_id: 'refused-user' };
      stage.harness.sandbox.fault('/link/token/create', REFUSED, {
        matching: (body) => JSON.stringify(body['user']) === JSON.stringify(user),
      });
      await stage.startInVain({ linkTokenRequest: { ...REQUEST, user } });
    },
  },
  {
    session: 'failed-key-reused',
    play: async (stage) => {
      await claimBefore(stage, 'another request');
      await stage.startInVain();
    },
  },
  {
    session: 'failed-earlier-session',
    play: async (stage) => {
      const { requestDigest } = sessionInput(
        { key: stage.key, linkToken: stage.linkToken },
        { environment: 'sandbox' },
      );
      await claimBefore(stage, requestDigest);
      await stage.startInVain();
    },
  },
  {
    session: 'failed-while-waiting',
    play: async (stage) => {
      await stage.start();
      stage.fault('/link_delivery/get', REFUSED);
    },
  },
  {
    session: 'delivery-uncertain',
    play: async (stage) => {
      stage.fault('/link_delivery/create', { kind: 'reset_before_work' });
      await stage.start({ delivery: SMS });
    },
  },
];

async function claimBefore({ harness, key }: Stage, requestDigest: string): Promise<void> {
  await harness.vault.sessions.claim({
    key,
    plaidFlow: 'link_delivery',
    firstRunId: 'an-earlier-run',
    requestDigest,
    plaidSessionHash: undefined,
  });
}
