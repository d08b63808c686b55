import { REFUSED, type Scenario } from './scenario';

/** Sessions whose end is told over HTTP. */
export const CALLBACKS: readonly Scenario[] = [
  {
    session: 'completed-called-back',
    exchange: 'linked-called-back',
    callbacks: 'delivered',
    play: async (stage) => {
      await stage.start();
      stage.person.complete();
      await stage.calledBack();
    },
  },
  {
    session: 'expired-called-back',
    callbacks: 'delivered-after-retry',
    play: async (stage) => {
      stage.receiver.answer(stage.key, 503, 1);
      await stage.start();
      stage.person.expire();
      await stage.calledBack();
    },
  },
  {
    session: 'failed-called-back',
    callbacks: 'given-up',
    play: async (stage) => {
      stage.receiver.answer(stage.key, 410);
      stage.fault('/link_delivery/create', REFUSED);
      await stage.startInVain();
      await stage.calledBack();
    },
  },
  {
    callbacks: 'replayed',
    play: async (stage) => {
      stage.receiver.answer(stage.key, 503, 1);
      await stage.start();
      stage.person.expire();
      await stage.until('it was called back', () => stage.receiver.about(stage.key).length > 0);
      await stage.harness.client.replayCallbacks(stage.key);
      await stage.calledBack();
    },
  },
  {
    callbacks: 'cancelled',
    play: async (stage) => {
      stage.receiver.answer(stage.key, 503);
      await stage.start();
      stage.person.expire();
      await stage.until('it was called back', () => stage.receiver.about(stage.key).length > 0);
      await stage.delivery.cancel();
      await stage.calledBack();
    },
  },
];
