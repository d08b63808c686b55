import { timingSafeEqual } from 'node:crypto';
import type { LedgerJson } from '../src/sandbox';
import type { Vault } from '../src/vault';

/**
 * Tells whether an item of the vault decrypts to the token that Plaid issued for it. Writes an audit row.
 * @param actor who reads it, for the audit
 */
export async function hasIssuedToken(
  vault: Pick<Vault, 'withAccessToken'>,
  itemId: string,
  ledger: Pick<LedgerJson, 'items'>,
  actor: string,
): Promise<boolean> {
  const issued = Buffer.from(ledger.items.find((item) => item.itemId === itemId)?.accessToken ?? '');
  const read = { itemId, actor, purpose: 'compare with what Plaid issued' };
  return await vault.withAccessToken(read, async (token) => {
    const stored = Buffer.from(token.reveal());
    return stored.length === issued.length && timingSafeEqual(stored, issued);
  });
}
