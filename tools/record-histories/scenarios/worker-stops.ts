import { parseLinkToken } from '../../../src/domain/link-token';
import { generateKeyRingText, parseKeyRing } from '../../../src/secrets/key-ring';
import { TASK_QUEUES } from '../../../src/domain/ids';
import { SMS, type Scenario } from './scenario';

/** Sessions that stop the workers or change the whole sandbox, so that they are played alone. */
export const WORKER_STOPS: readonly Scenario[] = [
  {
    session: 'cancelled-at-once',
    play: async (stage) => {
      await stage.harness.stopWorkers();
      const start = stage.startInVain();
      await stage.until('it has started', async () => {
        return await stage.handle.describe().then(
          () => true,
          () => false,
        );
      });
      await stage.handle.cancel();
      await stage.harness.startWorkers();
      await start;
    },
  },
  {
    session: 'completed-after-unread-create',
    play: async (stage) => {
      const another = parseKeyRing(generateKeyRingText('another'), 'another ring');
      await stage.harness.stopWorkers();
      await stage.harness.startWorkers(undefined, another);
      const start = stage.start({ delivery: SMS });
      await stage.until('a create has failed', async () => {
        const history = await stage.handle.fetchHistory().catch(() => undefined);
        return history?.events?.some((event) => event.activityTaskFailedEventAttributes != null) ?? false;
      });
      await stage.harness.stopWorkers();
      await stage.harness.startWorkers();
      await start;
      stage.person.complete();
    },
  },
  {
    // The hinted get waits in line until its time is up.
    session: 'completed-after-late-hint',
    play: async (stage) => {
      await stage.start();
      await stage.harness.stopWorkers([TASK_QUEUES.plaidUrgent]);
      stage.person.complete();
      await stage.harness.client.checkNow(stage.key);
      await stage.until('the time of a get is over', async () => {
        const { events } = await stage.handle.fetchHistory();
        return events?.some((event) => event.activityTaskTimedOutEventAttributes != null) ?? false;
      });
      await stage.harness.startWorkers();
    },
  },
  {
    // The only get that shows the token is somebody else's. The switch is the whole sandbox's, so this one runs alone.
    session: 'failed-without-result',
    play: async (stage) => {
      const { sandbox, plaid } = stage.harness;
      sandbox.set({ tokensOnce: true });
      await stage.start({ expiresAt: new Date(Date.now() + 3_000).toISOString() });
      stage.person.complete();
      await plaid.linkDeliveryGet(parseLinkToken(stage.linkToken)!.id);
      await stage.ended();
      sandbox.set({ tokensOnce: false });
    },
  },
  {
    session: 'completed-item-removed',
    exchange: 'failed-unstored',
    play: async (stage) => {
      stage.issue({ tokenShape: 'public_tokens' });
      await stage.start();
      const { results } = stage.harness.vault;
      const link = results.link;
      const tried = new Promise<void>((resolve) => {
        results.link = async () => {
          resolve();
          throw new Error('the database is away');
        };
      });
      stage.person.complete();
      await tried;
      await stage.harness.stopWorkers();
      results.link = link;
      await stage.harness.startWorkers();
    },
  },
];
