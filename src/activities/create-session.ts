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

/** The item that a session in update mode is to mend. */
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

/** What {@link createSessionActivities.claimAndCreate} found and made. */
export interface ClaimedSession {
  claimed: Claimed;
  /** Undefined when the key stands for an earlier session. */
  created: CreatedSession | undefined;
}

/** Activities that make a session at Plaid. The vault is used only before Plaid is called. */
export function createSessionActivities({ plaid, plaidFlows, vault }: ActivityDeps) {
  /** Runs `use` with the access token of the item to be mended, which goes nowhere else. */
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
     * Claims the session's row, and makes the hosted session, with a link token where it needs one. A repeat leaves an unused
     * session behind, of which nobody has the link.
     *
     * @throws VAULT/* before Plaid is called; for good when the key stands for another request, or `update` names an item that is
     * unknown or removed
     */
    async claimAndCreate(claim: ClaimInput, input: Omit<CreateInput, 'delivery'>): Promise<ClaimedSession> {
      const claimed = await claimRow(vault, claim);
      const created = claimed.endedBefore ? undefined : await make({ ...input, delivery: undefined });
      return { claimed, created };
    },

    /**
     * Makes a link token. A repeat leaves an unused link token behind, which harms nothing.
     *
     * @throws VAULT/ITEM_UNKNOWN or VAULT/ITEM_REMOVED for good, when `update` names such an item
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
     * Makes the hosted session. With `delivery` Plaid sends a message each time: then never repeat it after a failure
     * whose details say effect UNKNOWN, nor after a time-out.
     *
     * @throws VAULT/* before Plaid is called; for good when `update` names an item that is unknown or removed
     */
    async createSession(input: CreateInput): Promise<CreatedSession> {
      return await make(input);
    },
  };
}

/** A caller waits for a create, so what only an operator can mend fails it at once. */
async function forCaller<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof PlaidError && classify(error) === 'operator') throw finalFailure(error);
    throw error;
  }
}
