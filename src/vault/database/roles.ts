import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Database } from './database';
import { lacksPrivilege } from './database-error';
import { lockSchema, ROLES_FILE, SQL_FOLDER } from './migrate';

/**
 * Makes the roles of `sql/roles.sql` and grants them their rights, after {@link migrate}. Repeating it is harmless. False when
 * this login may not: it can neither make roles that are missing, nor grant rights on tables of another owner.
 * @throws VaultError VAULT_UNREACHABLE or VAULT_FAILED
 */
export async function grantRoles(databaseUrl: string): Promise<boolean> {
  const sql = await readFile(join(SQL_FOLDER, ROLES_FILE), 'utf8');
  const database = new Database(databaseUrl);
  try {
    await database.transaction(async (transaction) => {
      await lockSchema(transaction);
      await transaction.query(sql);
    });
    return true;
  } catch (error) {
    if (lacksPrivilege(error)) return false;
    throw error;
  } finally {
    await database.close();
  }
}
