import { Pool } from 'undici';
import type { z } from 'zod';
import { InputError } from '../domain/input-error';
import { packageVersion } from '../http/package-version';
import type { Secret } from '../secrets/secret';
import type { PlaidEnvironment } from '../domain/link-token';
import { readAnswer } from './answer';
import { resolveBaseUrl } from './base-url';
import { type Identified, inCallSpan } from './call-span';
import { PlaidError } from './errors';
import { linkTokenGetAnswer } from './link-token-get';
import type { PlaidClient, Recipient } from './plaid';
import { post } from './post';
import type { PlaidRequests } from './requests';
import {
  exchangeAnswer,
  itemGetAnswer,
  itemRemoveAnswer,
  itemWebhookUpdateAnswer,
  linkDeliveryCreateAnswer,
  linkDeliveryGetAnswer,
  linkTokenCreateAnswer,
  webhookVerificationKeyAnswer,
} from './schemas';

/** The version of Plaid's API: the only current one. */
const PLAID_VERSION = '2020-09-14';

/** How long a call may take, and how large an answer may be. */
export interface PlaidLimits {
  /** Name resolution, TCP and TLS, in milliseconds. */
  connectMs: number;
  /** From the request's last byte to the answer's headers, in milliseconds. */
  headersMs: number;
  /** Between two pieces of the answer's body, in milliseconds. */
  bodyMs: number;
  /** The whole call, in milliseconds. Bounds the other three. */
  totalMs: number;
  /** The body of an answer, in bytes. */
  answerBytes: number;
}

/**
 * The limits of every call. 20 s in all, which the lease of a token exchange has to exceed; of it nearly all
 * is left for Plaid's answer, since an exchange that is given up early may have made an item that nobody can
 * tell of. The answers that are read are a few kB.
 */
export const PLAID_LIMITS: Readonly<PlaidLimits> = {
  connectMs: 5_000,
  headersMs: 18_000,
  bodyMs: 5_000,
  totalMs: 20_000,
  answerBytes: 4 * 1024 * 1024,
};

/** The Plaid account that a client speaks for. */
export interface PlaidClientOptions {
  clientId: string;
  secret: Secret;
  environment: PlaidEnvironment;
  /** An origin instead of Plaid's own, by the rules of `resolveBaseUrl`. */
  baseUrl?: string | undefined;
  /** Is told of each call when it has ended, before it returns or throws. */
  onCall?: ((call: EndedCall) => void) | undefined;
}

/** A call that has ended. */
export interface EndedCall {
  endpoint: keyof PlaidRequests;
  /** How long it took, in milliseconds. */
  durationMs: number;
  /** What it failed with, if it did. */
  error: PlaidError | undefined;
}

/**
 * A client of Plaid over a pool of kept connections. Close it when done.
 * @param limits for tests that cannot wait
 * @throws InputError INVALID_INPUT, field `PLAID_CLIENT_ID`, `PLAID_SECRET` or `PLAID_BASE_URL`
 */
