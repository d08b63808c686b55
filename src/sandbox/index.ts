import type { AddressInfo } from 'node:net';
import { registerApi } from './api';
import { driveSessions } from './auto-driver';
import { SandboxClock } from './clock';
import { controlApi } from './control';
import { Credentials } from './credentials';
import type { Fault, FaultSubject } from './fault';
import { checkFault } from './fault';
import { itemHandle, sessionHandle } from './handles';
import { ItemWebhooks } from './item-webhooks';
import { Ledger } from './ledger';
import { LINK_TOKEN_LIFETIME_MS } from './link-token-endpoints';
import { hostedPage, pagePath } from './page/routes';
import { Plan } from './plan';
import type { LinkTokenOptions, Sandbox, SandboxOptions } from './sandbox';
import { DEFAULT_CLIENT_ID, DEFAULT_SECRET } from './sandbox';
import { createSandboxServer } from './server';
import { sendSessionWebhooks } from './session-webhooks';
import { SandboxState } from './state';
import { changeSwitches, DEFAULT_SWITCHES } from './switches';
import { checkWebhookFault } from './webhook-fault';
import { WebhookKeys } from './webhook-keys';
import { WebhookSender } from './webhook-sender';

export type { Fault, SandboxEndpoint } from './fault';
export type { ConnectionChoice, ItemHandle, SessionHandle } from './handles';
export type { LedgerJson, SandboxLedger } from './ledger';
export type { PlanOptions } from './plan';
export type { LinkExit } from './records';
export type { LinkTokenOptions, Sandbox, SandboxOptions, SandboxWebhooks } from './sandbox';
export { DEFAULT_CLIENT_ID, DEFAULT_SECRET } from './sandbox';
export type { SandboxSwitches } from './switches';
export type { Webhook, WebhookFault } from './webhook-fault';
export type { WebhookDelivery } from './webhook-sender';

const HOST = '127.0.0.1';

/**
 * Starts the offline Plaid on 127.0.0.1. All it knows lives in memory.
 * @throws the listen error of Node (`EADDRINUSE`, `EACCES`) when the port cannot be had
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const {
    port = 0,
    clientId = DEFAULT_CLIENT_ID,
    secret = DEFAULT_SECRET,
    environment = 'sandbox',
    now = Date.now,
    auto = false,
    linkTokenLifetimeMs,
    seed = 1,
    ...given
  } = options;
  const switches = changeSwitches(DEFAULT_SWITCHES, given);
  const clock = new SandboxClock(now);
  const state = new SandboxState(environment, clock.now);
  const faults = new Plan<Fault, FaultSubject>();
  const webhookKeys = new WebhookKeys(clock.now);
  const sender = new WebhookSender({ keys: webhookKeys, clock, retries: () => switches.webhookRetries });
  const itemWebhooks = new ItemWebhooks(state, sender);
  sendSessionWebhooks({ state, clock, sender, switches });
  const hostedUrl = (sessionId: string): string => sandbox.url + pagePath(sessionId);
  const ledger = new Ledger(state, sender.deliveries, hostedUrl, secret);
  const credentials = new Credentials(clientId, secret);
  const server = createSandboxServer();

  const issueLinkToken = ({ lifetimeMs, items = 1, webhook, ...shapes }: LinkTokenOptions = {}): string => {
    const chosenMs = lifetimeMs ?? linkTokenLifetimeMs;
    return state.issueLinkToken({
      lifetimeMs: chosenMs ?? LINK_TOKEN_LIFETIME_MS,
      fixedLifetime: chosenMs !== undefined,
      hosted: false,
      clientName: 'Demo application',
      metadata: { initial_products: ['auth'], country_codes: ['US'], language: 'en', redirect_uri: null },
      completionRedirectUri: undefined,
      webhookUrl: webhook,
      tokenShape: shapes.tokenShape ?? switches.tokenShape,
      linkSessionShape: shapes.linkSessionShape ?? switches.linkSessionShape,
      items,
      multiItem: items > 1,
      updates: undefined,
    }).linkToken;
  };

  const sandbox: Sandbox & { url: string } = {
    url: '',
    close: async () => {
      stopDriving();
      clock.close();
      await sender.close();
      await server.close();
    },
    ledger: () => ledger,
    issueLinkToken,
    session: (idOrLinkToken) => {
      const session = state.findLinkToken(idOrLinkToken)?.session;
      if (session) return sessionHandle(state, session);
      throw new RangeError('No session yet: no create has been called for this link token');
    },
    item: (itemId) => {
      const item = state.items.find(itemId);
      if (item) return itemHandle(itemWebhooks, item);
      throw new RangeError('The sandbox has no item with this id');
    },
    fault: (endpoint, fault, { matching = () => true, times } = {}) => {
      checkFault(fault);
      return faults.add(fault, {
        times,
        matching: (subject) => subject.endpoint === endpoint && matching(subject.body),
      });
    },
    outage: (fault = { kind: 'html', status: 503 }, { matching = () => true, times = Infinity } = {}) => {
      checkFault(fault);
      return faults.add(fault, { times, matching: ({ body }) => matching(body) });
    },
    switches,
    set: (changes) => void Object.assign(switches, changeSwitches(switches, changes)),
    clock,
    webhooks: {
      deliveries: () => sender.deliveries,
      send: (url, webhook) => sender.send(url, webhook),
      fault: (fault, planOptions) => {
        checkWebhookFault(fault);
        return sender.faults.add(fault, planOptions);
      },
      sign: (body) => webhookKeys.sign(body),
      rotateKey: () => webhookKeys.rotate(),
      expireKey: (keyId) => webhookKeys.expire(keyId),
    },
  };

  registerApi(server, {
    context: { state, webhookKeys, itemWebhooks, hostedUrl, switches, linkTokenLifetimeMs },
    faults,
    ledger,
    credentials,
  });
  await server.register(hostedPage, { state });
  await server.register(controlApi, { prefix: '/control', sandbox, credentials });
  const stopDriving = auto ? driveSessions(state, seed) : () => {};
  await server.listen({ host: HOST, port });
  sandbox.url = `http://${HOST}:${(server.server.address() as AddressInfo).port}`;
  return sandbox;
}
