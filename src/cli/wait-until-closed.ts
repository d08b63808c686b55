import type { StatusReport } from '../client';
import { EXIT_SESSION_NOT_COMPLETED } from './exit-codes';

/** With a result in one of these, the person's bank may not be linked. */
const NOT_LINKED: readonly string[] = ['FAILED', 'EXPIRED', 'UNCERTAIN'];

/** What tells a script how a session ended: 0 when it is COMPLETED, no result of it was lost, and the item to be mended is mended. */
export function endedExitCode({ state, results, update }: StatusReport): number {
  const isLinked = results.every((item) => !NOT_LINKED.includes(item.state));
  const isMended = update === undefined || update.healthyAt !== undefined;
  return state === 'COMPLETED' && isLinked && isMended ? 0 : EXIT_SESSION_NOT_COMPLETED;
}
