import { classify } from '../plaid/error-classes';
import { PlaidError } from '../plaid/errors';
import type { LinkToken } from '../plaid/plaid';
import type { Delivery, LinkApiName } from '../session';
import { finalFailure } from './failures';
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
      const { linkToken, expiration } = await forCaller(plaid.linkTokenCreate(request));
      return { linkToken, expiration };
    },

    /**
     * Makes the hosted session. With `delivery` Plaid sends a message each time: then never repeat it after a failure
     * whose details say effect UNKNOWN, nor after a time-out.
     */
    async createSession({ linkApi, linkToken, delivery }: CreateInput): Promise<CreatedSession> {
      return await forCaller(linkApis[linkApi].create(linkToken, delivery));
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
