import type { AccountBase, PlaidApi } from 'plaid';
import { type ItemRow, userHash, type Vault } from 'hosted-link/vault';

/** A bank that a person has connected. */
export interface BankView {
  /** Plaid's item id: it opens nothing without the access token. */
  itemId: string;
  name: string;
}

/** What is in an account. */
export interface AccountView {
  name: string;
  mask: string | null;
  balance: number | null;
  /** ISO 4217. */
  currency: string | null;
}

export interface BankAccounts {
  accounts: AccountView[];
  /** Whether the person has to sign in at the bank again: offer update mode. */
  needsRenewal: boolean;
}

/** Plaid refused, or could not be asked. Has no request, answer or cause: in those of Plaid's client stand secret and token. */
export class PlaidCallFailed extends Error {
  constructor(
    /** Plaid's error code; undefined when there was no answer of Plaid's. */
    readonly code: string | undefined,
    /** For Plaid's support. */
    readonly requestId: string | undefined,
  ) {
    super(`Plaid: ${code ?? 'no answer'} (request ${requestId ?? 'unknown'})`);
    this.name = 'PlaidCallFailed';
  }
}

/** The person has to sign in at the bank again. */
const LOGIN_REQUIRED = 'ITEM_LOGIN_REQUIRED';

/** What a person has connected, and what Plaid tells of it. */
export class Banks {
  constructor(
    private readonly vault: Vault,
    private readonly plaid: PlaidApi,
  ) {}

  async list(userId: string): Promise<BankView[]> {
    const items = await this.vault.items.list({ userHash: userHash(userId), live: true });
    return items.map(({ itemId, institutionName }) => ({ itemId, name: institutionName ?? 'Your bank' }));
  }

  /** The person's own item; undefined for one of somebody else, and for one that was removed. */
  async find(userId: string, itemId: string): Promise<ItemRow | undefined> {
    const item = await this.vault.items.get(itemId);
    return item && item.userHash === userHash(userId) && !item.removedAt ? item : undefined;
  }

  /**
   * Asks Plaid with the stored access token, which leaves the vault for this one call and is written down in its audit.
   *
   * @throws PlaidCallFailed
   */
  async accounts({ itemId }: ItemRow): Promise<BankAccounts> {
    return await this.vault.withAccessToken(
      { itemId, actor: 'example-app', purpose: 'show the accounts to their owner' },
      async (accessToken) => {
        try {
          const { data } = await this.plaid.accountsGet({ access_token: accessToken.reveal() });
          return {
            accounts: data.accounts.map(accountView),
            needsRenewal: data.item.error?.error_code === LOGIN_REQUIRED,
          };
        } catch (error) {
          const failure = plaidFailure(error);
          if (failure.code === LOGIN_REQUIRED) return { accounts: [], needsRenewal: true };
          throw failure;
        }
      },
    );
  }
}

function accountView({ name, mask, balances }: AccountBase): AccountView {
  return { name, mask, balance: balances.current, currency: balances.iso_currency_code };
}

function plaidFailure(error: unknown): PlaidCallFailed {
  const { response } = error as { response?: { data?: { error_code?: string; request_id?: string } } };
  return new PlaidCallFailed(response?.data?.error_code, response?.data?.request_id);
}
