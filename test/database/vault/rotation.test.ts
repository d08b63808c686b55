import { randomUUID } from 'node:crypto';
import { describeOnEachDatabase, keysOf, newKey, prepareVault } from '../../../testing/databases';
import { Secret } from '../../../src/secrets/secret';
import { type KeyProvider, openRecords, openVault, type Vault } from '../../../src/vault';
import { createCipher } from '../../../src/vault/crypto/cipher';
import { SEALED_VALUES } from '../../../src/vault/crypto/sealed-values';
import { runSql } from '../../../testing/postgres';

/** More than two batches of every kind of value. */
const SESSIONS = 205;

const [older, newer] = [newKey('older'), newKey('newer')];

/** What was put into the vault, to be found again. */
interface Filled {
  sessions: string[];
  /** Pending results, with their tokens. */
  results: Map<string, string>;
  /** Items, with their access tokens. */
  items: Map<string, string>;
}

async function fill(vault: Vault, count: number): Promise<Filled> {
  const filled: Filled = { sessions: [], results: new Map(), items: new Map() };
  for (let index = 0; index < count; index++) {
    const key = `session-${index}`;
    await vault.sessions.claim({ key, plaidFlow: 'link_delivery', firstRunId: 'run', requestDigest: key });
    filled.sessions.push(key);
    const [pending, token] = [`public-sandbox-${randomUUID()}`, `access-sandbox-${randomUUID()}`];
    await vault.results.record(key, [{ kind: 'public_token', token: new Secret(pending) }]);
    const rows = await vault.results.record(key, [{ kind: 'access_token', token: new Secret(token) }]);
    const itemId = `item-${index}`;
    await vault.results.link(rows.find(({ kind }) => kind === 'access_token')!.resultId, {
      itemId,
      accessToken: new Secret(token),
      requestId: 'request',
    });
    filled.results.set(rows.find(({ kind }) => kind === 'public_token')!.resultId, pending);
    filled.items.set(itemId, token);
  }
  return filled;
}

async function expectAllThere(vault: Vault, { sessions, results, items }: Filled): Promise<void> {
  for (const key of sessions) {
    const claim = { key, plaidFlow: 'link_delivery', firstRunId: 'run', requestDigest: key } as const;
    await vault.sessions.claim(claim);
    await expect(vault.sessions.claim({ ...claim, requestDigest: 'other' })).rejects.toMatchObject({
      code: 'KEY_REUSED',
    });
  }
  for (const [resultId, token] of results) {
    const acquired = await vault.results.acquire(resultId, 60_000);
    expect(acquired.outcome === 'LEASED' && acquired.token.reveal()).toBe(token);
  }
  for (const [itemId, token] of items) {
    const read = { itemId, actor: 'test', purpose: 'compare' };
    expect(await vault.withAccessToken(read, async (secret) => secret.reveal())).toBe(token);
  }
}

