import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { KeyRing } from '../key-ring';
import type { Transaction } from './database';
import { VaultError } from './vault';

const CHECKED_TEXT = 'hosted-link vault key check 1';

/** Tables whose rows name the key that wraps them. */
const SEALED_TABLES = ['sessions', 'items', 'results'] as const;

/**
 * Holds the ring against the keys that this vault has known: a key keeps its value for ever, and a key that still wraps a
 * row is not missing. Keys that are new to the vault are entered.
 * @throws VaultError KEY_MISMATCH when a known id stands for another key, KEY_UNKNOWN when a needed key is missing
 */
export async function checkKeys(transaction: Transaction, ring: KeyRing): Promise<void> {
  let known = await readKnown(transaction);
  const added = ring.ids().filter((id) => !known.has(id));
  if (added.length > 0) {
    for (const id of added) {
      await transaction.query(
        'INSERT INTO hosted_link.vault_keys (key_id, check_value) VALUES ($1, $2) ON CONFLICT DO NOTHING',
        [id, checkValue(ring.get(id)!)],
      );
    }
    // Another process may have entered another key under the same id meanwhile.
    known = await readKnown(transaction);
  }
  for (const [id, expected] of known) {
    const key = ring.get(id);
    if (key === undefined) await refuseIfNeeded(transaction, id);
    else if (!timingSafeEqual(checkValue(key), expected)) {
      throw new VaultError(
        'KEY_MISMATCH',
        `HOSTED_LINK_VAULT_KEYS: ${id} is another key than the one this vault knows by that id; restore it, or give the new key an id of its own`,
      );
    }
  }
}

function checkValue(key: KeyObject): Buffer {
  return createHmac('sha256', key).update(CHECKED_TEXT).digest();
}

async function readKnown(transaction: Transaction): Promise<Map<string, Buffer>> {
  const rows = await transaction.query<{ key_id: string; check_value: Buffer }>(
    'SELECT key_id, check_value FROM hosted_link.vault_keys ORDER BY key_id',
  );
  return new Map(rows.map((row) => [row.key_id, row.check_value]));
}

async function refuseIfNeeded(transaction: Transaction, id: string): Promise<void> {
  for (const table of SEALED_TABLES) {
    const rows = await transaction.query(`SELECT 1 FROM hosted_link.${table} WHERE key_id = $1 LIMIT 1`, [
      id,
    ]);
    if (rows.length > 0) {
      throw new VaultError(
        'KEY_UNKNOWN',
        `HOSTED_LINK_VAULT_KEYS lacks the key ${id}, under which rows of ${table} are encrypted; add it after the primary key`,
      );
    }
  }
}
