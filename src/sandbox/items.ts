import { randomUUID } from 'node:crypto';
import type { PlaidEnvironment } from '../session';
import { ApiError, invalidInput } from './api-error';
import { randomId } from './random-id';
import type { Connection, ErrorName, ItemRecord, LinkTokenRecord, PublicTokenRecord } from './records';

const MINUTE = 60_000;

/** How long a public token lives, in milliseconds: 30 min (plaid.com/docs, 2026-03). */
const PUBLIC_TOKEN_LIFETIME_MS = 30 * MINUTE;

/** What an item says when its person has to sign in again. */
const LOGIN_REQUIRED: ErrorName = { errorType: 'ITEM_ERROR', errorCode: 'ITEM_LOGIN_REQUIRED' };

/** What a public token and an item that is made at once have in common. */
type Origin = Pick<PublicTokenRecord, 'sessionId' | 'institution' | 'accounts' | 'webhookUrl'>;

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
  issuePublicToken(linkToken: LinkTokenRecord, connection: Connection): PublicTokenRecord {
    const record: PublicTokenRecord = {
      ...originOf(linkToken, connection),
      publicToken: `public-${this.environment}-${randomUUID()}`,
      expiresAt: this.now() + PUBLIC_TOKEN_LIFETIME_MS,
      itemId: undefined,
      exchanges: { succeeded: 0, refused: 0 },
    };
    this.publicTokens.set(record.publicToken, record);
    return record;
  }

  /** Makes an item without a public token, as `/link_delivery` sessions do. */
  makeItem(linkToken: LinkTokenRecord, connection: Connection): ItemRecord {
    return this.#make(originOf(linkToken, connection));
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
    const item = this.#make(record);
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

  /** From now on the item works only once its person has signed in again, in update mode. */
  requireLogin(item: ItemRecord): void {
    item.error = LOGIN_REQUIRED;
  }

  #make({ sessionId, institution, accounts, webhookUrl }: Origin): ItemRecord {
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

function originOf({ sessionId, webhookUrl }: LinkTokenRecord, { institution, accounts }: Connection): Origin {
  return {
    sessionId,
    webhookUrl,
    institution,
    accounts: accounts.map(({ name, mask, type, subtype }) => ({
      id: randomId(37),
      name,
      mask,
      type,
      subtype,
    })),
  };
}
