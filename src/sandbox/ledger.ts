import type { DeliveryMethod } from '../domain/plaid-flow';
import type { SessionStatus } from '../domain/states';
import { iso } from './iso';
import type { SandboxLinkSession } from './records';
import type { SandboxState } from './state';
import type { WebhookDelivery } from './webhook-sender';

/** Every secret that the sandbox issued or was sent, by kind. */
export interface LedgerSecrets {
  accessTokens: string[];
  publicTokens: string[];
  linkTokens: string[];
  sessionIds: string[];
  hostedUrls: string[];
  plaidSecrets: string[];
  phoneNumbers: string[];
  emailAddresses: string[];
}

/** What the sandbox issued and what happened to it. Holds every secret in clear: it exists for leak scans. Times are ISO 8601. */
export interface LedgerJson {
  secrets: LedgerSecrets;
  sessions: {
    sessionId: string;
    status: SessionStatus;
    /** Each status that the session went through, oldest first. */
    history: { status: SessionStatus; at: string }[];
    expiresAt: string;
    /** Items made from it, removed ones included. */
    itemIds: string[];
    /** Its visits, oldest first. */
    linkSessions: {
      linkSessionId: string;
      startedAt: string;
      finishedAt: string | null;
      /** Banks that it handed out public tokens for. */
      results: number;
      /** Plaid's exit status; null when it is open or was a success. */
      exitStatus: string | null;
    }[];
    messages: Record<DeliveryMethod, number>;
    /** To whom they went: an address for each of them, oldest first. */
    addressees: string[];
    /** Answers of `/link_delivery/get` that held its tokens. */
    timesTokensShown: number;
  }[];
  publicTokens: {
    publicToken: string;
    /** Empty when `/sandbox/public_token/create` made it, as in its item. */
    sessionId: string;
    itemId: string | null;
    exchanges: { succeeded: number; refused: number };
  }[];
  items: {
    accessToken: string;
    itemId: string;
    sessionId: string;
    institutionId: string;
    institutionName: string;
    accounts: { name: string; mask: string }[];
    webhook: string | null;
    /** Plaid's error code, such as ITEM_LOGIN_REQUIRED. */
    errorCode: string | null;
    live: boolean;
    createdAt: string;
    removedAt: string | null;
  }[];
  /** Oldest first. */
  webhooks: {
    url: string;
    webhookType: string;
    webhookCode: string;
    /** `status` is null when no answer came. */
    attempts: { at: string; status: number | null }[];
    outcome: WebhookDelivery['outcome'];
  }[];
}

/** A live view of what happened in the sandbox. */
export interface SandboxLedger {
  /** Every secret, each one once, for a leak scan. */
  secrets(): string[];
  /** A snapshot. */
  toJSON(): LedgerJson;
}

/** Shorter strings that a client sends are no secrets, and a scan for them would find them anywhere. */
const SHORTEST_SECRET = 8;

const KIND_OF_FIELD = new Map<string, keyof LedgerSecrets>([
  ['access_token', 'accessTokens'],
  ['public_token', 'publicTokens'],
  ['link_token', 'linkTokens'],
  ['link_delivery_session_id', 'sessionIds'],
  ['secret', 'plaidSecrets'],
  ['plaid-secret', 'plaidSecrets'],
  ['phone_number', 'phoneNumbers'],
  ['email_address', 'emailAddresses'],
]);

/** Keeps what the state does not: secrets that were only received. */
export class Ledger implements SandboxLedger {
  readonly #received = new Map<string, keyof LedgerSecrets>();

  constructor(
    private readonly state: SandboxState,
    private readonly deliveries: readonly WebhookDelivery[],
    private readonly hostedUrl: (sessionId: string) => string,
    plaidSecret: string,
  ) {
    this.#note('plaidSecrets', plaidSecret);
  }

