import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import { Secret } from '../secret';
import type { PlaidEnvironment } from '../session';
import { registerApi, toApiError } from './api';
import { ApiError } from './api-error';
import { driveSessions } from './auto-driver';
import type { Fault, FaultOptions, SandboxEndpoint } from './fault';
import { FaultPlan } from './fault';
import type { SandboxLedger } from './ledger';
import { Ledger } from './ledger';
import { LINK_TOKEN_LIFETIME_MS } from './link-token-endpoints';
import { hostedPage, pagePath } from './page/routes';
import type { ItemHandle, SessionHandle } from './person';
import { itemHandle, sessionHandle } from './person';
import { randomId } from './random-id';
import type { LinkSessionShape, TokenShape } from './records';
import { sendSessionWebhooks } from './session-webhooks';
import { SandboxState } from './state';
import { WebhookKeys } from './webhook-keys';
import type { WebhookDelivery } from './webhook-sender';
import { WebhookSender } from './webhook-sender';

export type { Fault } from './fault';
export type { LedgerJson } from './ledger';
export type { ItemHandle, SessionHandle } from './person';
export type { LinkSessionShape, TokenShape } from './records';
export type { WebhookDelivery } from './webhook-sender';

const HOST = '127.0.0.1';

export interface SandboxOptions {
  /** TCP port on 127.0.0.1; 0 (the default) takes a free one. */
  port?: number;
  clientId: string;
  secret: string;
  /** In the tokens' prefix. Default `sandbox`. */
  environment?: PlaidEnvironment;
  /** The sandbox's clock, in milliseconds since 1970. Default `Date.now`. */
  now?: () => number;
  /** True: `/link_delivery/get` shows a session's tokens only once. Default false. */
  tokensOnce?: boolean;
  /** Default `access_tokens`, today's shape. */
  tokenShape?: TokenShape;
  /** Default `results`, today's shape. */
  linkSessionShape?: LinkSessionShape;
  /** True: `/link/token/get` refuses an expired link token. Plaid does not say what it does. Default false. */
  refuseExpired?: boolean;
  /** True: sessions drive themselves. Default false. */
  auto?: boolean;
  /** How long a link token lives when its request does not say, in milliseconds. Default: what Plaid documents, mostly 4 h. */
  linkTokenLifetimeMs?: number;
  /** Makes what `auto` does repeatable. Default 1. */
  seed?: number;
}

/** A link token made without HTTP. Lifetime in milliseconds, default as for a request; one item by default. */
interface LinkTokenOptions {
  lifetimeMs?: number;
  tokenShape?: TokenShape;
  linkSessionShape?: LinkSessionShape;
  /** How many items the session makes when no person chooses; with more than one the page lets the person add banks. */
  items?: number;
  /** Where its session's webhooks go, as the field `webhook` of a request says; on this machine only. */
  webhook?: string;
}

/** A running offline Plaid. */
export interface Sandbox {
  /** Such as `http://127.0.0.1:40123`: Plaid's base URL, and the origin of the hosted pages. */
  readonly url: string;
  /** Stops it. Open connections are closed, held answers never come. */
  close(): Promise<void>;
  ledger(): SandboxLedger;
  issueLinkToken(options?: LinkTokenOptions): string;
  /** @throws Error when `/link_delivery/create` or a hosted `/link/token/create` has not yet made the session */
  session(idOrLinkToken: string): SessionHandle;
  /** @throws RangeError when no item has this id */
  item(itemId: string): ItemHandle;
  /** Plans a fault for the next requests to an endpoint. The function that it gives removes it. */
  fault(endpoint: SandboxEndpoint, fault: Fault, options?: FaultOptions): () => void;
  /** Lets every request to every endpoint meet a fault (default: HTTP 503 with a page) until the function that it gives is called. */
  outage(fault?: Fault): () => void;
  readonly webhooks: SandboxWebhooks;
}

/** The sandbox's webhooks and the keys that sign them. */
export interface SandboxWebhooks {
  /** What was sent, oldest first. Each body holds a session id: do not print it. */
  deliveries(): readonly WebhookDelivery[];
  /** A token that makes a webhook of any body, by the sandbox's clock. */
  sign(body: string): string;
  /** Signs with a new key from now on, and gives its id. The one before stays good until it is expired. */
  rotateKey(): string;
  /** Withdraws a key; by default the one that signs, and goes on signing. */
  expireKey(keyId?: string): void;
}

