import type { DeliveryMethod } from '../domain/plaid-flow';
import type { SessionStatus } from '../domain/states';
import type { Balance, SandboxInstitution, SandboxAccount } from './institutions';

/** In which shape `/link_delivery/get` shows what came of a session: today's, or that of the API before 1.228. */
export type TokenShape = 'access_tokens' | 'public_tokens';

/**
 * In which shape `/link/token/get` shows a link session: today's with `results` and `exit`, or that of older versions, with
 * only `on_success` and `on_exit`, which today's repeats as deprecated.
 */
export type LinkSessionShape = 'results' | 'on_success';

/** A bank that the person has signed in to, with the accounts to share. */
export interface Connection {
  institution: SandboxInstitution;
  accounts: readonly SandboxAccount[];
}

/** An account as Plaid shows it. Its id is the item's own: the same account in another item has another one. */
export interface LinkedAccount {
  readonly id: string;
  readonly name: string;
  readonly mask: string;
  readonly type: string;
  readonly subtype: string;
  readonly balance: Balance;
}

/** An error of an item or of an exit, as Plaid names it. */
export interface ErrorName {
  errorType: string;
  errorCode: string;
}

/** Where the person left, and why. */
export interface LinkExit {
  /** Plaid's exit status, such as `requires_credentials`. */
  status: string;
  error?: ErrorName | undefined;
}

/** A step of the person in Link. */
export interface LinkEvent {
  readonly id: string;
  /** Plaid's event name, such as `OPEN`. */
  readonly name: string;
  readonly at: number;
  readonly institution: SandboxInstitution | undefined;
}

/** One visit of the hosted page, from its opening to success or exit. A link token may have several. */
export interface SandboxLinkSession {
  readonly linkSessionId: string;
  readonly startedAt: number;
  finishedAt: number | undefined;
  /** Connections that become items when the person finishes; those with a public token are `results` instead. */
  readonly pending: Connection[];
  readonly results: PublicTokenRecord[];
  /** Made at its end, in today's `/link_delivery`. */
  readonly items: ItemRecord[];
  exit: LinkExit | undefined;
  /** Oldest first. */
  readonly events: LinkEvent[];
}

/** One hosted session. It exists from the first create; its link token may be older. */
export interface SandboxSession {
  readonly linkToken: LinkTokenRecord;
  readonly createdAt: number;
  status: SessionStatus;
  /** Each status with the time (ms) at which it was reached, oldest first. */
  readonly history: { status: SessionStatus; at: number }[];
  completedAt: number | undefined;
  /** True when `/link_delivery/create` made or found it, so that `tokenShape` says what completion hands out. */
  delivered: boolean;
  /** Oldest first. Only the last one may be unfinished. */
  readonly linkSessions: SandboxLinkSession[];
  /** Messages that Plaid would have sent. */
  readonly messages: Record<DeliveryMethod, number>;
  /** To whom they went: an address for each of them, oldest first. */
  readonly addressees: string[];
  /** How many answers of `/link_delivery/get` have held the tokens. */
  timesTokensShown: number;
}

/** The public tokens that a session has handed out, oldest first. */
export function publicTokensOf({ linkSessions }: SandboxSession): string[] {
  return linkSessions.flatMap(({ results }) => results.map(({ publicToken }) => publicToken));
}

/** The items that a session has made without a public token, oldest first. */
export function itemsOf({ linkSessions }: SandboxSession): ItemRecord[] {
  return linkSessions.flatMap(({ items }) => items);
}

/** What `/link/token/get` repeats of the request, by Plaid's field names. */
export interface LinkTokenMetadata {
  initial_products: readonly string[];
  country_codes: readonly string[];
  language: string | null;
  redirect_uri: string | null;
  account_filters?: unknown;
  institution_data?: unknown;
}

/** What a link token is made from. */
export interface NewLinkToken {
  lifetimeMs: number;
  /** True when the caller chose the lifetime, so that a delivery does not prolong it. */
  fixedLifetime: boolean;
  /** Whether its request had `hosted_link`. */
  hosted: boolean;
  clientName: string;
  metadata: LinkTokenMetadata;
  completionRedirectUri: string | undefined;
  /** Where its session's webhooks go, and later those of its items. */
  webhookUrl: string | undefined;
  tokenShape: TokenShape;
  linkSessionShape: LinkSessionShape;
  /** How many items a session finished without a person makes. */
  items: number;
  /** Whether the person may connect more than one bank. */
  multiItem: boolean;
  /** In update mode, the item that the session mends. */
  updates: ItemRecord | undefined;
}

/** A link token, and the session behind it once there is one. */
export interface LinkTokenRecord extends Readonly<Omit<NewLinkToken, 'lifetimeMs'>> {
  readonly linkToken: string;
  /** The token without `link-<env>-`; it opens the hosted page. */
  readonly sessionId: string;
  readonly createdAt: number;
  /** By the sandbox's clock, in milliseconds. */
  expiresAt: number;
  session: SandboxSession | undefined;
}

/** A public token and what became of it. */
export interface PublicTokenRecord {
  readonly publicToken: string;
  /** Empty when no Link session made it. */
  readonly sessionId: string;
  readonly institution: SandboxInstitution;
  readonly accounts: readonly LinkedAccount[];
  readonly webhookUrl: string | undefined;
  readonly expiresAt: number;
  itemId: string | undefined;
  readonly exchanges: { succeeded: number; refused: number };
}

/** An item: one connection at one bank, with its access token. */
export interface ItemRecord {
  readonly itemId: string;
  readonly accessToken: string;
  readonly sessionId: string;
  readonly institution: SandboxInstitution;
  readonly accounts: readonly LinkedAccount[];
  readonly createdAt: number;
  removedAt: number | undefined;
  webhookUrl: string | undefined;
  error: ErrorName | undefined;
}
