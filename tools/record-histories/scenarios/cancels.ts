import type { Stage } from '../stage';
import { REFUSED, SMS, type Scenario } from './scenario';

/** Sessions of link_delivery that are cancelled. */
export const CANCELS: readonly Scenario[] = [
  {
    session: 'cancelled-while-creating',
    play: async (stage) => {
      stage.fault('/link_delivery/create', { kind: 'delay_before_work', holdMs: 10_000 });
      const start = stage.startInVain();
      await cancelWhilePending(stage, 'claimAndCreate');
      await start;
    },
  },
  {
    session: 'cancelled-while-sending',
    play: async (stage) => {
      stage.fault('/link_delivery/create', { kind: 'delay_after_work', holdMs: 5_000 });
      const start = stage.start({ delivery: SMS });
      await cancelWhilePending(stage, 'createSession');
      await start;
      stage.person.expire();
    },
  },
  {
    session: 'cancelled-then-expired',
    play: async (stage) => {
      await cancelWaiting(stage);
      stage.person.expire();
    },
  },
  {
    session: 'cancelled-then-finished',
    play: async (stage) => {
      await cancelWaiting(stage);
      stage.person.complete();
    },
  },
  {
    session: 'cancelled-then-failed',
    play: async (stage) => {
      await cancelWaiting(stage);
      stage.fault('/link_delivery/get', REFUSED);
    },
  },
];

async function cancelWaiting(stage: Stage): Promise<void> {
  await stage.start();
  await stage.harness.client.cancel(stage.key);
  await stage.until('it is CANCELLING', async () => {
    return (await stage.harness.client.status(stage.key)).state === 'CANCELLING';
  });
}

async function cancelWhilePending(stage: Stage, activityType: string): Promise<void> {
  await stage.until(`${activityType} runs`, async () => {
    const description = await stage.handle.describe().catch(() => undefined);
    return (description?.raw.pendingActivities ?? []).some(
      (pending) => pending.activityType?.name === activityType,
    );
  });
  await stage.handle.cancel();
}
