import { condition, setHandler } from '@temporalio/workflow';
import { type CompletionNotice, linkCompletedSignal } from 'hosted-link/workflows';

/** Waits for the end of a session that was started with this workflow's id in `notify`. */
export async function waitForLink(): Promise<CompletionNotice> {
  let end: CompletionNotice | undefined;
  setHandler(linkCompletedSignal, (notice) => {
    end = notice;
  });
  await condition(() => end !== undefined);
  return end!;
}
