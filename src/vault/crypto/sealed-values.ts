import type { SealContext } from './cipher';
import type { Transaction } from '../database/database';

/** The sealed values of the vault: where each stands, and what it is bound to. */
export interface SealedValue {
  /** What its values are called in reports. */
  name: string;
  table: 'sessions' | 'results' | 'items';
  /** The table's primary key. */
  rowId: 'session_key' | 'result_id' | 'item_id';
  /** The columns of its wrapped data key. */
  keyId: 'key_id' | 'accounts_key_id';
  wrappedKey: 'wrapped_key' | 'accounts_wrapped_key';
  contextOf: (rowId: string) => SealContext;
}

export const REQUEST_DIGEST: SealedValue = {
  name: 'sessions',
  table: 'sessions',
  rowId: 'session_key',
  keyId: 'key_id',
  wrappedKey: 'wrapped_key',
  contextOf: (key) => ({ purpose: 'session.request_digest', rowId: key, itemId: '' }),
};

export const RESULT_TOKEN: SealedValue = {
  name: 'results',
  table: 'results',
  rowId: 'result_id',
  keyId: 'key_id',
  wrappedKey: 'wrapped_key',
  contextOf: (resultId) => ({ purpose: 'result.token', rowId: resultId, itemId: '' }),
};

export const RESULT_ACCOUNTS: SealedValue = {
  name: 'accounts of results',
  table: 'results',
  rowId: 'result_id',
  keyId: 'accounts_key_id',
  wrappedKey: 'accounts_wrapped_key',
  contextOf: (resultId) => ({ purpose: 'result.accounts', rowId: resultId, itemId: '' }),
};

export const ITEM_ACCESS_TOKEN: SealedValue = {
  name: 'items',
  table: 'items',
  rowId: 'item_id',
  keyId: 'key_id',
  wrappedKey: 'wrapped_key',
  contextOf: (itemId) => ({ purpose: 'item.access_token', rowId: itemId, itemId }),
};

export const ITEM_ACCOUNTS: SealedValue = {
  name: 'accounts of items',
  table: 'items',
  rowId: 'item_id',
  keyId: 'accounts_key_id',
  wrappedKey: 'accounts_wrapped_key',
  contextOf: (itemId) => ({ purpose: 'item.accounts', rowId: itemId, itemId }),
};

/** All of them. Re-wrapping, and the check that no key is missing, go by this list. */
export const SEALED_VALUES: readonly SealedValue[] = [
  REQUEST_DIGEST,
  RESULT_TOKEN,
  RESULT_ACCOUNTS,
  ITEM_ACCESS_TOKEN,
  ITEM_ACCOUNTS,
];

/** How many values of one name a key wraps. */
export interface SealedCount {
  name: string;
  keyId: string;
  count: number;
}

/** How many values each key wraps; a key that wraps none is not there. */
export async function countSealedValues({ query }: Transaction): Promise<SealedCount[]> {
  const counts = SEALED_VALUES.map(
    ({ name, table, keyId }) =>
      `SELECT '${name}' AS name, ${keyId} AS "keyId", count(*)::float8 AS count FROM hosted_link.${table}
      WHERE ${keyId} IS NOT NULL GROUP BY ${keyId}`,
  );
  return query<SealedCount>(`${counts.join(' UNION ALL ')} ORDER BY "keyId", name`);
}
