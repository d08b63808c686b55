import { invalidInput, plaidErrorBody } from './api-error';
import type { Body, EndpointContext } from './endpoint-context';
import { iso } from './iso';
import type { ItemRecord, LinkedAccount } from './records';
import {
  accountsGetSchema,
  exchangeSchema,
  itemGetSchema,
  itemRemoveSchema,
  itemWebhookUpdateSchema,
  readRequest,
} from './request-schemas';

/** `/item/public_token/exchange`. */
export function exchangePublicToken({ state, switches }: EndpointContext, body: Body) {
  const item = state.items.exchange(readRequest(exchangeSchema, body).public_token, switches.secondExchange);
  return { access_token: item.accessToken, item_id: item.itemId };
}

/** `/item/get`. */
export function getItem({ state }: EndpointContext, body: Body) {
  const item = state.items.live(readRequest(itemGetSchema, body).access_token);
  return { item: { ...itemBody(item), created_at: iso(item.createdAt) }, status: null };
}

/** `/accounts/get`. Balances are as the bank told them last, so that they are there also while the item has an error. */
export function getAccounts({ state }: EndpointContext, body: Body) {
  const request = readRequest(accountsGetSchema, body);
  const item = state.items.live(request.access_token);
  const chosen = request.options?.account_ids;
  const unknown = chosen?.find((id) => !item.accounts.some((account) => account.id === id));
  if (unknown !== undefined) throw invalidInput('INVALID_ACCOUNT_ID', `the item has no account ${unknown}`);
  const accounts = item.accounts.filter(({ id }) => chosen?.includes(id) ?? true);
  return { accounts: accounts.map(accountBody), item: itemBody(item) };
}

/** `/item/webhook/update`. No webhook, or null, removes the item's. */
export function updateItemWebhook({ state }: EndpointContext, body: Body) {
  const request = readRequest(itemWebhookUpdateSchema, body);
  const item = state.items.live(request.access_token);
  item.webhookUrl = request.webhook ?? undefined;
  return { item: itemBody(item) };
}

/** `/item/remove`. */
export function itemRemove({ state }: EndpointContext, body: Body) {
  const item = state.items.live(readRequest(itemRemoveSchema, body).access_token);
  item.removedAt = state.now();
  return {};
}

function accountBody({ id, name, mask, type, subtype, balance }: LinkedAccount) {
  return {
    account_id: id,
    balances: { ...balance, iso_currency_code: 'USD', unofficial_currency_code: null },
    mask,
    name,
    official_name: null,
    type,
    subtype,
  };
}

function itemBody(item: ItemRecord) {
  return {
    item_id: item.itemId,
    institution_id: item.institution.institutionId,
    institution_name: item.institution.name,
    webhook: item.webhookUrl ?? null,
    error: item.error ? plaidErrorBody(item.error) : null,
    available_products: ['balance', 'identity'],
    billed_products: ['auth'],
    products: ['auth'],
    consent_expiration_time: null,
    update_type: 'background',
  };
}
