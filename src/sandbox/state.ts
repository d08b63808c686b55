import { randomUUID } from 'node:crypto';
import type { PlaidEnvironment } from '../domain/link-token';
import type { DeliveryMethod } from '../domain/plaid-flow';
import type { SessionStatus } from '../domain/states';
import { parseLinkToken } from '../domain/link-token';
import { defaultLifetimeMs } from '../domain/schedule';
import { invalidInput } from './api-error';
import type { SandboxInstitution } from './institutions';
import { Items } from './items';
import type {
  Connection,
  LinkEvent,
  LinkExit,
  SandboxLinkSession,
  LinkTokenRecord,
  NewLinkToken,
  PublicTokenRecord,
  SandboxSession,
} from './records';

/** A move that the session's status does not allow. */
export class IllegalMove extends Error {}

/** Is told of what happens to sessions, after it has happened. */
export interface SessionListener {
  /** A session was made. */
  created?(session: SandboxSession): void;
  /** Its status has changed. */
  moved?(session: SandboxSession): void;
  /** Plaid has sent a message, or would have. */
  messaged?(session: SandboxSession, method: DeliveryMethod): void;
  /** The person did something in the session's latest link session. */
  noted?(session: SandboxSession, event: LinkEvent): void;
  /** A public token was made in the session's latest link session. */
  added?(session: SandboxSession, result: PublicTokenRecord): void;
}

/** What this offline Plaid knows: link tokens, sessions, public tokens and items, in memory, under one clock. */
export class SandboxState {
  readonly linkTokens = new Map<string, LinkTokenRecord>();
  readonly items: Items;
  readonly #sessionIds = new Map<string, LinkTokenRecord>();
  readonly #watchers: SessionListener[] = [];

  constructor(
    readonly environment: PlaidEnvironment,
    readonly now: () => number,
  ) {
    this.items = new Items(environment, now);
  }

  watch(watcher: SessionListener): void {
    this.#watchers.push(watcher);
  }

