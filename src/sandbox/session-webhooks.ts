import { MINUTE } from '../domain/time';
import type { DeliveryMethod } from '../domain/plaid-flow';
import type { SandboxClock } from './clock';
import type { LinkEvent, PublicTokenRecord, SandboxSession } from './records';
import type { SandboxState, SessionListener } from './state';
import type { SandboxSwitches } from './switches';
import type { Visit } from './webhook-bodies';
import {
  deliveryStatus,
  endCallback,
  eventCallback,
  itemAddResult,
  linkEvents,
  sessionFinished,
} from './webhook-bodies';
import type { Webhook } from './webhook-fault';
import type { WebhookSender } from './webhook-sender';

/**
 * How long after a person's last step a link session counts as abandoned, in milliseconds. Plaid documents 5 to 15 min
 * (plaid.com/docs, 2026-03).
 */
const ABANDONED_AFTER_MS = 10 * MINUTE;

interface WebhookContext {
  state: SandboxState;
  clock: SandboxClock;
  sender: WebhookSender;
  switches: Readonly<SandboxSwitches>;
}

/** Sends the webhooks of sessions whose link token has a webhook. */
export function sendSessionWebhooks(context: WebhookContext): void {
  context.state.watch(deliveryWebhooks(context));
  context.state.watch(linkWebhooks(context));
}

/** LINK_DELIVERY, for the sessions of `/link_delivery/create`. They carry no token. */
function deliveryWebhooks({ state, sender, switches }: WebhookContext): SessionListener {
  const send = ({ delivered, linkToken }: SandboxSession, webhook: () => Webhook): void => {
    if (delivered && linkToken.webhookUrl !== undefined) sender.send(linkToken.webhookUrl, webhook());
  };
  return {
    messaged: (session: SandboxSession, method: DeliveryMethod) =>
      send(session, () => deliveryStatus(session.linkToken, state.now(), method, switches.deliveryFails)),
    noted: (session: SandboxSession, { name, at }: LinkEvent) => {
      if (switches.eventCallbacks) send(session, () => eventCallback(latestVisit(state, session), at, name));
    },
    moved: (session: SandboxSession) => {
      if (hasLeft(session)) send(session, () => endCallback(latestVisit(state, session), state.now()));
    },
  };
}

/** LINK, for link tokens that were made with `hosted_link`. */
function linkWebhooks({ state, clock, sender, switches }: WebhookContext): SessionListener {
  const send = ({ linkToken }: SandboxSession, webhook: () => Webhook): void => {
    if (linkToken.hosted && linkToken.webhookUrl !== undefined) sender.send(linkToken.webhookUrl, webhook());
  };
  return {
    added: (session: SandboxSession, { publicToken }: PublicTokenRecord) =>
      send(session, () => itemAddResult(latestVisit(state, session), publicToken)),
    noted: (session: SandboxSession, event: LinkEvent) => {
      const visit = latestVisit(state, session);
      const { linkSession } = visit;
      clock.plan(event.at + ABANDONED_AFTER_MS, () => {
        const abandoned = linkSession.finishedAt === undefined && linkSession.events.at(-1) === event;
        if (abandoned) send(session, () => linkEvents(visit));
      });
    },
    moved: (session: SandboxSession) => {
      if (!hasLeft(session)) return;
      const visit = latestVisit(state, session);
      send(session, () => sessionFinished(visit, switches));
      send(session, () => linkEvents(visit));
    },
  };
}

function hasLeft({ status }: SandboxSession): boolean {
  return status === 'COMPLETED' || status === 'EXITED';
}

function latestVisit({ environment }: SandboxState, { linkToken, linkSessions }: SandboxSession): Visit {
  return { linkToken, linkSession: linkSessions.at(-1)!, environment };
}
