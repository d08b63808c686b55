/**
 * For the code of other workflows, in Temporal's sandbox: starts sessions as their children, and names what sessions tell them.
 *
 * @module
 */
export { PLAID_FLOWS } from '../domain/plaid-flow';
export { SESSION_STATES } from '../domain/states';
export type { DeliveryMethod, PlaidFlow } from '../domain/plaid-flow';
export type { Delivery } from '../domain/start-request';
export type { SessionState } from '../domain/states';
export type { CompletionNotice } from '../domain/views';
export { linkCompletedSignal, linkReadySignal, startHostedLinkSession } from '../workflows/child-session';
export type { ChildRequest, ChildSession, ChildSessionOptions, LinkReady } from '../workflows/child-session';
export type { SessionView } from '../workflows/messages';
