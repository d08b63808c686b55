import type { Transaction } from '../database/database';
import { callProvider, type KeyProvider } from './key-provider';
import { countSealedValues, SEALED_VALUES } from './sealed-values';
import { VaultError } from '../vault-error';

/** A provider's keys as the vault knows them: by id, each with its fingerprint. */
export interface KnownKeys {
  /** Where the keys come from, for messages. */
  source: string;
  fingerprints: ReadonlyMap<string, Buffer>;
}

/**
 * What {@link checkKeys} needs of a provider, which is asked before a transaction is begun.
 * @throws VaultError KEY_PROVIDER_FAILED
 */
export async function fingerprintKeys(keys: KeyProvider): Promise<KnownKeys> {
  const fingerprints = new Map<string, Buffer>();
  for (const keyId of keys.keyIds) {
    fingerprints.set(keyId, await callProvider(keys, keyId, () => keys.fingerprint(keyId)));
  }
  return { source: keys.source, fingerprints };
}

/**
 * Holds the keys against those that this vault has known: a key keeps its value for ever, and a key that still wraps a row is
 * not missing. Keys that are new to the vault are entered, by those who may:
 * a reader of tokens seals nothing.
 * @throws VaultError KEY_MISMATCH when a known id stands for another key, KEY_UNKNOWN when a needed key is missing
 */
export async function checkKeys(
  transaction: Transaction,
  { source, fingerprints }: KnownKeys,
): Promise<void> {
  let known = await readKnown(transaction);
  const added = [...fingerprints].filter(([id]) => !known.has(id));
  if (added.length > 0 && (await mayEnterKeys(transaction))) {
    for (const entry of added) {
      await transaction.query(
        'INSERT INTO hosted_link.vault_keys (key_id, check_value) VALUES ($1, $2) ON CONFLICT DO NOTHING',
        entry,
      );
    }
    // Another process may have entered another key under the same id meanwhile.
    known = await readKnown(transaction);
  }
  for (const [id, expected] of known) {
    const fingerprint = fingerprints.get(id);
    if (fingerprint === undefined) await refuseIfNeeded(transaction, source, id);
    else if (!fingerprint.equals(expected)) {
      throw new VaultError(
        'KEY_MISMATCH',
        `${source}: ${id} is another key than the one this vault knows by that id`,
        'restore it, or give the new key an id of its own',
      );
    }
  }
}

/** A key of the vault's, in `keys status`. */
export interface VaultKeyRow {
  keyId: string;
  /**
   * PRIMARY: wraps what is sealed from now on. OLDER: unwraps. MISSING: wraps values, and the ring lacks it. MISMATCH: the ring
   * has another key under this id. GONE: neither needed nor there.
   */
  state: 'PRIMARY' | 'OLDER' | 'MISSING' | 'MISMATCH' | 'GONE';
  /** How many values it wraps, by their names. */
  counts: Record<string, number>;
}

/** The keys at hand, the primary first, and then those that the vault has known besides. */
export async function listKeys(
  transaction: Transaction,
  { fingerprints }: KnownKeys,
): Promise<VaultKeyRow[]> {
  const known = await readKnown(transaction);
  const counts = await countSealedValues(transaction);
  const ids = new Set([...fingerprints.keys(), ...known.keys()]);
  return [...ids].map((keyId, index) => {
    const own = counts.filter((count) => count.keyId === keyId);
    return {
      keyId,
      state: stateOf(fingerprints.get(keyId), known.get(keyId), { first: index === 0, used: own.length > 0 }),
      counts: Object.fromEntries(own.map(({ name, count }) => [name, count])),
    };
  });
}

function stateOf(
  atHand: Buffer | undefined,
  known: Buffer | undefined,
  { first, used }: { first: boolean; used: boolean },
): VaultKeyRow['state'] {
  if (atHand === undefined) return used ? 'MISSING' : 'GONE';
  if (known !== undefined && !known.equals(atHand)) return 'MISMATCH';
  return first ? 'PRIMARY' : 'OLDER';
}

async function mayEnterKeys({ query }: Transaction): Promise<boolean> {
  const [row] = await query<{ may: boolean }>(
    "SELECT has_table_privilege('hosted_link.vault_keys', 'INSERT') AS may",
  );
  return row!.may;
}

async function readKnown(transaction: Transaction): Promise<Map<string, Buffer>> {
  const rows = await transaction.query<{ key_id: string; check_value: Buffer }>(
    'SELECT key_id, check_value FROM hosted_link.vault_keys ORDER BY key_id',
  );
  return new Map(rows.map((row) => [row.key_id, row.check_value]));
}

async function refuseIfNeeded(transaction: Transaction, source: string, id: string): Promise<void> {
  for (const { table, keyId } of SEALED_VALUES) {
    const rows = await transaction.query(`SELECT 1 FROM hosted_link.${table} WHERE ${keyId} = $1 LIMIT 1`, [
      id,
    ]);
    if (rows.length > 0) {
      throw new VaultError(
        'KEY_UNKNOWN',
        `${source} lacks the key ${id}, under which rows of ${table} are encrypted`,
        'add it after the primary key',
      );
    }
  }
}