describeOnEachDatabase((server) => {
  let databaseUrl: string;
  const open = (keys: KeyProvider) => openVault({ databaseUrl, keys, environment: 'sandbox' });
  const sql = <Row>(text: string) => runSql<Row>(databaseUrl, text);

  beforeEach(async () => {
    databaseUrl = await server.emptyDatabase();
  });

  /** Every row of the sealed tables, without the columns of the wraps. */
  async function valuesBesideWraps(): Promise<unknown[]> {
    const tables = ['sessions', 'results', 'items'];
    const rows = await Promise.all(
      tables.map((table) => sql<Record<string, unknown>>(`SELECT * FROM hosted_link.${table} ORDER BY 1`)),
    );
    return rows.flat().map((row) => {
      const { key_id, wrapped_key, accounts_key_id, accounts_wrapped_key, ...rest } = row;
      expect([key_id === null, accounts_key_id === null]).toEqual([
        wrapped_key === null,
        accounts_wrapped_key === null,
      ]);
      return rest;
    });
  }

  test('moves every value to the primary key, tells how far it is, and changes nothing else', async () => {
    const before = await prepareVault(databaseUrl, keysOf(older));
    const filled = await fill(before, SESSIONS);
    await before.close();
    const keys = keysOf(newer, older);
    const vault = await open(keys);
    const all = { sessions: SESSIONS, results: SESSIONS, items: SESSIONS };
    expect(await vault.listKeys(keys)).toEqual([
      { keyId: 'newer', state: 'PRIMARY', counts: {} },
      { keyId: 'older', state: 'OLDER', counts: all },
    ]);
    const values = await valuesBesideWraps();

    const progress: number[] = [];
    expect(await vault.rotateKeys({ onProgress: (moved) => progress.push(moved) })).toEqual({
      moved: 3 * SESSIONS,
      failed: 0,
      stopped: false,
    });
    expect(progress.slice(0, 3)).toEqual([100, 200, SESSIONS]);
    expect(progress.at(-1)).toBe(3 * SESSIONS);
    expect(await valuesBesideWraps()).toEqual(values);
    expect(await vault.listKeys(keysOf(newer))).toEqual([
      { keyId: 'newer', state: 'PRIMARY', counts: all },
      { keyId: 'older', state: 'GONE', counts: {} },
    ]);
    expect(await vault.rotateKeys()).toEqual({ moved: 0, failed: 0, stopped: false });
    await vault.close();

    const after = await open(keysOf(newer));
    await expectAllThere(after, filled);
    await after.close();
  });

  test('is stopped after a batch, and the next run does the rest', async () => {
    const before = await prepareVault(databaseUrl, keysOf(older));
    const filled = await fill(before, 110);
    await before.close();
    const vault = await open(keysOf(newer, older));
    const stop = new AbortController();
    const stopped = await vault.rotateKeys({ onProgress: () => stop.abort(), signal: stop.signal });
    expect(stopped).toEqual({ moved: 100, failed: 0, stopped: true });
    // A ring that lacks the older key is still refused.
    await expect(open(keysOf(newer))).rejects.toMatchObject({
      code: 'KEY_UNKNOWN',
      message: expect.stringContaining('lacks the key older'),
    });
    expect(await vault.rotateKeys()).toEqual({ moved: 230, failed: 0, stopped: false });
    await vault.close();
    const after = await open(keysOf(newer));
    await expectAllThere(after, filled);
    await after.close();
  });

  test('moves the accounts of results and items as well', async () => {
    const before = await prepareVault(databaseUrl, keysOf(older));
    await fill(before, 1);
    await before.close();
    const cipher = createCipher(keysOf(older), 'sandbox');
    const accounts = SEALED_VALUES.filter(({ keyId }) => keyId === 'accounts_key_id');
    expect(accounts).toHaveLength(2);
    for (const { table, rowId, contextOf } of accounts) {
      const [{ id }] = (await sql<{ id: string }>(
        `SELECT max(${rowId}) AS id FROM hosted_link.${table} WHERE key_id IS NOT NULL`,
      )) as [{ id: string }];
      const sealed = await cipher.seal(new Secret('[]'), contextOf(id));
      const bytes = (value: Buffer) => `'\\x${value.toString('hex')}'`;
      await sql(
        `UPDATE hosted_link.${table} SET accounts_key_id = 'older', sealed_accounts = ${bytes(sealed.ciphertext)},
          accounts_wrapped_key = ${bytes(sealed.wrappedKey)} WHERE ${rowId} = '${id}'`,
      );
    }
    const vault = await open(keysOf(newer, older));
    await vault.rotateKeys();
    expect((await vault.listKeys(keysOf(newer)))[0]).toEqual({
      keyId: 'newer',
      state: 'PRIMARY',
      counts: { sessions: 1, results: 1, 'accounts of results': 1, items: 1, 'accounts of items': 1 },
    });
    await vault.close();
    const after = createCipher(keysOf(newer), 'sandbox');
    for (const { table, rowId, contextOf } of accounts) {
      const [row] = await sql<{ id: string; wrapped: Buffer; sealed: Buffer }>(
        `SELECT ${rowId} AS id, accounts_wrapped_key AS wrapped, sealed_accounts AS sealed
        FROM hosted_link.${table} WHERE accounts_key_id IS NOT NULL`,
      );
      const opened = after.open(
        { keyId: 'newer', wrappedKey: row!.wrapped, ciphertext: row!.sealed },
        contextOf(row!.id),
      );
      expect((await opened).reveal()).toBe('[]');
    }
  });

  test('beside workers of both rings, and beside itself, loses nothing', async () => {
    const before = await prepareVault(databaseUrl, keysOf(older));
    const filled = await fill(before, 110);
    const [one, two] = [await open(keysOf(newer, older)), await open(keysOf(newer, older))];
    // Every item gets a new token meanwhile, under either key.
    async function relink(vault: Vault, odd: boolean): Promise<void> {
      for (const itemId of [...filled.items.keys()].filter((_, index) => (index % 2 === 1) === odd)) {
        const [row] = await vault.results.list(itemId.replace('item', 'session'));
        const token = `access-sandbox-${randomUUID()}`;
        await vault.results.link(row!.resultId, {
          itemId,
          accessToken: new Secret(token),
          requestId: 'again',
        });
        filled.items.set(itemId, token);
      }
    }
    const linked = await before.results.list('session-0');
    expect(linked.map(({ state }) => state).sort()).toEqual(['LINKED', 'PENDING']);
    await Promise.all([relink(before, true), relink(one, false), one.rotateKeys(), two.rotateKeys()]);
    await before.close();
    await one.rotateKeys();
    expect(await one.listKeys(keysOf(newer))).toMatchObject([
      { keyId: 'newer', state: 'PRIMARY' },
      { keyId: 'older', state: 'GONE', counts: {} },
    ]);
    await Promise.all([one.close(), two.close()]);

    const after = await open(keysOf(newer));
    await expectAllThere(after, { ...filled, results: new Map() });
    await after.close();
  });

  test('leaves a value that does not open as it is, names it, and moves the others', async () => {
    const before = await prepareVault(databaseUrl, keysOf(older));
    await fill(before, 3);
    await before.close();
    await sql(
      `UPDATE hosted_link.items SET wrapped_key = set_byte(wrapped_key, 20, get_byte(wrapped_key, 20) # 1)
      WHERE item_id = 'item-1'`,
    );
    const damaged = () => sql("SELECT * FROM hosted_link.items WHERE item_id = 'item-1'");
    const as = await damaged();
    const vault = await open(keysOf(newer, older));
    const failures: string[] = [];
    const report = await vault.rotateKeys({ onFailure: ({ message }) => failures.push(message) });
    expect(report).toEqual({ moved: 8, failed: 1, stopped: false });
    expect(failures).toEqual([
      expect.stringMatching(/^item\.access_token of item-1 does not decrypt under the key older: /),
    ]);
    expect(await damaged()).toEqual(as);
    await vault.close();
  });

  test('ends when the provider cannot be asked, keeps what was moved, and goes on when it can', async () => {
    const before = await prepareVault(databaseUrl, keysOf(older));
    const filled = await fill(before, 110);
    await before.close();
    const keys = keysOf(newer, older);
    let wraps = 0;
    const failing: KeyProvider = {
      ...keys,
      wrap: async (...args) => {
        if (++wraps > 105) throw Object.assign(new Error('connection lost'), { code: 'ECONNRESET' });
        return keys.wrap(...args);
      },
    };
    const vault = await open(failing);
    await expect(vault.rotateKeys()).rejects.toMatchObject({
      code: 'KEY_PROVIDER_FAILED',
      message: 'HOSTED_LINK_VAULT_KEYS failed to use the key newer (Error ECONNRESET)',
    });
    expect((await vault.listKeys(keys))[0]).toEqual({
      keyId: 'newer',
      state: 'PRIMARY',
      counts: { sessions: 100 },
    });
    await vault.close();
    const again = await open(keys);
    expect(await again.rotateKeys()).toMatchObject({ moved: 230 });
    await again.close();
    const after = await open(keysOf(newer));
    await expectAllThere(after, filled);
    await after.close();
  });
});

describeOnEachDatabase((server) => {
  test('the state of each key is told without any of them', async () => {
    const databaseUrl = await server.emptyDatabase();
    const vault = await prepareVault(databaseUrl, keysOf(older));
    await fill(vault, 1);
    await vault.close();
    const records = await openRecords(databaseUrl);
    const states = async (keys: KeyProvider) =>
      (await records.listKeys(keys)).map(({ keyId, state }) => `${keyId} ${state}`);
    expect(await states(keysOf(newer))).toEqual(['newer PRIMARY', 'older MISSING']);
    expect(await states(keysOf(newer, newKey('older')))).toEqual(['newer PRIMARY', 'older MISMATCH']);
    expect(await states(keysOf(older, newer))).toEqual(['older PRIMARY', 'newer OLDER']);
    // A look enters no key.
    expect(await runSql(databaseUrl, 'SELECT key_id FROM hosted_link.vault_keys')).toEqual([
      { key_id: 'older' },
    ]);
    await records.close();
  });
});
