import { REQUEST, SMS, type Scenario } from './scenario';

/** Sessions of link_delivery that come to COMPLETED, by the roads that lead there. */
export const COMPLETIONS: readonly Scenario[] = [
  {
    session: 'completed',
    exchange: 'linked',
    play: async (stage) => {
      await stage.start();
      stage.person.complete();
    },
  },
  {
    session: 'completed-from-request',
    play: async (stage) => {
      await stage.start({ linkTokenRequest: REQUEST });
      stage.person.complete();
    },
  },
  {
    session: 'completed-after-exit',
    play: async (stage) => {
      await stage.start();
      stage.person.open();
      await stage.knows('OPENED');
      stage.person.exit();
      await stage.knows('EXITED');
      stage.person.complete();
    },
  },
  {
    session: 'completed-after-hints',
    play: async (stage) => {
      await stage.start();
      stage.person.open();
      await stage.harness.client.checkNow(stage.key);
      await stage.knows('OPENED');
      for (let hints = 0; hints < 3; hints++) await stage.harness.client.checkNow(stage.key);
      stage.person.complete();
      await stage.harness.client.checkNow(stage.key);
    },
  },
  {
    session: 'completed-after-unreadable-signal',
    play: async (stage) => {
      await stage.start();
      await stage.forgeSignal();
      stage.person.complete();
    },
  },
  {
    session: 'completed-sent',
    play: async (stage) => {
      await stage.start({ delivery: SMS });
      stage.person.complete();
    },
  },
  {
    session: 'completed-after-failed-delivery',
    play: async (stage) => {
      await stage.start({ delivery: SMS });
      for (let times = 0; times < 2; times++) await stage.harness.client.deliveryFailed(stage.key, 'SMS');
      await stage.until('its status shows it', async () => {
        return (await stage.harness.client.status(stage.key)).deliveryFailure !== undefined;
      });
      stage.person.complete();
    },
  },
  {
    session: 'completed-after-refused-send',
    play: async (stage) => {
      stage.fault('/link_delivery/create', {
        kind: 'plaid_error',
        status: 503,
        errorType: 'API_ERROR',
        errorCode: 'PLANNED_MAINTENANCE',
      });
      await stage.start({ delivery: SMS });
      stage.person.complete();
    },
  },
  {
    session: 'completed-after-lost-create',
    play: async (stage) => {
      stage.fault('/link_delivery/create', { kind: 'reset_after_work' });
      await stage.start({ delivery: SMS });
      stage.person.complete();
    },
  },
  {
    session: 'completed-after-outage',
    play: async (stage) => {
      stage.fault('/link_delivery/create', { kind: 'html', status: 503 });
      stage.fault('/link_delivery/get', { kind: 'html', status: 503 });
      await stage.start();
      stage.person.complete();
    },
  },
  {
    session: 'completed-after-operator',
    play: async (stage) => {
      stage.fault('/link_delivery/get', {
        kind: 'plaid_error',
        status: 400,
        errorType: 'INVALID_INPUT',
        errorCode: 'INVALID_API_KEYS',
      });
      await stage.start();
      await stage.until('its health is OPERATOR', async () => {
        const { lastError } = await stage.harness.client.status(stage.key);
        return lastError?.class === 'operator';
      });
      stage.person.complete();
    },
  },
  {
    session: 'completed-notified',
    exchange: 'linked-notified',
    play: async (stage) => {
      await stage.start({ notify: [await stage.target(), 'nobody-runs-this'] });
      stage.person.complete();
    },
  },
];
