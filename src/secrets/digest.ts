import { createHash } from 'node:crypto';

/** What stands for Plaid's session id wherever it can be seen: the first 128 bits of its SHA-256, as 32 hex digits. */
export function plaidSessionHash(plaidSessionId: string): string {
  return sha256(plaidSessionId).slice(0, 32);
}

/** What stands for the caller's user id in the vault and in search attributes: the first 128 bits of its SHA-256, as 32 hex digits. */
export function userHash(userId: string): string {
  return sha256(userId).slice(0, 32);
}

/** The SHA-256 (64 hex digits) of a JSON value, whatever the order of its objects' fields. Undefined fields do not count. */
export function jsonDigest(value: unknown): string {
  return sha256(JSON.stringify(value, sortFields));
}

function sortFields(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The SHA-256 of a text, as 64 hex digits. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
