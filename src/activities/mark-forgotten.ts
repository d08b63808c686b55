import type { ActivityDeps } from './index';

/** The activity that leaves a tombstone. */
export function markForgottenActivities({ vault }: ActivityDeps) {
  return {
    /** @param at when the person was forgotten, ISO 8601 */
    async markForgotten(userHash: string, at: string): Promise<void> {
      await vault.retention.markForgotten(userHash, new Date(at));
    },
  };
}
