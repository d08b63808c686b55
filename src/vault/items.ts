import type { Database, Transaction } from './database';
import { type ItemRow, type ItemStore, VaultError } from './vault';

interface Row {
  item_id: string;
  session_key: string;
  institution_id: string | null;
  institution_name: string | null;
  linked_at: Date;
  removed_at: Date | null;
}

/** The `items` table. */
export class SqlItemStore implements ItemStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async list({ sessionKey }: { sessionKey?: string } = {}): Promise<ItemRow[]> {
    return this.#database.transaction(async ({ query }) => {
      const rows = await query<Row>(
        `SELECT item_id, session_key, institution_id, institution_name, linked_at, removed_at FROM hosted_link.items
        WHERE $1::text IS NULL OR session_key = $1 ORDER BY linked_at, item_id`,
        [sessionKey],
      );
      return rows.map(toItem);
    });
  }

  async describe(
    itemId: string,
    institution: { institutionId?: string | undefined; institutionName?: string | undefined },
  ): Promise<void> {
    await this.#database.transaction(async ({ query }) => {
      const described = await query(
        `UPDATE hosted_link.items
        SET institution_id = coalesce($2, institution_id), institution_name = coalesce($3, institution_name)
        WHERE item_id = $1 RETURNING 1`,
        [itemId, institution.institutionId, institution.institutionName],
      );
      if (described.length === 0) throw unknownItem(itemId);
    });
  }

  async markRemoved(itemId: string): Promise<void> {
    await this.#database.transaction(async (transaction) => {
      // Results before items, as `link` locks them.
      await lockResultsOf(transaction, itemId);
      const removed = await transaction.query(
        `UPDATE hosted_link.items
        SET removed_at = coalesce(removed_at, now()), key_id = NULL, wrapped_key = NULL, sealed_access_token = NULL
        WHERE item_id = $1 RETURNING 1`,
        [itemId],
      );
      if (removed.length === 0) throw unknownItem(itemId);
      await transaction.query(
        "UPDATE hosted_link.results SET state = 'REMOVED' WHERE item_id = $1 AND state <> 'REMOVED'",
        [itemId],
      );
    });
  }
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
    institutionId: row.institution_id ?? undefined,
    institutionName: row.institution_name ?? undefined,
    linkedAt: row.linked_at,
    removedAt: row.removed_at ?? undefined,
  };
}
