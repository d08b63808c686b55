import type { StatusReport } from '../client';
import { EXIT_ENDED_OTHERWISE } from './exit-codes';

/** With a result in one of these, the person's bank may not be linked. */
const NOT_LINKED: readonly string[] = ['FAILED', 'EXPIRED', 'UNCERTAIN'];

/** What tells a script how a session ended: 0 when it is COMPLETED, no result of it was lost, and the item to be mended is mended. */
export function endedExitCode({ state, items, update }: StatusReport): number {
  const isLinked = items.every((item) => !NOT_LINKED.includes(item.state));
  const isMended = update === undefined || update.mendedAt !== undefined;
  return state === 'COMPLETED' && isLinked && isMended ? 0 : EXIT_ENDED_OTHERWISE;
}
