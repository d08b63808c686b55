import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { inspect } from 'node:util';
import { Client } from 'pg';
import {
  describeOnEachDatabase,
  describeOnPostgres,
  makeFolder,
  newKeys,
  prepareVault,
} from '../../../testing/databases';
import { Secret } from '../../../src/secrets/secret';
import { embeddedDatabaseUrl, migrate, openVault, type Vault, VaultError } from '../../../src/vault';
import { Database, VAULT_LIMITS } from '../../../src/vault/database/database';
import { runSql } from '../../../testing/postgres';

/** Everything that can be read off a thrown value: its own properties, hidden ones too, and what they refer to. */
function readAll(value: unknown, seen = new Set<unknown>()): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' && typeof value !== 'function') return inspect(value);
  if (value === null || seen.has(value)) return '';
  seen.add(value);
  const own = Reflect.ownKeys(value).map((key) => readAll(Reflect.get(value, key), seen));
  return [inspect(value, { depth: 9, showHidden: true, getters: true }), ...own].join('\n');
}

async function failureOf(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error('it did not fail');
}

function expectNone(text: string, secrets: readonly string[]): void {
  for (const secret of secrets) {
    const forms = [secret, ...(['base64', 'hex'] as const).map((form) => Buffer.from(secret).toString(form))];
    for (const form of forms) expect(text.includes(form) ? `leaks ${form}` : 'clean').toBe('clean');
  }
}

describeOnEachDatabase((server) => {
  let databaseUrl: string;
  let vault: Vault;
  const keys = newKeys();
  beforeAll(async () => {
    databaseUrl = await server.emptyDatabase();
    vault = await prepareVault(databaseUrl, keys);
  });
  afterAll(() => vault.close());

  test('a statement that the database refuses tells its constraint, and no value', async () => {
    const token = new Secret(`access-sandbox-${randomUUID()}`);
    const digest = 'digest-of-a-phone-number';
    await vault.sessions.claim({
      key: 'leak',
      plaidFlow: 'link_delivery',
      firstRunId: 'run',
      requestDigest: digest,
    });
    const [row] = await vault.results.record('leak', [{ kind: 'access_token', token }]);
    const item = { itemId: 'item', accessToken: token, requestId: 'request' };
    const longName = 'Bank of Secrets '.repeat(40);
    const failures = [
      await failureOf(vault.results.link(row!.resultId, { ...item, institutionName: longName })),
      await failureOf(vault.results.link(row!.resultId, { ...item, itemId: '' })),
      await failureOf(vault.results.link(row!.resultId, { ...item, itemId: 'zero\0byte' })),
      await failureOf(vault.sessions.get('zero\0byte')),
    ];
    for (const failure of failures) {
      expect(failure).toBeInstanceOf(VaultError);
      expect(failure).toMatchObject({ code: 'VAULT_FAILED', message: expect.stringContaining('SQLSTATE') });
      expectNone(readAll(failure), [token.reveal(), digest, 'Bank of Secrets', 'zero']);
    }
    expect(failures[0]!.message).toContain('constraint items_institution_name_check, table items');
    expect(await vault.results.list('leak')).toMatchObject([{ state: 'PENDING' }]);
  });

  test('a statement without an answer in time is given up, and the next one has a connection of its own', async () => {
    const database = new Database(databaseUrl, { ...VAULT_LIMITS, answerMs: 100 });
    try {
      await expect(database.transaction(({ query }) => query('SELECT pg_sleep(0.5)'))).rejects.toMatchObject({
        code: 'VAULT_UNREACHABLE',
        message: expect.stringContaining('no answer in time'),
      });
    } finally {
      await database.close();
    }
    expect(await vault.sessions.get('nobody')).toBeUndefined();
  });

  test('what a transaction wrote before it failed is gone', async () => {
    const database = new Database(databaseUrl);
    const insert =
      "INSERT INTO hosted_link.vault_keys (key_id, check_value) VALUES ('gone', decode(repeat('00', 32), 'hex'))";
    try {
      const failure = new Error('by the caller');
      await expect(
        database.transaction(async ({ query }) => {
          await query(insert);
          throw failure;
        }),
      ).rejects.toBe(failure);
      await expect(
        database.transaction(async ({ query }) => {
          await query(insert);
          await query('SELECT 1 / 0');
        }),
      ).rejects.toMatchObject({ code: 'VAULT_FAILED' });
    } finally {
      await database.close();
    }
    expect(await runSql(databaseUrl, "SELECT 1 FROM hosted_link.vault_keys WHERE key_id = 'gone'")).toEqual(
      [],
    );
  });

  test('a single statement is committed, or says what is wrong with it and leaves nothing, and the next one works', async () => {
    const database = new Database(databaseUrl);
    const insert = (keyId: string) =>
      database.query(
        `INSERT INTO hosted_link.vault_keys (key_id, check_value) VALUES ($1, decode(repeat('00', 32), 'hex'))
        RETURNING 1 / (SELECT CASE key_id WHEN 'half' THEN 0 ELSE 1 END) AS one`,
        [keyId],
      );
    try {
      await expect(insert('half')).rejects.toMatchObject({ code: 'VAULT_FAILED' });
      await expect(Promise.all([insert('one'), insert('two')])).resolves.toEqual([
        [{ one: 1 }],
        [{ one: 1 }],
      ]);
    } finally {
      await database.close();
    }
    const kept =
      "SELECT key_id FROM hosted_link.vault_keys WHERE key_id IN ('half', 'one', 'two') ORDER BY key_id";
    expect(await runSql(databaseUrl, kept)).toEqual([{ key_id: 'one' }, { key_id: 'two' }]);
    await runSql(databaseUrl, "DELETE FROM hosted_link.vault_keys WHERE key_id IN ('one', 'two')");
  });

  test('a closed vault says so', async () => {
    const closed = await openVault({ databaseUrl, keys, environment: 'sandbox' });
    await closed.close();
    await expect(closed.sessions.get('x')).rejects.toMatchObject({
      code: 'VAULT_UNREACHABLE',
      message: expect.stringContaining('the vault has been closed'),
    });
  });

  test('inspecting a vault shows neither its connection string nor a key', () => {
    const { password } = new URL(databaseUrl.replace('@/', '@localhost/'));
    const shown = readAll(vault);
    expect(shown).not.toContain(databaseUrl);
    if (password !== '') expect(shown).not.toContain(password);
  });
});

