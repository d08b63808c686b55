import { createHash } from 'node:crypto';
import type { Secret } from '../../src/secrets/secret';
import type {
  Acquired,
  ResultStore,
  ItemRow,
  ItemStore,
  NewItem,
  ResultRow,
  SessionStore,
  Vault,
} from '../../src/vault';

/**
 * What a session that ends well asks of the vault, answered from memory: no SQL, no encryption, nothing kept. With it in place of the
 * vault, what is left is what the vault costs no part of.
 */
export function memoryVault(): Vault {
  const sessions = new Map<string, Awaited<ReturnType<SessionStore['claim']>>['row']>();
  const results = new Map<string, { row: ResultRow; token: Secret; fence: number }>();
  const storedItems = new Map<string, NewItem>();
  const of = (key: string) =>
    [...results.values()].filter(({ row }) => row.sessionKey === key).map(({ row }) => row);

  const sessionStore: Pick<SessionStore, 'claim' | 'end' | 'findByPlaidSession'> = {
    claim: async (claim) => {
      const known = sessions.get(claim.key);
      const row = { ...known, ...claim, state: 'CREATING', createdAt: new Date(), endedAt: undefined };
      sessions.set(claim.key, row as NonNullable<typeof known>);
      return { row: row as NonNullable<typeof known>, claimedBefore: false };
    },
    end: async (key, state) => void Object.assign(sessions.get(key)!, { state, endedAt: new Date() }),
    findByPlaidSession: async (hash) =>
      [...sessions.values()].find(({ plaidSessionHash }) => plaidSessionHash === hash),
  };
  const resultStore: Pick<ResultStore, 'record' | 'list' | 'get' | 'acquire' | 'link'> = {
    record: async (sessionKey, tokens) => {
      for (const { kind, token } of tokens) {
        const resultId = createHash('sha256').update(token.reveal()).digest('hex');
        const row = { resultId, sessionKey, kind, state: 'PENDING', requestIds: [], seenAt: new Date() };
        if (!results.has(resultId))
          results.set(resultId, { row: row as unknown as ResultRow, token, fence: 0 });
      }
      return of(sessionKey);
    },
    list: async (sessionKey) => of(sessionKey),
    get: async (resultId) => results.get(resultId)?.row,
    acquire: async (resultId): Promise<Acquired> => {
      const { row, token, fence } = results.get(resultId)!;
      return row.state === 'PENDING'
        ? { outcome: 'LEASED', row, fence: fence + 1, token, accounts: [], unansweredCalls: 0 }
        : { outcome: 'ENDED', row };
    },
    link: async (resultId, item) => {
      const { itemId, institutionId, institutionName } = item;
      storedItems.set(itemId, item);
      const linked = { state: 'LINKED', itemId, institutionId, institutionName, endedAt: new Date() };
      Object.assign(results.get(resultId)!.row, linked);
    },
  };
  const items: Pick<ItemStore, 'get' | 'describe'> = {
    get: async (itemId) => storedItems.get(itemId) as ItemRow | undefined,
    describe: async () => undefined,
  };
  const vault: Partial<Record<keyof Vault, unknown>> = {
    sessions: sessionStore,
    results: resultStore,
    items,
    withAccessToken: (({ itemId }, use) =>
      use(storedItems.get(itemId)!.accessToken)) satisfies Vault['withAccessToken'],
    close: async () => undefined,
  };
  return vault as Vault;
}
