import { randomBytes, randomUUID } from 'node:crypto';
import type { DeliveryMethod, PlaidEnvironment, SessionStatus } from '../session';
import { defaultLifetimeMs, parseLinkToken } from '../session';
import { ApiError, invalidInput } from './api-error';
import type { Institution } from './institutions';

const MINUTE = 60_000;

/** How long a public token lives, in milliseconds: 30 min (plaid.com/docs, 2026-03). */
const PUBLIC_TOKEN_LIFETIME_MS = 30 * MINUTE;

/** In which shape `/link_delivery/get` shows what came of a session: today's, or that of the API before 1.228. */
export type TokenShape = 'access_tokens' | 'public_tokens';

/** One hosted session. It exists from the first create; its link token may be older. */
export interface Session {
  readonly linkToken: LinkTokenRecord;
  readonly createdAt: number;
  status: SessionStatus;
  /** Each status with the time (ms) at which it was reached, oldest first. */
  readonly history: { status: SessionStatus; at: number }[];
  completedAt: number | undefined;
  /** True when `/link_delivery/create` made or found it, so that `tokenShape` says what completion hands out. */
  delivered: boolean;
  readonly accessTokens: string[];
  readonly publicTokens: string[];
  /** Messages that Plaid would have sent. */
  readonly messages: Record<DeliveryMethod, number>;
  /** How many answers of `/link_delivery/get` have held the tokens. */
  timesTokensShown: number;
}

/** A link token, and the session behind it once there is one. */
export interface LinkTokenRecord {
  readonly linkToken: string;
  /** The token without `link-<env>-`; it opens the hosted page. */
  readonly sessionId: string;
  /** By the sandbox's clock, in milliseconds. */
  expiresAt: number;
  /** True when the caller chose the lifetime, so that a delivery does not prolong it. */
  readonly fixedLifetime: boolean;
  readonly clientName: string;
  readonly completionRedirectUri: string | undefined;
  readonly webhookUrl: string | undefined;
  readonly tokenShape: TokenShape;
  /** How many items a session finished without a person makes. */
  readonly items: number;
  /** Whether the person may connect more than one bank. */
  readonly multiItem: boolean;
  session: Session | undefined;
}

/** What a link token is made from. */
interface NewLinkToken {
  lifetimeMs: number;
  fixedLifetime: boolean;
  clientName: string;
  completionRedirectUri?: string | undefined;
  webhookUrl?: string | undefined;
  tokenShape: TokenShape;
  items: number;
  multiItem: boolean;
}

/** A public token and what became of it. */
interface PublicTokenRecord {
  readonly publicToken: string;
  readonly sessionId: string;
  readonly institution: Institution;
  readonly expiresAt: number;
  itemId: string | undefined;
  exchanges: { succeeded: number; refused: number };
}

/** An item: one connection at one bank, with its access token. */
interface ItemRecord {
  readonly itemId: string;
  readonly accessToken: string;
  readonly sessionId: string;
  readonly institution: Institution;
  readonly createdAt: number;
  removedAt: number | undefined;
}

/** A move that the session's status does not allow. */
export class IllegalMove extends Error {}

/** What this offline Plaid knows: link tokens, sessions, public tokens and items, in memory, under one clock. */
export class SandboxState {
  readonly linkTokens = new Map<string, LinkTokenRecord>();
  readonly publicTokens = new Map<string, PublicTokenRecord>();
  readonly items = new Map<string, ItemRecord>();
  readonly #sessionIds = new Map<string, LinkTokenRecord>();
  readonly #watchers: ((session: Session) => void)[] = [];
  readonly #moveWatchers: ((session: Session) => void)[] = [];

  constructor(
    readonly environment: PlaidEnvironment,
    readonly now: () => number,
  ) {}

  /** Calls `watcher` for each session when it has been made. */
  onSession(watcher: (session: Session) => void): void {
    this.#watchers.push(watcher);
  }

  /** Calls `watcher` for each session whose status has changed. */
  onMove(watcher: (session: Session) => void): void {
    this.#moveWatchers.push(watcher);
  }

  issueLinkToken(request: NewLinkToken): LinkTokenRecord {
    const { lifetimeMs, completionRedirectUri, webhookUrl, ...rest } = request;
    const sessionId = randomUUID();
    const record: LinkTokenRecord = {
      ...rest,
      linkToken: `link-${this.environment}-${sessionId}`,
      sessionId,
      expiresAt: this.now() + lifetimeMs,
      completionRedirectUri,
      webhookUrl,
      session: undefined,
    };
    this.linkTokens.set(record.linkToken, record);
    this.#sessionIds.set(sessionId, record);
    return record;
  }

  /** The link token that `value` is, or whose session id it is. */
  findLinkToken(value: string): LinkTokenRecord | undefined {
    return this.linkTokens.get(value) ?? this.#sessionIds.get(value);
  }

  /** @throws ApiError INVALID_LINK_TOKEN when it is unknown, of another environment or expired */
  usableLinkToken(linkToken: string): LinkTokenRecord {
    const parsed = parseLinkToken(linkToken);
    if (parsed && parsed.environment !== this.environment) {
      throw invalidInput(
        'INVALID_LINK_TOKEN',
        `link token ${linkToken} belongs to the ${parsed.environment} environment`,
      );
    }
    const record = this.linkTokens.get(linkToken);
    if (!record) throw invalidInput('INVALID_LINK_TOKEN', `link token ${linkToken} is not known`);
    if (this.#expired(record)) {
      throw invalidInput('INVALID_LINK_TOKEN', `link token ${linkToken} has expired`);
    }
    return record;
  }

