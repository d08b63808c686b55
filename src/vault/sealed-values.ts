import type { SealContext } from './cipher';

/** The sealed values of the vault: where each stands, and what it is bound to. */
export interface SealedValue {
  table: 'sessions' | 'results' | 'items';
  /** The table's primary key. */
  rowId: 'session_key' | 'result_id' | 'item_id';
  /** The columns of its wrapped data key. */
  keyId: 'key_id' | 'accounts_key_id';
  wrappedKey: 'wrapped_key' | 'accounts_wrapped_key';
  contextOf: (rowId: string) => SealContext;
}

export const REQUEST_DIGEST: SealedValue = {
  table: 'sessions',
  rowId: 'session_key',
  keyId: 'key_id',
  wrappedKey: 'wrapped_key',
  contextOf: (key) => ({ purpose: 'session.request_digest', rowId: key, itemId: '' }),
};

export const RESULT_TOKEN: SealedValue = {
  table: 'results',
  rowId: 'result_id',
  keyId: 'key_id',
  wrappedKey: 'wrapped_key',
  contextOf: (resultId) => ({ purpose: 'result.token', rowId: resultId, itemId: '' }),
};

const RESULT_ACCOUNTS: SealedValue = {
  table: 'results',
  rowId: 'result_id',
  keyId: 'accounts_key_id',
  wrappedKey: 'accounts_wrapped_key',
  contextOf: (resultId) => ({ purpose: 'result.accounts', rowId: resultId, itemId: '' }),
};

export const ITEM_ACCESS_TOKEN: SealedValue = {
  table: 'items',
  rowId: 'item_id',
  keyId: 'key_id',
  wrappedKey: 'wrapped_key',
  contextOf: (itemId) => ({ purpose: 'item.access_token', rowId: itemId, itemId }),
};

const ITEM_ACCOUNTS: SealedValue = {
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