  /** Keeps the secrets in a request's headers or body, wherever they stand in it. */
  receive(value: unknown): void {
    if (typeof value !== 'object' || value === null) return;
    for (const [field, inner] of Object.entries(value)) {
      const kind = KIND_OF_FIELD.get(field);
      if (typeof inner !== 'string') this.receive(inner);
      else if (kind) this.#note(kind, inner);
      else if (field === 'address')
        this.#note(inner.includes('@') ? 'emailAddresses' : 'phoneNumbers', inner);
    }
  }

  secrets(): string[] {
    return [...new Set(Object.values(this.#secrets()).flat() as string[])];
  }

  toJSON(): LedgerJson {
    const items = [...this.state.items.items.values()];
    const sessions = [...this.state.linkTokens.values()].flatMap(({ session }) =>
      session ? [this.state.refresh(session)] : [],
    );
    return {
      secrets: this.#secrets(),
      sessions: sessions.map((session) => ({
        sessionId: session.linkToken.sessionId,
        status: session.status,
        history: session.history.map(({ status, at }) => ({ status, at: iso(at) })),
        expiresAt: iso(session.linkToken.expiresAt),
        itemIds: items
          .filter((item) => item.sessionId === session.linkToken.sessionId)
          .map((item) => item.itemId),
        linkSessions: session.linkSessions.map(linkSessionJson),
        messages: { ...session.messages },
        addressees: [...session.addressees],
        timesTokensShown: session.timesTokensShown,
      })),
      publicTokens: [...this.state.items.publicTokens.values()].map((token) => ({
        publicToken: token.publicToken,
        sessionId: token.sessionId,
        itemId: token.itemId ?? null,
        exchanges: { ...token.exchanges },
      })),
      items: items.map((item) => ({
        accessToken: item.accessToken,
        itemId: item.itemId,
        sessionId: item.sessionId,
        institutionId: item.institution.institutionId,
        institutionName: item.institution.name,
        accounts: item.accounts.map(({ name, mask }) => ({ name, mask })),
        webhook: item.webhookUrl ?? null,
        errorCode: item.error?.errorCode ?? null,
        live: item.removedAt === undefined,
        createdAt: iso(item.createdAt),
        removedAt: item.removedAt === undefined ? null : iso(item.removedAt),
      })),
      webhooks: this.deliveries.map(({ url, webhookType, webhookCode, attempts, outcome }) => ({
        url,
        webhookType,
        webhookCode,
        attempts: attempts.map(({ at, status }) => ({ at: iso(at), status: status ?? null })),
        outcome,
      })),
    };
  }

  #note(kind: keyof LedgerSecrets, value: string): void {
    if (value.length >= SHORTEST_SECRET) this.#received.set(value, kind);
  }

  #secrets(): LedgerSecrets {
    const linkTokens = [...this.state.linkTokens.values()];
    const received = (kind: keyof LedgerSecrets): string[] =>
      [...this.#received].flatMap(([value, its]) => (its === kind ? [value] : []));
    const all = (kind: keyof LedgerSecrets, issued: Iterable<string>): string[] => [
      ...new Set([...issued, ...received(kind)]),
    ];
    return {
      accessTokens: all('accessTokens', this.state.items.items.keys()),
      publicTokens: all('publicTokens', this.state.items.publicTokens.keys()),
      linkTokens: all('linkTokens', this.state.linkTokens.keys()),
      sessionIds: all(
        'sessionIds',
        linkTokens.map((record) => record.sessionId),
      ),
      hostedUrls: linkTokens
        .filter((record) => record.session)
        .map((record) => this.hostedUrl(record.sessionId)),
      plaidSecrets: received('plaidSecrets'),
      phoneNumbers: received('phoneNumbers'),
      emailAddresses: received('emailAddresses'),
    };
  }
}

function linkSessionJson({ linkSessionId, startedAt, finishedAt, results, exit }: SandboxLinkSession) {
  return {
    linkSessionId,
    startedAt: iso(startedAt),
    finishedAt: finishedAt === undefined ? null : iso(finishedAt),
    results: results.length,
    exitStatus: exit?.status ?? null,
  };
}