export function createPlaidClient(
  options: PlaidClientOptions,
  limits: PlaidLimits = PLAID_LIMITS,
): PlaidClient {
  const { clientId, secret, environment, baseUrl, onCall } = options;
  checkKey('PLAID_CLIENT_ID', clientId);
  checkKey('PLAID_SECRET', secret.reveal());
  const userAgent = `hosted-link/${packageVersion()}`;

  // undici keeps an idle connection for 4 s, or for less when the server says so: short, so that hardly a
  // request meets a connection that the other side is closing, since an exchange that is cut off then counts
  // as possibly done.
  const pool = new Pool(resolveBaseUrl(environment, baseUrl), {
    // HTTP/2 would repeat a request by itself when a stream is refused.
    allowH2: false,
    connectTimeout: limits.connectMs,
    headersTimeout: limits.headersMs,
    bodyTimeout: limits.bodyMs,
    maxResponseSize: limits.answerBytes,
  });

  async function call<E extends keyof PlaidRequests, T extends Identified>(
    endpoint: E,
    schema: z.ZodType<T>,
    request: PlaidRequests[E],
  ): Promise<T> {
    return await inCallSpan(endpoint, async () => {
      const startedAt = performance.now();
      const ended = (error?: PlaidError) =>
        onCall?.({ endpoint, durationMs: performance.now() - startedAt, error });
      try {
        const answer = await post(pool, {
          endpoint,
          headers: {
            'PLAID-CLIENT-ID': clientId,
            'PLAID-SECRET': secret.reveal(),
            'Plaid-Version': PLAID_VERSION,
            'User-Agent': userAgent,
            'Content-Type': 'application/json',
            Accept: 'application/json',
          },
          body: Buffer.from(JSON.stringify(request)),
          totalMs: limits.totalMs,
        });
        const read = readAnswer(endpoint, schema, answer);
        ended();
        return { httpStatus: answer.httpStatus, answer: read };
      } catch (error) {
        if (error instanceof PlaidError) ended(error);
        throw error;
      }
    });
  }

  return {
    async linkTokenCreate(request, accessToken) {
      const answer = await call('/link/token/create', linkTokenCreateAnswer, {
        ...request,
        ...(accessToken && { access_token: accessToken.reveal() }),
      });
      return {
        linkToken: answer.link_token,
        expiration: answer.expiration,
        hostedUrl: answer.hosted_link_url,
        requestId: answer.request_id,
      };
    },

    async linkTokenGet(linkToken) {
      return await call('/link/token/get', linkTokenGetAnswer, { link_token: linkToken });
    },

    async linkDeliveryCreate({ linkToken, recipient }) {
      const answer = await call('/link_delivery/create', linkDeliveryCreateAnswer, {
        link_token: linkToken,
        ...(recipient && { options: { recipient: toPlaidRecipient(recipient) } }),
      });
      return {
        url: answer.link_delivery_url,
        sessionId: answer.link_delivery_session_id,
        requestId: answer.request_id,
      };
    },

    async linkDeliveryGet(sessionId) {
      const answer = await call('/link_delivery/get', linkDeliveryGetAnswer, {
        link_delivery_session_id: sessionId,
      });
      return {
        status: answer.status,
        createdAt: answer.created_at,
        completedAt: answer.completed_at,
        accessTokens: answer.access_tokens,
        itemIds: answer.item_ids,
        publicTokens: answer.public_tokens,
        requestId: answer.request_id,
      };
    },

    async itemPublicTokenExchange(publicToken) {
      const answer = await call('/item/public_token/exchange', exchangeAnswer, {
        public_token: publicToken.reveal(),
      });
      return { accessToken: answer.access_token, itemId: answer.item_id, requestId: answer.request_id };
    },

    async itemGet(accessToken) {
      const { item, request_id } = await call('/item/get', itemGetAnswer, {
        access_token: accessToken.reveal(),
      });
      return {
        itemId: item.item_id,
        institutionId: item.institution_id,
        institutionName: item.institution_name,
        hasError: item.error != null,
        requestId: request_id,
      };
    },

    async itemRemove(accessToken) {
      const answer = await call('/item/remove', itemRemoveAnswer, { access_token: accessToken.reveal() });
      return { requestId: answer.request_id };
    },

    async itemWebhookUpdate(accessToken, webhook) {
      const answer = await call('/item/webhook/update', itemWebhookUpdateAnswer, {
        access_token: accessToken.reveal(),
        webhook,
      });
      return { requestId: answer.request_id };
    },

    async webhookVerificationKeyGet(keyId) {
      const { key, request_id } = await call('/webhook_verification_key/get', webhookVerificationKeyAnswer, {
        key_id: keyId,
      });
      return { keyId: key.kid, x: key.x, y: key.y, expired: key.expired_at !== null, requestId: request_id };
    },

    async close() {
      await pool.close();
    },
  };
}

function toPlaidRecipient({ method, address, firstName }: Recipient) {
  return { communication_methods: [{ method, address }], first_name: firstName };
}

/** What is not printable ASCII cannot be sent as a header; most often it is a line end at the end of a file. */
function checkKey(field: string, value: string): void {
  if (/^[\x21-\x7e]+$/.test(value)) return;
  const problem = value === '' ? 'empty' : 'contains spaces, line ends or characters outside ASCII';
  throw new InputError(
    field,
    problem,
    'give the value that the Plaid dashboard shows under Developers, Keys',
  );
}
