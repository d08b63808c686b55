import type { Scenario } from './scenario';

/** Sessions that are children of an application's workflow. */
export const CHILDREN: readonly Scenario[] = [
  {
    session: 'completed-as-child',
    exchange: 'linked-as-child',
    play: async (stage) => {
      await stage.startAsChild();
      await stage.knows('CREATED');
      stage.person.complete();
    },
  },
  {
    session: 'expired-as-child',
    play: async (stage) => {
      await stage.startAsChild();
      await stage.knows('CREATED');
      stage.person.expire();
    },
  },
  {
    session: 'cancelled-with-parent',
    play: async (stage) => {
      await stage.startAsChild();
      await stage.knows('CREATED');
      await stage.harness.temporal.workflow.getHandle(`parent-of-${stage.key}`).cancel();
      await stage.until('it is CANCELLING', async () => {
        return (await stage.harness.client.status(stage.key)).state === 'CANCELLING';
      });
      stage.person.expire();
    },
  },
  {
    session: 'failed-as-child-refused',
    play: async (stage) => {
      await stage.startAsChild({ expiresAt: '2020-01-01T00:00:00Z' });
    },
  },
];
