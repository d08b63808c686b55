import { getExternalWorkflowHandle } from '@temporalio/workflow';
import type { LinkReady } from './child-session';
import { linkReadySignal } from './child-session';

/** Tells a session's parent of the link. One that has ended harms nothing. */
export async function tellParent(parentId: string, link: LinkReady): Promise<void> {
  await getExternalWorkflowHandle(parentId)
    .signal(linkReadySignal, link)
    .catch(() => undefined);
}