  /** Makes the session of a link token, or finds it. */
  ensureSession(record: LinkTokenRecord): Session {
    if (record.session) return this.refresh(record.session);
    const now = this.now();
    record.session = {
      linkToken: record,
      createdAt: now,
      status: 'CREATED',
      history: [{ status: 'CREATED', at: now }],
      completedAt: undefined,
      delivered: false,
      accessTokens: [],
      publicTokens: [],
      messages: { SMS: 0, EMAIL: 0 },
      timesTokensShown: 0,
    };
    for (const watcher of this.#watchers) watcher(record.session);
    return record.session;
  }

  /** The session with this id, brought up to the clock; undefined when none was made. */
  findSession(sessionId: string): Session | undefined {
    const session = this.#sessionIds.get(sessionId)?.session;
    return session && this.refresh(session);
  }

  /** Counts a message, and keeps the link alive as long as Plaid does for that method, unless its lifetime was chosen. */
  countMessage(session: Session, method: DeliveryMethod): void {
    session.messages[method] += 1;
    const record = session.linkToken;
    if (!record.fixedLifetime) {
      record.expiresAt = Math.max(record.expiresAt, session.createdAt + defaultLifetimeMs(method));
    }
  }

  /** Lets the clock act on the session. */
  refresh(session: Session): Session {
    if (session.status !== 'COMPLETED' && session.status !== 'EXPIRED' && this.#expired(session.linkToken)) {
      this.#move(session, 'EXPIRED', session.linkToken.expiresAt);
    }
    return session;
  }

  /** The person opened the page. An open page may be opened again. */
  open(session: Session): void {
    this.#refuseIfEnded(session, 'opened');
    if (session.status !== 'OPENED') this.#move(session, 'OPENED');
  }

  /** The person left. */
  exit(session: Session): void {
    this.#refuseIfEnded(session, 'left');
    this.open(session);
    this.#move(session, 'EXITED');
  }

  /** Ends the session as EXPIRED now. */
  expire(session: Session): void {
    this.#refuseIfEnded(session, 'expired');
    session.linkToken.expiresAt = this.now();
    this.refresh(session);
  }

  /**
   * The person finished, with one item per institution. Makes access tokens or, in the older shape and for a session that
   * `/link_delivery/create` never saw, public tokens.
   */
  complete(session: Session, institutions: readonly Institution[]): void {
    this.open(session);
    for (const institution of institutions) {
      if (session.delivered && session.linkToken.tokenShape === 'access_tokens') {
        session.accessTokens.push(this.#makeItem(session.linkToken.sessionId, institution).accessToken);
      } else {
        session.publicTokens.push(this.#makePublicToken(session.linkToken.sessionId, institution));
      }
    }
    session.completedAt = this.now();
    this.#move(session, 'COMPLETED');
  }

  /** @throws ApiError INVALID_PUBLIC_TOKEN when it is unknown, expired or was exchanged before */
  exchange(publicToken: string): ItemRecord {
    const record = this.publicTokens.get(publicToken);
    const problem = !record
      ? 'is not known'
      : record.itemId !== undefined
        ? 'has been exchanged before'
        : this.now() >= record.expiresAt
          ? 'has expired'
          : undefined;
    if (!record || problem !== undefined) {
      if (record) record.exchanges.refused += 1;
      throw invalidInput('INVALID_PUBLIC_TOKEN', `public token ${publicToken} ${problem}`);
    }
    const item = this.#makeItem(record.sessionId, record.institution);
    record.itemId = item.itemId;
    record.exchanges.succeeded += 1;
    return item;
  }

  /** @throws ApiError INVALID_ACCESS_TOKEN when it was never issued, ITEM_NOT_FOUND when its item has been removed */
  liveItem(accessToken: string): ItemRecord {
    const item = this.items.get(accessToken);
    if (!item) throw invalidInput('INVALID_ACCESS_TOKEN', `access token ${accessToken} is not known`);
    if (item.removedAt !== undefined) {
      throw new ApiError('ITEM_ERROR', 'ITEM_NOT_FOUND', `the item of ${accessToken} has been removed`);
    }
    return item;
  }

  #expired(record: LinkTokenRecord): boolean {
    return this.now() >= record.expiresAt;
  }

  #refuseIfEnded(session: Session, verb: string): void {
    const { status } = this.refresh(session);
    if (status === 'COMPLETED' || status === 'EXPIRED') {
      throw new IllegalMove(`A session that is ${status} cannot be ${verb}`);
    }
  }

  #move(session: Session, status: SessionStatus, at = this.now()): void {
    session.status = status;
    session.history.push({ status, at });
    for (const watcher of this.#moveWatchers) watcher(session);
  }

  #makePublicToken(sessionId: string, institution: Institution): string {
    const publicToken = `public-${this.environment}-${randomUUID()}`;
    this.publicTokens.set(publicToken, {
      publicToken,
      sessionId,
      institution,
      expiresAt: this.now() + PUBLIC_TOKEN_LIFETIME_MS,
      itemId: undefined,
      exchanges: { succeeded: 0, refused: 0 },
    });
    return publicToken;
  }

  #makeItem(sessionId: string, institution: Institution): ItemRecord {
    const item: ItemRecord = {
      itemId: randomId(37),
      accessToken: `access-${this.environment}-${randomUUID()}`,
      sessionId,
      institution,
      createdAt: this.now(),
      removedAt: undefined,
    };
    this.items.set(item.accessToken, item);
    return item;
  }
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789';

/** A random id of letters and digits, as Plaid's item and request ids look. */
export function randomId(length: number): string {
  return Array.from(randomBytes(length), (byte) => LETTERS[byte % LETTERS.length]).join('');
}