describeOnPostgres((server) => {
  let databaseUrl: string;
  beforeAll(async () => {
    databaseUrl = await server.emptyDatabase();
    await migrate(databaseUrl);
  });

  const openAt = (url: string) => openVault({ databaseUrl: url, keys: newKeys(), environment: 'sandbox' });

  test('a wrong password, user or database is told without the password', async () => {
    const wrongs: [change: (url: URL) => void, reason: string][] = [
      [(url) => (url.password = 'wrong-fictitious-password'), 'the user or password was refused'],
      [(url) => (url.password = ''), 'a password is missing'],
      [(url) => (url.username = 'nobody'), 'the user or password was refused'],
      [(url) => (url.pathname = '/nowhere'), 'the database does not exist'],
    ];
    for (const [change, reason] of wrongs) {
      const url = new URL(databaseUrl);
      change(url);
      const failure = await failureOf(openAt(url.href));
      expect(failure).toMatchObject({ code: 'VAULT_UNREACHABLE' });
      expect(failure.message).toContain(`PostgreSQL at 127.0.0.1:${url.port} cannot be used: ${reason}`);
      expectNone(readAll(failure), [
        new URL(databaseUrl).password,
        'wrong-fictitious-password',
        'nobody',
        url.href,
      ]);
    }
  });

  test('a connection that the server ends in the middle of a transaction fails that one only', async () => {
    const vault = await openAt(databaseUrl);
    const blocker = new Client({ connectionString: databaseUrl });
    try {
      await vault.sessions.claim({
        key: 'cut',
        plaidFlow: 'link_delivery',
        firstRunId: 'run',
        requestDigest: 'd',
      });
      await blocker.connect();
      await blocker.query("BEGIN; SELECT 1 FROM hosted_link.sessions WHERE session_key = 'cut' FOR UPDATE");
      const cut = failureOf(vault.sessions.end('cut', 'COMPLETED', 'run'));
      let ended: unknown[] = [];
      while (ended.length === 0) {
        ended = await runSql(
          databaseUrl,
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND wait_event_type = 'Lock' AND application_name = 'hosted-link'`,
        );
      }
      expect(await cut).toMatchObject({ code: 'VAULT_UNREACHABLE' });
      await blocker.query('ROLLBACK');
      await vault.sessions.end('cut', 'FAILED', 'run');
      expect(await vault.sessions.get('cut')).toMatchObject({ state: 'FAILED' });
    } finally {
      await blocker.end();
      await vault.close();
    }
  });

  test('two transactions that wait for each other both come to an end', async () => {
    const database = new Database(databaseUrl);
    await runSql(databaseUrl, 'CREATE TABLE pair (id int PRIMARY KEY, count int DEFAULT 0)');
    await runSql(databaseUrl, 'INSERT INTO pair VALUES (1), (2)');
    let arrived = 0;
    let meet!: () => void;
    const both = new Promise<void>((resolve) => (meet = resolve));
    const attempts = [0, 0];
    const addTo = (first: number, second: number) =>
      database.transaction(async ({ query }) => {
        attempts[first - 1]!++;
        await query('UPDATE pair SET count = count + 1 WHERE id = $1', [first]);
        if (++arrived === 2) meet();
        await both;
        await query('UPDATE pair SET count = count + 1 WHERE id = $1', [second]);
      });
    try {
      await Promise.all([addTo(1, 2), addTo(2, 1)]);
      expect(await runSql(databaseUrl, 'SELECT count FROM pair')).toEqual([{ count: 2 }, { count: 2 }]);
      // The repeat may meet the other one again.
      expect(attempts[0]! + attempts[1]!).toBeGreaterThanOrEqual(3);
    } finally {
      await database.close();
    }
  });

  test('a statement that runs too long is ended by the server', async () => {
    const database = new Database(databaseUrl, { ...VAULT_LIMITS, statementMs: 50 });
    try {
      await expect(database.transaction(({ query }) => query('SELECT pg_sleep(10)'))).rejects.toMatchObject({
        code: 'VAULT_FAILED',
        message: expect.stringContaining('SQLSTATE 57014'),
      });
    } finally {
      await database.close();
    }
  });
});

describe('without a server', () => {
  const openAt = (databaseUrl: string) => openVault({ databaseUrl, keys: newKeys(), environment: 'sandbox' });

  test('a port that nobody listens on is named, and the password is not', async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    server.close();
    await once(server, 'close');
    const failure = await failureOf(openAt(`postgresql://user:fictitious-password@127.0.0.1:${port}/vault`));
    expect(failure).toMatchObject({
      code: 'VAULT_UNREACHABLE',
      message: `PostgreSQL at 127.0.0.1:${port} cannot be used: nothing listens there (ECONNREFUSED)`,
    });
    expectNone(readAll(failure), ['fictitious-password']);
  });

  test('an embedded database that nobody runs is named by its folder', async () => {
    const folder = makeFolder();
    try {
      await expect(openAt(embeddedDatabaseUrl(folder.path))).rejects.toMatchObject({
        code: 'VAULT_UNREACHABLE',
        message: `PostgreSQL on the Unix socket in ${folder.path}/vault cannot be used: nothing listens there (ENOENT)`,
      });
    } finally {
      folder.remove();
    }
  });

  test.each([
    ['of another database', 'mysql://user:fictitious-password@host/db'],
    ['without a scheme', 'user:fictitious-password@host/db'],
    ['that is empty', ''],
    ['with a port that is no number', 'postgresql://user:fictitious-password@host:port/db'],
    ['with a file that is not there', 'postgresql://user:fictitious-password@host/db?sslrootcert=/none'],
  ])('a connection string %s is refused by the name of its setting, without its password', async (_, url) => {
    const failure = await failureOf(openAt(url));
    expect(failure).toMatchObject({ code: 'INVALID_INPUT', field: 'DATABASE_URL' });
    expectNone(readAll(failure), ['fictitious-password']);
  });
});
