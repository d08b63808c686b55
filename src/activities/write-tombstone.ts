import type { ActivityDeps } from './deps';

/** The activity that leaves a tombstone. */
export function markForgottenActivities({ vault }: ActivityDeps) {
  return {
    /** @param at when the person was forgotten, ISO 8601 */
    async writeTombstone(userHash: string, at: string): Promise<void> {
      await vault.retention.writeTombstone(userHash, new Date(at));
    },
  };
}
