import {
  CancellationScope,
  condition,
  defineSignal,
  defineUpdate,
  isCancellation,
  proxyActivities,
  setHandler,
} from '@temporalio/workflow';
import type { Activities } from './activities';

export const linkUpdate = defineUpdate<string>('link');
export const checkNowSignal = defineSignal('checkNow');

const { create, get, storeItem, describeItem } = proxyActivities<Activities>({ startToCloseTimeout: '45s' });
const { watch } = proxyActivities<Activities>({
  startToCloseTimeout: '45s',
  retry: { initialInterval: '5s', backoffCoefficient: 1 },
});

/**
 * A session with the same regular activities and the same signal as ours, and nothing else: no codec, no vault, no journal, no workflow
 * of its own for the exchange, no search attributes, no cancel, no errors to tell apart. Access tokens go through its history.
 */
export async function bareSession(linkToken: string): Promise<string> {
  let url = '';
  let hinted = false;
  let watching: CancellationScope | undefined;
  setHandler(linkUpdate, async () => {
    await condition(() => url !== '');
    return url;
  });
  setHandler(checkNowSignal, () => {
    hinted = true;
    watching?.cancel();
  });

  const session = await create(linkToken);
  url = session.url;
  let accessToken: string | undefined;
  while (accessToken === undefined) {
    if (hinted) {
      hinted = false;
      accessToken = await get(session.id);
      continue;
    }
    watching = new CancellationScope();
    try {
      accessToken = await watching.run(() => watch(session.id));
    } catch (error) {
      if (!isCancellation(error)) throw error;
    } finally {
      watching = undefined;
    }
  }
  const itemId = await storeItem(session.id, accessToken);
  await describeItem(itemId);
  return itemId;
}
