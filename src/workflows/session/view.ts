import type { SessionInput, SessionView } from '../messages';

/** Returns the view of a session that has just started. */
export function newView({ key, plaidFlow, update }: SessionInput): SessionView {
  const now = new Date().toISOString();
  return {
    key,
    plaidFlow,
    state: 'CREATING',
    plaidStatus: undefined,
    createdAt: now,
    changedAt: now,
    expiresAt: undefined,
    health: { kind: 'OK' },
    lastError: undefined,
    results: 0,
    update,
    exchangeStarted: false,
    notices: [],
  };
}

/** Returns the seconds since `time`, ISO 8601. */
export function secondsSince(time: string): number {
  return (Date.now() - Date.parse(time)) / 1_000;
}

/** True when the person has opened the link, also when they have left or finished since. */
export function wasOpened(plaidStatus: string | undefined): boolean {
  return plaidStatus === 'OPENED' || plaidStatus === 'EXITED' || plaidStatus === 'COMPLETED';
}
