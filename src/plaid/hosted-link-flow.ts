import { classOf } from './error-classes';
import { PlaidBadAnswerError } from './errors';
import type { LinkSession, LinkTokenRequest, LinkTokenStatus, PlaidClient } from './plaid';
import type { PlaidEnvironment } from '../domain/link-token';
import type { Delivery } from '../domain/start-request';
import type { SessionStatus } from '../domain/states';
import type { PlaidErrorView } from '../domain/views';
import { parseLinkToken } from '../domain/link-token';
import type { SeenToken } from '../secrets/seen-token';
import type { FlowClient } from './flow-client';

/** How far Plaid's clock and ours may be apart before a link is called EXPIRED too early, in milliseconds: 2 minutes. */
const CLOCK_DIFFERENCE_MS = 2 * 60_000;

/**
 * `/link/token/create` with `hosted_link`, and `/link/token/get`: Plaid hands out public tokens. It says no status; that follows
 * from the visits of the person, and from the clock.
 *
 * @param now the time, in milliseconds since the epoch
 */
export function hostedLinkFlow(
  plaid: PlaidClient,
  environment: PlaidEnvironment,
  now: () => Promise<number>,
): FlowClient {
  return {
    async create({ linkTokenRequest, accessToken, delivery }) {
      if (linkTokenRequest === undefined) throw new TypeError('hosted_link takes a link token request');
      const body = withHostedLink(linkTokenRequest, delivery);
      const { linkToken, expiration, hostedUrl, requestId } = await plaid.linkTokenCreate(body, accessToken);
      const parts = parseLinkToken(linkToken);
      if (parts?.environment !== environment)
        throw unusable(`link_token: not one of ${environment}`, requestId);
      if (hostedUrl === undefined) throw unusable('hosted_link_url: missing', requestId);
      return { plaidSessionId: parts.id, url: hostedUrl, expiration };
    },

    async get(plaidSessionId) {
      const standing = await plaid.linkTokenGet(`link-${environment}-${plaidSessionId}`);
      return {
        status: statusOf(standing, await now()),
        tokens: standing.linkSessions.flatMap(tokensOf),
        completedAt: standing.linkSessions.findLast(({ succeeded }) => succeeded)?.finishedAt,
        exitError: exitErrorOf(standing.linkSessions),
      };
    },
  };
}

/** Plaid sends the link to an address of the request's user. */
function withHostedLink(request: LinkTokenRequest, delivery: Delivery | undefined): LinkTokenRequest {
  const options = request['hosted_link'] as object | undefined;
  if (!delivery) return { ...request, hosted_link: { ...options } };
  const user = request['user'] as object | undefined;
  const [method, field] = delivery.method === 'SMS' ? ['sms', 'phone_number'] : ['email', 'email_address'];
  return {
    ...request,
    user: { ...user, [field]: delivery.address },
    hosted_link: { ...options, delivery_method: method },
  };
}

function unusable(problem: string, requestId: string): PlaidBadAnswerError {
  return new PlaidBadAnswerError('/link/token/create', 200, problem, requestId);
}

/** A success counts even beside a visit that is open: a link is good for one. */
function statusOf({ linkSessions, expiration }: LinkTokenStatus, nowMs: number): SessionStatus {
  if (linkSessions.some(({ succeeded }) => succeeded)) return 'COMPLETED';
  if (linkSessions.some(({ finished }) => !finished)) return 'OPENED';
  if (expiration !== undefined && nowMs >= Date.parse(expiration) + CLOCK_DIFFERENCE_MS) return 'EXPIRED';
  return linkSessions.length > 0 ? 'EXITED' : 'CREATED';
}

function tokensOf({ linkSessionId, results }: LinkSession): SeenToken[] {
  return results.map(({ publicToken, ...described }) => ({
    kind: 'public_token',
    token: publicToken,
    linkSessionId,
    ...described,
  }));
}

function exitErrorOf(linkSessions: readonly LinkSession[]): PlaidErrorView | undefined {
  const error = linkSessions.findLast(({ exitError }) => exitError !== undefined)?.exitError;
  if (!error) return undefined;
  const { errorType, errorCode, displayMessage, requestId } = error;
  return {
    type: `${errorType}/${errorCode}`,
    message: `the person left after ${errorType}/${errorCode}`,
    ...(displayMessage !== undefined && { displayMessage }),
    requestId,
    class: classOf(errorType, errorCode) ?? 'permanent',
    effect: 'NONE',
  };
}