/**
 * Starts the offline Plaid on 127.0.0.1. All it knows lives in memory.
 * @throws the listen error of Node (`EADDRINUSE`, `EACCES`) when the port cannot be had
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { tokenShape = 'access_tokens', linkSessionShape = 'results', linkTokenLifetimeMs } = options;
  const state = new SandboxState(options.environment ?? 'sandbox', options.now ?? Date.now);
  const hostedUrl = (sessionId: string): string => url + pagePath(sessionId);
  const faults = new FaultPlan();
  const webhookKeys = new WebhookKeys(state.now);
  const sender = new WebhookSender(webhookKeys, state.now);
  sendSessionWebhooks(state, sender);
  const ledger = new Ledger(state, sender.deliveries, hostedUrl, options.secret);

  const server = Fastify({ exposeHeadRoutes: false, forceCloseConnections: true });
  server.removeContentTypeParser('text/plain');
  server.addHook('onRequest', async (request, reply) => {
    // Only names of this machine: a page elsewhere whose name was made to resolve to 127.0.0.1 sends its own.
    const { host } = request.headers;
    const port = request.socket.localPort;
    if (host !== `127.0.0.1:${port}` && host !== `localhost:${port}`) {
      return reply.code(421).type('text/plain').send('This server answers on loopback names only.\n');
    }
  });
  server.setErrorHandler(async (error, _request, reply) => {
    const apiError = toApiError(error);
    return reply.code(apiError.httpStatus).send(apiError.toBody(randomId(15)));
  });
  server.setNotFoundHandler(async (_request, reply) =>
    reply.code(404).send(new ApiError('INVALID_REQUEST', 'NOT_FOUND', 'not found', 404).toBody(randomId(15))),
  );
  registerApi(server, {
    context: {
      state,
      webhookKeys,
      hostedUrl,
      tokensOnce: options.tokensOnce ?? false,
      tokenShape,
      linkSessionShape,
      refuseExpired: options.refuseExpired ?? false,
      linkTokenLifetimeMs,
    },
    faults,
    ledger,
    clientId: options.clientId,
    secret: new Secret(options.secret),
  });
  await server.register(hostedPage, { state });
  await server.listen({ host: HOST, port: options.port ?? 0 });
  const url = `http://${HOST}:${(server.server.address() as AddressInfo).port}`;
  const stopDriving = options.auto ? driveSessions(state, options.seed ?? 1) : () => {};

  return {
    url,
    close: async () => {
      stopDriving();
      await sender.close();
      await server.close();
    },
    ledger: () => ledger,
    issueLinkToken: ({ lifetimeMs, items = 1, webhook, ...shapes } = {}) => {
      const chosenMs = lifetimeMs ?? linkTokenLifetimeMs;
      return state.issueLinkToken({
        lifetimeMs: chosenMs ?? LINK_TOKEN_LIFETIME_MS,
        fixedLifetime: chosenMs !== undefined,
        hosted: false,
        clientName: 'Demo application',
        metadata: { initial_products: ['auth'], country_codes: ['US'], language: 'en', redirect_uri: null },
        completionRedirectUri: undefined,
        webhookUrl: webhook,
        tokenShape: shapes.tokenShape ?? tokenShape,
        linkSessionShape: shapes.linkSessionShape ?? linkSessionShape,
        items,
        multiItem: items > 1,
        updates: undefined,
      }).linkToken;
    },
    session: (idOrLinkToken) => {
      const session = state.findLinkToken(idOrLinkToken)?.session;
      if (!session)
        throw new Error('No session yet: /link_delivery/create has not been called for this link token');
      return sessionHandle(state, session);
    },
    item: (itemId) => {
      const item = state.items.find(itemId);
      if (!item) throw new RangeError('The sandbox has no item with this id');
      return itemHandle(state, item);
    },
    fault: (endpoint, fault, faultOptions) => faults.add(endpoint, fault, faultOptions),
    webhooks: {
      deliveries: () => sender.deliveries,
      sign: (body) => webhookKeys.sign(body),
      rotateKey: () => webhookKeys.rotate(),
      expireKey: (keyId) => webhookKeys.expire(keyId),
    },
    outage: (fault = { kind: 'html', status: 503 }) => faults.add(undefined, fault, { times: Infinity }),
  };
}
