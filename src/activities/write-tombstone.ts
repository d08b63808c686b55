import type { ActivityDeps } from './deps';

/** Makes the activity that writes a tombstone. */
export function writeTombstoneActivities({ vault }: ActivityDeps) {
  return {
    /**
     * Writes the tombstone of an erased user.
     *
     * @param at when the user was erased, ISO 8601
     */
    async writeTombstone(userHash: string, at: string): Promise<void> {
      await vault.retention.writeTombstone(userHash, new Date(at));
    },
  };
}
