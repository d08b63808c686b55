import type { PlaidFlow } from '../domain/plaid-flow';
import type { Delivery } from '../domain/start-request';
import { classify } from '../plaid/error-classes';
import { PlaidError } from '../plaid/errors';
import type { CreatedSession } from '../plaid/flow-client';
import type { LinkToken, LinkTokenRequest } from '../plaid/plaid';
import type { Secret } from '../secrets/secret';
import type { ActivityDeps } from './deps';
import { finalFailure } from './failures';
import { type Claimed, type ClaimInput, claimRow } from './session-row';

export type { CreatedSession } from '../plaid/flow-client';

/** The item that a session in update mode updates. */
export interface ItemUpdate {
  itemId: string;
}

/** The input of {@link createSessionActivities.createSession}: a link token, or the request for one. */
export interface CreateInput {
  plaidFlow: PlaidFlow;
  linkToken?: string | undefined;
  linkTokenRequest?: LinkTokenRequest | undefined;
  /** With a `linkTokenRequest`. */
  update?: ItemUpdate | undefined;
  delivery: Delivery | undefined;
}

/** The result of {@link createSessionActivities.claimAndCreate}. */
export interface ClaimedSession {
  claimed: Claimed;
  /** Undefined when the key belongs to an earlier session. */
  created: CreatedSession | undefined;
}

/** Makes the activities that create a session at Plaid. They use the vault only before they call Plaid. */
export function createSessionActivities({ plaid, plaidFlows, vault }: ActivityDeps) {
  /** Runs `use` with the access token of the item to update; the token goes nowhere else. */
  async function withItem<T>(
    update: ItemUpdate | undefined,
    use: (accessToken: Secret | undefined) => Promise<T>,
  ): Promise<T> {
    if (!update) return await use(undefined);
    const { itemId } = update;
    return await vault.withAccessToken({ itemId, actor: 'hosted-link worker', purpose: 'update mode' }, use);
  }

  async function make({ plaidFlow, update, ...session }: CreateInput): Promise<CreatedSession> {
    return await withItem(update, (accessToken) =>
      forCaller(plaidFlows[plaidFlow].create({ ...session, accessToken })),
    );
  }

  return {
    /**
     * Claims the session's row and creates the hosted session, with a link token if the Plaid flow takes one. A retry leaves an
     * unused session behind, whose link nobody has.
     *
     * @throws VAULT/* before Plaid is called; not retryable when the key belongs to another request, or when `update` names an item
     * that is unknown or removed
     */
    async claimAndCreate(claim: ClaimInput, input: Omit<CreateInput, 'delivery'>): Promise<ClaimedSession> {
      const claimed = await claimRow(vault, claim);
      const created = claimed.endedBefore ? undefined : await make({ ...input, delivery: undefined });
      return { claimed, created };
    },

    /**
     * Creates a link token. A retry leaves an unused link token behind, which is harmless.
     *
     * @throws VAULT/ITEM_UNKNOWN or VAULT/ITEM_REMOVED, not retryable, when `update` names such an item
     */
    async createLinkToken(
      request: LinkTokenRequest,
      update?: ItemUpdate,
    ): Promise<Pick<LinkToken, 'linkToken' | 'expiration'>> {
      return await withItem(update, async (accessToken) => {
        const { linkToken, expiration } = await forCaller(plaid.linkTokenCreate(request, accessToken));
        return { linkToken, expiration };
      });
    },

    /**
     * Creates the hosted session. With `delivery`, Plaid sends a message on each call: do not retry after a timeout, or after a
     * failure whose details contain effect UNKNOWN.
     *
     * @throws VAULT/* before Plaid is called; not retryable when `update` names an item that is unknown or removed
     */
    async createSession(input: CreateInput): Promise<CreatedSession> {
      return await make(input);
    },
  };
}

/** Fails at once on errors that only an operator can fix, because a caller waits for the create. */
async function forCaller<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof PlaidError && classify(error) === 'operator') throw finalFailure(error);
    throw error;
  }
}
