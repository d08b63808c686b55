import { isItemGone } from '../../plaid/error-classes';
import type { PlaidApiError } from '../../plaid/errors';
import { startRemoval } from '../../client/remove-item';
import { type ItemRow, VaultError } from '../../vault';
import { pagesOf, type ReconcileContext } from './context';
import type { Discrepancy } from './discrepancy';

/** Asks Plaid for each stored item. Each access token is read with an audit row, and shown to nobody. */
export async function* checkStoredItems(context: ReconcileContext): AsyncGenerator<Discrepancy> {
  const pages = pagesOf(
    (page) => context.vault.items.list({ live: true, ...page }),
    ({ itemId }) => itemId,
  );
  for await (const items of pages) {
    const standings = await Promise.all(items.map(({ itemId }) => standingAtPlaid(itemId, context)));
    for (const [index, item] of items.entries()) yield* compared(item, standings[index]!, context);
  }
}

/** Finds items of people who were forgotten after they had linked them. */
export async function* checkForgottenItems({
  temporal,
  vault,
  fix,
}: ReconcileContext): AsyncGenerator<Discrepancy> {
  const pages = pagesOf(
    (page) => vault.retention.listForgottenItems(page),
    ({ itemId }) => itemId,
  );
  for await (const items of pages) {
    for (const { itemId, userHash } of items) {
      if (fix) {
        await vault.repairs.enter('REMOVAL_STARTED', itemId);
        await startRemoval(itemId, temporal);
      }
      yield {
        kind: 'FORGOTTEN_ITEM',
        itemId,
        userHash,
        message: `item ${itemId} is of a person who was forgotten`,
        remedy: fix
          ? 'its removal is started: with a worker it is removed at Plaid and in the vault'
          : `with --fix it is removed at Plaid and in the vault, as by \`hosted-link items remove ${itemId}\``,
        repaired: fix,
      };
    }
  }
}

type StandingAtPlaid = 'THERE' | 'GONE' | 'REFUSED' | 'UNREADABLE' | 'REMOVED_SINCE';

async function standingAtPlaid(
  itemId: string,
  { vault, plaid, pace }: ReconcileContext,
): Promise<StandingAtPlaid> {
  const read = { itemId, actor: 'hosted-link reconcile', purpose: 'see whether Plaid has the item' };
  try {
    await vault.withAccessToken(read, (accessToken) => pace.call(() => plaid.itemGet(accessToken)));
    return 'THERE';
  } catch (error) {
    if (error instanceof VaultError && error.code === 'ITEM_REMOVED') return 'REMOVED_SINCE';
    if (error instanceof VaultError && error.code === 'DECRYPT_FAILED') return 'UNREADABLE';
    if (!isItemGone(error)) throw error;
    return (error as PlaidApiError).errorCode === 'INVALID_ACCESS_TOKEN' ? 'REFUSED' : 'GONE';
  }
}

async function* compared(
  { itemId, sessionKey }: ItemRow,
  standing: StandingAtPlaid,
  { vault, fix }: ReconcileContext,
): AsyncGenerator<Discrepancy> {
  const item = { itemId, sessionKey };
  switch (standing) {
    case 'GONE': {
      if (fix) await vault.repairs.removeItem(itemId);
      const remedy = fix
        ? 'it is marked as removed, and its access token is deleted'
        : 'with --fix it is marked as removed, and its access token is deleted';
      const message = `Plaid does not have item ${itemId} any more: it was removed, or the person took access away`;
      yield { kind: 'ITEM_GONE', ...item, message, remedy, repaired: fix };
      return;
    }
    case 'REFUSED': {
      const message = `Plaid does not take the access token of item ${itemId}`;
      const remedy = `if all are refused, the Plaid account is another one: correct PLAID_CLIENT_ID. Else it was replaced or withdrawn: have the person link again, then \`hosted-link items remove ${itemId}\``;
      yield { kind: 'TOKEN_REFUSED', ...item, message, remedy, repaired: false };
      return;
    }
    case 'UNREADABLE': {
      const message = `the access token of item ${itemId} does not decrypt: its row was changed`;
      const remedy = 'restore the row from another backup, and find out who writes to the database';
      yield { kind: 'ITEM_UNREADABLE', ...item, message, remedy, repaired: false };
      return;
    }
    case 'THERE':
    case 'REMOVED_SINCE':
  }
}
