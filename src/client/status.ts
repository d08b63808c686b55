import type { PlaidFlow } from '../domain/plaid-flow';
import type { CallbackState, ResultState, SessionState } from '../domain/states';
import type { DeliveryFailure, Health, ItemUpdateResult, PlaidErrorView } from '../domain/views';
import type { Notice } from '../workflows/messages';

/**
 * What the person in front of the page can do. OPEN_LINK: open the hosted URL, for the first time or again. WAIT: nothing, it goes on.
 * TRY_AGAIN_LATER: it failed for now; in a session that is WAITING with the same link, else with a new session. START_AGAIN: this
 * session is over without what the person wanted; a new one is needed. CONTACT_SUPPORT: somebody of yours has to look. NONE: it is
 * over, and nothing is to be done.
 */
export const NEXT_STEPS = [
  'OPEN_LINK',
  'WAIT',
  'TRY_AGAIN_LATER',
  'START_AGAIN',
  'CONTACT_SUPPORT',
  'NONE',
] as const;
export type NextStep = (typeof NEXT_STEPS)[number];

/** What may be shown to the person. */
export interface Guidance {
  nextStep: NextStep;
  /**
   * One or two sentences of plain text, in English, without names of ours. Where Plaid has words of its own for what the person left after, it
   * is those. Escape it where it becomes HTML.
   */
  displayMessage: string;
}

/** What the guidance follows from: the status without the guidance itself. */
export type StatusFacts = Omit<StatusReport, keyof Guidance>;

/** The pending watch of a waiting session, or the get that a hint has put in its place. */
export interface WatchReport {
  /** How often Plaid has been asked since the last change, this time included. */
  attempt: number;
  /** What the last get came to, for people. */
  lastAnswer: string | undefined;
  /** ISO 8601; undefined while a get is under way. */
  nextPollAt: string | undefined;
}

/** One result of a session and, once LINKED, its item; with DUPLICATE, the item that the person has already. */
export interface ResultReport {
  state: ResultState;
  itemId: string | undefined;
  institutionName: string | undefined;
  errorCode: string | undefined;
  /** For Plaid's support. */
  requestIds: string[];
  /** For Plaid's support; with `hosted_link` only. */
  linkSessionId: string | undefined;
}

/** One callback over HTTP, and what became of it. */
export interface CallbackReport {
  sequence: number;
  state: CallbackState;
  /** How it ended: `HTTP_<status>`, a code such as `ECONNREFUSED`, or `CANCELLED`; undefined while it is PENDING. */
  answer: string | undefined;
  /** ISO 8601. */
  queuedAt: string;
  /** ISO 8601: when it was taken, or given up. */
  endedAt: string | undefined;
}

/** All that is known of a session. Holds no token, URL, phone number or e-mail address. Times are ISO 8601. */
export interface StatusReport extends Guidance {
  key: string;
  workflowId: string;
  plaidFlow: PlaidFlow;
  state: SessionState;
  /** What Plaid said last. */
  plaidStatus: string | undefined;
  createdAt: string | undefined;
  /** When state or Plaid's status changed last. */
  changedAt: string | undefined;
  expiresAt: string | undefined;
  health: Health;
  lastError: PlaidErrorView | undefined;
  /** What the person left after, as Plaid said it last. Only a worker knows. */
  exitError: PlaidErrorView | undefined;
  /** Set when Plaid said, by a webhook, that it could not deliver the link that it was to send. Only a worker knows. */
  deliveryFailure: DeliveryFailure | undefined;
  watch: WatchReport | undefined;
  /** The item of a session in update mode, and whether it is repaired. Only a worker knows. */
  update: ItemUpdateResult | undefined;
  results: ResultReport[];
  /** Whether the workflows that the caller named could be told. */
  notices: Notice[];
  /** What the deployment's receiver was told over HTTP. Only the vault knows. */
  callbacks: CallbackReport[];
  /** Who answered: a worker; the server alone, which knows less; or the vault, when Temporal has forgotten the session. */
  answeredBy: 'worker' | 'server' | 'vault';
}
