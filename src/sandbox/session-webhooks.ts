import type { DeliveryMethod } from '../session';
import { plaidErrorBody } from './api-error';
import type { SandboxClock } from './clock';
import type { Body } from './endpoint-context';
import { iso } from './iso';
import { accountBodies, eventBodies, institutionBody } from './link-session-body';
import { randomId } from './random-id';
import type { LinkEvent, LinkSession, PublicTokenRecord, Session } from './records';
import type { SandboxState, SessionWatcher } from './state';
import type { SandboxSwitches } from './switches';
import type { WebhookSender } from './webhook-sender';

const MINUTE = 60_000;

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

/** Sends the webhooks of sessions whose link token has a webhook, by the shapes of Plaid API 1.517.0 to 1.740.1. */
export function sendSessionWebhooks(context: WebhookContext): void {
  context.state.watch(deliveryWebhooks(context));
  context.state.watch(linkWebhooks(context));
}

/** LINK_DELIVERY, for the sessions of `/link_delivery/create`. They carry no token. */
function deliveryWebhooks({ state, sender, switches }: WebhookContext): SessionWatcher {
  const send = (session: Session, code: string, more: Body): void => {
    const { webhookUrl, sessionId } = session.linkToken;
    if (webhookUrl === undefined || !session.delivered) return;
    sender.send(webhookUrl, {
      ...more,
      link_delivery_session_id: sessionId,
      timestamp: iso(state.now()),
      webhook_code: code,
      webhook_type: 'LINK_DELIVERY',
    });
  };
  const callBack = (session: Session, metadata: Body, error: Body | null = null): void =>
    send(session, 'LINK_CALLBACK', {
      ...(error && { error }),
      link_callback_metadata: {
        ...metadata,
        link_session_id: latest(session).linkSessionId,
        request_id: randomId(15),
      },
    });
  return {
    messaged: (session: Session, method: DeliveryMethod) =>
      send(session, 'DELIVERY_STATUS', {
        link_delivery_metadata: {
          communication_method: method,
          delivery_status: switches.deliveryFails ? 'FAILURE' : 'SUCCESS',
        },
      }),
    noted: (session: Session, { name }: LinkEvent) => {
      if (switches.eventCallbacks) callBack(session, { callback_type: 'ON_EVENT', event_name: name });
    },
    moved: (session: Session) => {
      if (session.status !== 'COMPLETED' && session.status !== 'EXITED') return;
      const { exit, results, items } = latest(session);
      if (exit) {
        callBack(
          session,
          { callback_type: 'ON_EXIT', event_name: 'EXIT', status: exit.status },
          exit.error ? plaidErrorBody(exit.error) : null,
        );
        return;
      }
      const connected = results[0] ?? items[0];
      callBack(session, {
        callback_type: 'ON_SUCCESS',
        event_name: 'HANDOFF',
        ...(connected && {
          institution: institutionBody(connected.institution),
          accounts: accountBodies(connected),
        }),
      });
    },
  };
}

/** LINK, for link tokens that were made with `hosted_link`. */
function linkWebhooks({ state, clock, sender, switches }: WebhookContext): SessionWatcher {
  const send = ({ linkToken }: Session, { linkSessionId }: LinkSession, code: string, more: Body): void => {
    if (linkToken.webhookUrl === undefined || !linkToken.hosted) return;
    sender.send(linkToken.webhookUrl, {
      environment: state.environment,
      ...more,
      link_session_id: linkSessionId,
      link_token: linkToken.linkToken,
      webhook_code: code,
      webhook_type: 'LINK',
    });
  };
  const sendEvents = (session: Session, linkSession: LinkSession): void =>
    send(session, linkSession, 'EVENTS', { events: eventBodies(linkSession.events) });
  return {
    added: (session: Session, { publicToken }: PublicTokenRecord) =>
      send(session, latest(session), 'ITEM_ADD_RESULT', { public_token: publicToken }),
    noted: (session: Session, event: LinkEvent) => {
      const linkSession = latest(session);
      clock.plan(event.at + ABANDONED_AFTER_MS, () => {
        const open = linkSession.finishedAt === undefined;
        if (open && linkSession.events.at(-1) === event) sendEvents(session, linkSession);
      });
    },
    moved: (session: Session) => {
      if (session.status !== 'COMPLETED' && session.status !== 'EXITED') return;
      const linkSession = latest(session);
      const status = linkSession.exit ? 'EXITED' : 'SUCCESS';
      send(session, linkSession, 'SESSION_FINISHED', {
        status: switches.sessionFinishedStatus === 'lower' ? status.toLowerCase() : status,
        ...finishedTokens(linkSession, switches.sessionFinishedTokens),
      });
      sendEvents(session, linkSession);
    },
  };
}

/** The fields of SESSION_FINISHED that hold public tokens. The deprecated one holds one, and is left out when there is none. */
function finishedTokens({ results }: LinkSession, where: SandboxSwitches['sessionFinishedTokens']): Body {
  const tokens = results.map(({ publicToken }) => publicToken);
  return {
    ...(where !== 'public_token' && { public_tokens: tokens }),
    ...(where !== 'public_tokens' && tokens.length > 0 && { public_token: tokens[0] }),
  };
}

function latest({ linkSessions }: Session): LinkSession {
  return linkSessions.at(-1)!;
}
