import { HostedLinkError } from '../../../src/client';
import { userHash } from '../../../src/secrets/digest';
import { eraseUser } from '../../../src/client/erase-user';
import { erasureWorkflowId } from '../../../src/domain/ids';
import { REFUSED, type Scenario } from './scenario';

/** Items that are stored and then removed, and people who are forgotten. */
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
  {
    erasure: 'erased',
    play: async (stage) => {
      const { key } = stage;
      const { client, temporal, vault } = stage.harness;
      await stage.link({ userId: key });
      await eraseUser(key, { client, temporal, retention: vault.retention, retentionDays: 90 });
      await temporal.workflow.getHandle(erasureWorkflowId(userHash(key))).result();
    },
  },
];
