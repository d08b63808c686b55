import { randomUUID } from 'node:crypto';
import { MINUTE } from '../domain/time';
import type { PlaidEnvironment } from '../domain/link-token';
import { ApiError, invalidInput } from './api-error';
import { randomId } from './random-id';
import type { Connection, ErrorName, ItemRecord, PublicTokenRecord } from './records';
import type { SandboxSwitches } from './switches';

/** How long a public token lives, in milliseconds: 30 min (plaid.com/docs, 2026-03). */
const PUBLIC_TOKEN_LIFETIME_MS = 30 * MINUTE;

/** What an item says when its person has to sign in again. */
export const LOGIN_REQUIRED: ErrorName = { errorType: 'ITEM_ERROR', errorCode: 'ITEM_LOGIN_REQUIRED' };

/** What a public token, or an item that is made at once, comes from: most often a link token. */
type Origin = Pick<PublicTokenRecord, 'sessionId' | 'webhookUrl'>;

/** What a public token and an item have in common. */
type Linked = Pick<PublicTokenRecord, 'sessionId' | 'institution' | 'accounts' | 'webhookUrl'>;

/** The public tokens and the items made from them. */
export class Items {
  readonly publicTokens = new Map<string, PublicTokenRecord>();
  /** By access token. */
  readonly items = new Map<string, ItemRecord>();

  constructor(
    private readonly environment: PlaidEnvironment,
    private readonly now: () => number,
  ) {}

  /** Makes a public token for a bank that a person has connected. */
  issuePublicToken(origin: Origin, connection: Connection): PublicTokenRecord {
    const record: PublicTokenRecord = {
      ...linked(origin, connection),
      publicToken: `public-${this.environment}-${randomUUID()}`,
      expiresAt: this.now() + PUBLIC_TOKEN_LIFETIME_MS,
      itemId: undefined,
      exchanges: { succeeded: 0, refused: 0 },
    };
    this.publicTokens.set(record.publicToken, record);
    return record;
  }

  /** Makes an item without a public token, as `/link_delivery` sessions do. */
  makeItem(origin: Origin, connection: Connection): ItemRecord {
    return this.#make(linked(origin, connection));
  }

  /**
   * Makes the item of a public token. What becomes of one that was exchanged before is `again`'s to say.
   * @throws ApiError INVALID_PUBLIC_TOKEN when it is unknown, expired, or exchanged before and `again` is `refused`
   */
  exchange(publicToken: string, again: SandboxSwitches['secondExchange']): ItemRecord {
    const record = this.publicTokens.get(publicToken);
    if (!record) throw invalidInput('INVALID_PUBLIC_TOKEN', `public token ${publicToken} is not known`);
    const before = record.itemId === undefined ? undefined : this.find(record.itemId);
    const problem =
      before && again === 'refused'
        ? 'has been exchanged before'
        : this.now() >= record.expiresAt
          ? 'has expired'
          : undefined;
    if (problem !== undefined) {
      record.exchanges.refused += 1;
      throw invalidInput('INVALID_PUBLIC_TOKEN', `public token ${publicToken} ${problem}`);
    }
    const item = before && again === 'same_item' ? before : this.#make(record);
    record.itemId = item.itemId;
    record.exchanges.succeeded += 1;
    return item;
  }

  /** @throws ApiError INVALID_ACCESS_TOKEN when it was never issued, ITEM_NOT_FOUND when its item has been removed */
  live(accessToken: string): ItemRecord {
    const item = this.items.get(accessToken);
    if (!item) throw invalidInput('INVALID_ACCESS_TOKEN', `access token ${accessToken} is not known`);
    if (item.removedAt !== undefined) {
      throw new ApiError('ITEM_ERROR', 'ITEM_NOT_FOUND', `the item of ${accessToken} has been removed`);
    }
    return item;
  }

  /** The item with this id; undefined when there is none. */
  find(itemId: string): ItemRecord | undefined {
    return [...this.items.values()].find((item) => item.itemId === itemId);
  }

  #make({ sessionId, institution, accounts, webhookUrl }: Linked): ItemRecord {
    const item: ItemRecord = {
      itemId: randomId(37),
      accessToken: `access-${this.environment}-${randomUUID()}`,
      sessionId,
      institution,
      accounts,
      webhookUrl,
      createdAt: this.now(),
      removedAt: undefined,
      error: undefined,
    };
    this.items.set(item.accessToken, item);
    return item;
  }
}

function linked({ sessionId, webhookUrl }: Origin, { institution, accounts }: Connection): Linked {
  return {
    sessionId,
    webhookUrl,
    institution,
    accounts: accounts.map(({ name, mask, type, subtype, balance }) => ({
      id: randomId(37),
      name,
      mask,
      type,
      subtype,
      balance,
    })),
  };
}
