/**
 * For the code of other workflows, in Temporal's sandbox: starts sessions as their children, and names what sessions tell them.
 *
 * @module
 */
export { LINK_APIS, SESSION_STATES } from '../domain/session';
export type { CompletionNotice, Delivery, DeliveryMethod, LinkApiName, SessionState } from '../domain/session';
export { linkCompletedSignal, linkReadySignal, startHostedLinkSession } from '../workflows/child-session';
export type { ChildRequest, ChildSession, ChildSessionOptions, LinkReady } from '../workflows/child-session';
export type { SessionView } from '../workflows/messages';
