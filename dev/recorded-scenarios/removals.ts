import { HostedLinkError } from '../../src/client';
import { REFUSED, type Scenario } from './scenario';

/** Items that are stored and then removed. */
export const REMOVALS: readonly Scenario[] = [
  {
    removal: 'removed',
    play: async (stage) => {
      await stage.link();
      await stage.harness.client.removeItem(stage.itemId);
    },
  },
  {
    removal: 'failed',
    play: async (stage) => {
      await stage.link();
      stage.fault('/item/remove', REFUSED);
      await stage.harness.client.removeItem(stage.itemId).catch((error: unknown) => {
        if (!(error instanceof HostedLinkError)) throw error;
      });
    },
  },
];