  issueLinkToken({ lifetimeMs, ...rest }: NewLinkToken): LinkTokenRecord {
    const sessionId = randomUUID();
    const createdAt = this.now();
    const record: LinkTokenRecord = {
      ...rest,
      linkToken: `link-${this.environment}-${sessionId}`,
      sessionId,
      createdAt,
      expiresAt: createdAt + lifetimeMs,
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

  /** @throws ApiError INVALID_LINK_TOKEN when it is unknown or of another environment */
  knownLinkToken(linkToken: string): LinkTokenRecord {
    const parsed = parseLinkToken(linkToken);
    if (parsed && parsed.environment !== this.environment) {
      throw invalidInput(
        'INVALID_LINK_TOKEN',
        `link token ${linkToken} belongs to the ${parsed.environment} environment`,
      );
    }
    const record = this.linkTokens.get(linkToken);
    if (!record) throw invalidInput('INVALID_LINK_TOKEN', `link token ${linkToken} is not known`);
    return record;
  }

  /** @throws ApiError INVALID_LINK_TOKEN when it is unknown, of another environment or expired */
  usableLinkToken(linkToken: string): LinkTokenRecord {
    const record = this.knownLinkToken(linkToken);
    if (this.#expired(record)) {
      throw invalidInput('INVALID_LINK_TOKEN', `link token ${linkToken} has expired`);
    }
    return record;
  }

  /** Makes the session of a link token, or finds it. */
  ensureSession(record: LinkTokenRecord): SandboxSession {
    if (record.session) return this.refresh(record.session);
    const now = this.now();
    record.session = {
      linkToken: record,
      createdAt: now,
      status: 'CREATED',
      history: [{ status: 'CREATED', at: now }],
      completedAt: undefined,
      delivered: false,
      linkSessions: [],
      messages: { SMS: 0, EMAIL: 0 },
      addressees: [],
      timesTokensShown: 0,
    };
    for (const watcher of this.#watchers) watcher.created?.(record.session);
    return record.session;
  }

  /** The session with this id, brought up to the clock; undefined when none was made. */
  findSession(sessionId: string): SandboxSession | undefined {
    const session = this.#sessionIds.get(sessionId)?.session;
    return session && this.refresh(session);
  }

  /** Plaid sends a message. A link that it delivers lives longer, unless its lifetime was chosen. */
  countMessage(session: SandboxSession, method: DeliveryMethod, address: string): void {
    session.messages[method] += 1;
    session.addressees.push(address);
    const record = session.linkToken;
    if (!record.fixedLifetime) {
      record.expiresAt = Math.max(record.expiresAt, session.createdAt + defaultLifetimeMs(method));
    }
    for (const watcher of this.#watchers) watcher.messaged?.(session, method);
  }

  /** Lets the clock act on the session. */
  refresh(session: SandboxSession): SandboxSession {
    if (session.status !== 'COMPLETED' && session.status !== 'EXPIRED' && this.#expired(session.linkToken)) {
      this.#move(session, 'EXPIRED', session.linkToken.expiresAt);
    }
    return session;
  }

  /** The person opened the page: a new link session, unless one is open. */
  open(session: SandboxSession): void {
    this.#visit(session);
  }

  /** The person left. */
  exit(session: SandboxSession, exit: LinkExit = { status: 'requires_credentials' }): void {
    const linkSession = this.#visit(session, 'left');
    linkSession.exit = exit;
    linkSession.pending.length = 0;
    this.#note(session, linkSession, 'EXIT');
    linkSession.finishedAt = this.now();
    this.#move(session, 'EXITED');
  }

  /** Ends the session as EXPIRED now. */
  expire(session: SandboxSession): void {
    this.#refuseIfEnded(session, 'expired');
    session.linkToken.expiresAt = this.now();
    this.refresh(session);
  }

  /**
   * The person connected a bank, and goes on. In today's `/link_delivery` it becomes an item when the person finishes; in its
   * older shape, and for a session that `/link_delivery/create` never saw, it makes a public token now.
   */
  connect(session: SandboxSession, connection: Connection): void {
    if (session.linkToken.updates) throw new IllegalMove('A session in update mode connects no bank');
    const linkSession = this.#visit(session);
    this.#note(session, linkSession, 'SELECT_INSTITUTION', connection.institution);
    this.#note(session, linkSession, 'SUBMIT_CREDENTIALS', connection.institution);
    if (session.delivered && session.linkToken.tokenShape === 'access_tokens') {
      linkSession.pending.push(connection);
    } else {
      const result = this.items.issuePublicToken(session.linkToken, connection);
      linkSession.results.push(result);
      for (const watcher of this.#watchers) watcher.added?.(session, result);
    }
  }

  /** The person finished: what was connected is handed out or, in update mode, the item is mended. */
  finish(session: SandboxSession): void {
    const { updates } = session.linkToken;
    const linkSession = this.#visit(session, 'finished');
    if (updates) {
      if (updates.removedAt !== undefined) throw new IllegalMove('The item has been removed');
      updates.error = undefined;
    } else if (linkSession.results.length + linkSession.pending.length === 0) {
      throw new IllegalMove('A session without a bank cannot be finished');
    }
    for (const connection of linkSession.pending.splice(0)) {
      linkSession.items.push(this.items.makeItem(session.linkToken, connection));
    }
    this.#note(session, linkSession, 'HANDOFF', updates?.institution);
    linkSession.finishedAt = session.completedAt = this.now();
    this.#move(session, 'COMPLETED');
  }

  #expired(record: LinkTokenRecord): boolean {
    return this.now() >= record.expiresAt;
  }

  /** The link session that is open, or a new one. */
  #visit(session: SandboxSession, verb = 'opened'): SandboxLinkSession {
    this.#refuseIfEnded(session, verb);
    const last = session.linkSessions.at(-1);
    if (last && last.finishedAt === undefined) return last;
    const linkSession: SandboxLinkSession = {
      linkSessionId: randomUUID(),
      startedAt: this.now(),
      finishedAt: undefined,
      pending: [],
      results: [],
      items: [],
      exit: undefined,
      events: [],
    };
    session.linkSessions.push(linkSession);
    this.#move(session, 'OPENED');
    this.#note(session, linkSession, 'OPEN');
    return linkSession;
  }

  #note(
    session: SandboxSession,
    linkSession: SandboxLinkSession,
    name: string,
    institution?: SandboxInstitution,
  ): void {
    const event = { id: randomUUID(), name, at: this.now(), institution };
    linkSession.events.push(event);
    for (const watcher of this.#watchers) watcher.noted?.(session, event);
  }

  #refuseIfEnded(session: SandboxSession, verb: string): void {
    const { status } = this.refresh(session);
    if (status === 'COMPLETED' || status === 'EXPIRED') {
      throw new IllegalMove(`A session that is ${status} cannot be ${verb}`);
    }
  }

  #move(session: SandboxSession, status: SessionStatus, at = this.now()): void {
    session.status = status;
    session.history.push({ status, at });
    for (const watcher of this.#watchers) watcher.moved?.(session);
  }
}
