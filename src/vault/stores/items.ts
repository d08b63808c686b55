import type { Database, Transaction } from '../database/database';
import type { ItemFilter, ItemRow, ItemStore } from './stores';
import { VaultError } from '../vault-error';

const COLUMNS =
  'item_id, session_key, user_hash, institution_id, institution_name, linked_at, healthy_at, removed_at';

interface Row {
  item_id: string;
  session_key: string;
  user_hash: string | null;
  institution_id: string | null;
  institution_name: string | null;
  linked_at: Date;
  healthy_at: Date | null;
  removed_at: Date | null;
}

/** The `items` table. */
export class SqlItemStore implements ItemStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async list({ sessionKey, userHash, live = false, after, limit }: ItemFilter = {}): Promise<ItemRow[]> {
    return this.#database.transaction(async ({ query }) => {
      if (after !== undefined) {
        const known = await query('SELECT 1 FROM hosted_link.items WHERE item_id = $1', [after]);
        if (known.length === 0) throw unknownItem(after);
      }
      const rows = await query<Row>(
        `SELECT ${COLUMNS} FROM hosted_link.items
        WHERE ($1::text IS NULL OR session_key = $1) AND ($2::text IS NULL OR user_hash = $2)
          AND (NOT $3 OR removed_at IS NULL)
          AND ($4::text IS NULL OR (linked_at, item_id) >
            (SELECT before.linked_at, before.item_id FROM hosted_link.items AS before WHERE before.item_id = $4))
        ORDER BY linked_at, item_id LIMIT $5`,
        [sessionKey, userHash, live, after, limit],
      );
      return rows.map(toItem);
    });
  }

  async get(itemId: string): Promise<ItemRow | undefined> {
    const [row] = await this.#database.query<Row>(
      `SELECT ${COLUMNS} FROM hosted_link.items WHERE item_id = $1`,
      [itemId],
    );
    return row && toItem(row);
  }

  async describe(
    itemId: string,
    institution: { institutionId?: string | undefined; institutionName?: string | undefined },
  ): Promise<void> {
    const described = await this.#database.query(
      `UPDATE hosted_link.items
      SET institution_id = coalesce($2, institution_id), institution_name = coalesce($3, institution_name)
      WHERE item_id = $1 RETURNING 1`,
      [itemId, institution.institutionId, institution.institutionName],
    );
    if (described.length === 0) throw unknownItem(itemId);
  }

  async markMended(itemId: string): Promise<Date> {
    const [mended] = await this.#database.query<{ healthy_at: Date }>(
      'UPDATE hosted_link.items SET healthy_at = now() WHERE item_id = $1 RETURNING healthy_at',
      [itemId],
    );
    if (!mended) throw unknownItem(itemId);
    return mended.healthy_at;
  }

  async markRemoved(itemId: string): Promise<void> {
    await this.#database.transaction((transaction) => removeRow(transaction, itemId));
  }
}

/** See {@link ItemStore.markRemoved}. */
export async function removeRow(transaction: Transaction, itemId: string): Promise<void> {
  // Results before items, as `link` locks them.
  await lockResultsOf(transaction, itemId);
  const removed = await transaction.query(
    `UPDATE hosted_link.items
    SET removed_at = coalesce(removed_at, now()), key_id = NULL, wrapped_key = NULL, sealed_access_token = NULL,
      accounts_key_id = NULL, accounts_wrapped_key = NULL, sealed_accounts = NULL
    WHERE item_id = $1 RETURNING 1`,
    [itemId],
  );
  if (removed.length === 0) throw unknownItem(itemId);
  await transaction.query(
    "UPDATE hosted_link.results SET state = 'REMOVED' WHERE item_id = $1 AND state = 'LINKED'",
    [itemId],
  );
}

/** What every method throws that is given an item id without a row. */
export function unknownItem(itemId: string): VaultError {
  return new VaultError('ITEM_UNKNOWN', `the vault has no item ${itemId}`);
}

async function lockResultsOf({ query }: Transaction, itemId: string): Promise<void> {
  await query('SELECT 1 FROM hosted_link.results WHERE item_id = $1 ORDER BY result_id FOR UPDATE', [itemId]);
}

function toItem(row: Row): ItemRow {
  return {
    itemId: row.item_id,
    sessionKey: row.session_key,
    userHash: row.user_hash ?? undefined,
    institutionId: row.institution_id ?? undefined,
    institutionName: row.institution_name ?? undefined,
    linkedAt: row.linked_at,
    healthyAt: row.healthy_at ?? undefined,
    removedAt: row.removed_at ?? undefined,
  };
}
