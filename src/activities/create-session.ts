import type { LinkToken } from '../plaid/plaid';
import type { Delivery, LinkApiName } from '../session';
import type { ActivityDeps } from './index';
import type { CreatedSession } from './link-api';

/** The input of {@link createSessionActivities.createSession}. */
export interface CreateInput {
  linkApi: LinkApiName;
  linkToken: string;
  delivery: Delivery | undefined;
}

/** Activities that make a session at Plaid. */
export function createSessionActivities({ plaid, linkApis }: ActivityDeps) {
  return {
    /** Makes a link token. A repeat leaves an unused link token behind, which harms nothing. */
    async createLinkToken(request: Record<string, unknown>): Promise<Omit<LinkToken, 'requestId'>> {
      const { linkToken, expiration } = await plaid.linkTokenCreate(request);
      return { linkToken, expiration };
    },

    /**
     * Makes the hosted session. With `delivery` Plaid sends a message each time: then never repeat it after a failure
     * whose details say effect UNKNOWN, nor after a time-out.
     */
    async createSession({ linkApi, linkToken, delivery }: CreateInput): Promise<CreatedSession> {
      return await linkApis[linkApi].create(linkToken, delivery);
    },
  };
}
