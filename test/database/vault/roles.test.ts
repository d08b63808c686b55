import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describeOnPostgres, keysOf, newKey } from '../../../testing/databases';
import { Secret } from '../../../src/secrets/secret';
import { grantRoles, migrate, openRecords, openVault, type Vault } from '../../../src/vault';
import { runSql } from '../../../testing/postgres';

const LOGINS = join(__dirname, '../../../docker/vault-logins.sh');

const KEY = newKey('vault-1');

type Role = 'setup' | 'worker' | 'reader' | 'receiver';

/** The SQLSTATE of what a role may not do. */
const REFUSED = '42501';

/** What each statement is allowed to. Every other role is refused it. */
const STATEMENTS: [statement: string, allowed: Role[]][] = [
  ['SELECT session_key, state FROM hosted_link.sessions', ['setup', 'worker', 'receiver']],
  ['SELECT sealed_request_digest FROM hosted_link.sessions', ['setup', 'worker']],
  ["UPDATE hosted_link.sessions SET state = 'FAILED', ended_at = now() WHERE false", ['setup', 'worker']],
  ['SELECT sealed_token FROM hosted_link.results', ['setup', 'worker']],
  ['UPDATE hosted_link.results SET fence = fence WHERE false', ['setup', 'worker']],
  ['DELETE FROM hosted_link.results WHERE false', ['setup', 'worker']],
  ['SELECT session_state FROM hosted_link.callbacks', ['setup', 'worker']],
  ['UPDATE hosted_link.callbacks SET answer = answer WHERE false', ['setup', 'worker']],
  ['DELETE FROM hosted_link.callbacks WHERE false', ['setup', 'worker']],
  ['SELECT subject FROM hosted_link.repairs', ['setup', 'worker']],
  [
    "INSERT INTO hosted_link.repairs (kind, subject) SELECT 'ITEM_REMOVED', 'item' WHERE false",
    ['setup', 'worker'],
  ],
  ["UPDATE hosted_link.repairs SET subject = 'another' WHERE false", ['setup']],
  ['DELETE FROM hosted_link.repairs WHERE false', ['setup']],
  ['SELECT user_hash FROM hosted_link.erased_users', ['setup', 'worker']],
  ['DELETE FROM hosted_link.erased_users WHERE false', ['setup']],
  ['SELECT sealed_access_token FROM hosted_link.items', ['setup', 'worker', 'reader']],
  ['UPDATE hosted_link.items SET removed_at = removed_at WHERE false', ['setup', 'worker']],
  ['DELETE FROM hosted_link.items WHERE false', ['setup']],
  ['DELETE FROM hosted_link.sessions WHERE false', ['setup']],
  ['SELECT check_value FROM hosted_link.vault_keys', ['setup', 'worker', 'reader']],
  ['UPDATE hosted_link.vault_keys SET check_value = check_value WHERE false', ['setup']],
  ['SELECT check_value FROM hosted_link.codec_keys', ['setup', 'worker']],
  ['UPDATE hosted_link.codec_keys SET check_value = check_value WHERE false', ['setup']],
  ['SELECT actor FROM hosted_link.access_audit', ['setup', 'worker']],
  [
    "INSERT INTO hosted_link.access_audit (item_id, actor, purpose, read_at) SELECT 'i', 'a', 'p', now() WHERE false",
    ['setup'],
  ],
  ["UPDATE hosted_link.access_audit SET actor = 'nobody' WHERE false", ['setup']],
  ['DELETE FROM hosted_link.access_audit WHERE false', ['setup']],
  ['SELECT name FROM hosted_link.schema_migrations', ['setup', 'worker', 'reader', 'receiver']],
  ['DELETE FROM hosted_link.schema_migrations WHERE false', ['setup']],
  ['ALTER TABLE hosted_link.items ADD COLUMN extra text', ['setup']],
  ['CREATE TABLE hosted_link.extra (id int)', ['setup']],
  ['CREATE TABLE public.extra (id int)', ['setup']],
  ['CREATE TEMPORARY TABLE extra (id int)', ['setup']],
  ['CREATE ROLE extra', []],
  ['CREATE DATABASE extra', []],
  ["COPY hosted_link.items TO '/tmp/items'", []],
];

const TRACEPARENT = `00-${'c'.repeat(32)}-${'d'.repeat(16)}-01`;

describeOnPostgres((server) => {
  let superuserUrl: string;
  let urls: Record<Role, string>;
  let worker: Vault;

  const openAs = (role: Role) =>
    openVault({ databaseUrl: urls[role], keys: keysOf(KEY), environment: 'sandbox' });

  beforeAll(async () => {
    superuserUrl = await server.emptyDatabase();
    const { hostname, port, username, password, pathname } = new URL(superuserUrl);
    const passwords = { setup: 'aa11', worker: 'bb22', reader: 'cc33', receiver: 'dd44' };
    await promisify(execFile)('sh', [LOGINS], {
      env: {
        PATH: process.env['PATH'],
        PGHOST: hostname,
        PGPORT: port,
        PGPASSWORD: password,
        POSTGRES_USER: username,
        POSTGRES_DB: pathname.slice(1),
        ...Object.fromEntries(
          Object.entries(passwords).map(([role, text]) => [`VAULT_${role.toUpperCase()}_PASSWORD`, text]),
        ),
      },
    });
    urls = Object.fromEntries(
      Object.entries(passwords).map(([role, text]) => [
        role,
        `postgresql://vault_${role}:${text}@${hostname}:${port}${pathname}`,
      ]),
    ) as Record<Role, string>;
    await migrate(urls.setup);
    expect(await grantRoles(urls.setup)).toBe(true);
    worker = await openAs('worker');
  });
  afterAll(() => worker?.close());

  async function attempt(role: Role, statement: string): Promise<'allowed' | 'refused'> {
    try {
      await runSql(urls[role], `BEGIN; ${statement}; ROLLBACK`);
      return 'allowed';
    } catch (error) {
      expect(error).toMatchObject({ code: REFUSED });
      return 'refused';
    }
  }

  const ROLES: Role[] = ['setup', 'worker', 'reader', 'receiver'];

  test.each(STATEMENTS)('%s: only for %j', async (statement, allowed) => {
    if (statement.startsWith('CREATE DATABASE')) {
      // Not inside a transaction.
      for (const role of ROLES)
        await expect(runSql(urls[role], statement)).rejects.toMatchObject({ code: REFUSED });
      return;
    }
    const outcomes = await Promise.all(ROLES.map((role) => attempt(role, statement)));
    expect(Object.fromEntries(ROLES.map((role, index) => [role, outcomes[index]]))).toEqual(
      Object.fromEntries(ROLES.map((role) => [role, allowed.includes(role) ? 'allowed' : 'refused'])),
    );
  });

  test('each of them may do its part', async () => {
    await worker.sessions.claim({
      key: 'session',
      plaidFlow: 'link_delivery',
      firstRunId: 'run',
      requestDigest: 'digest',
      plaidSessionHash: 'a'.repeat(32),
      traceparent: TRACEPARENT,
    });
    const accessToken = new Secret('access-sandbox-roles');
    const [row] = await worker.results.record('session', [{ kind: 'access_token', token: accessToken }]);
    const acquired = await worker.results.acquire(row!.resultId, 60_000);
    expect(acquired.outcome).toBe('LEASED');
    await worker.results.link(row!.resultId, { itemId: 'item', accessToken, requestId: 'request' });
    await worker.items.describe('item', { institutionName: 'First Fictitious Bank' });
    await worker.callbacks.queue({
      key: 'session',
      toldBy: 'run',
      plaidFlow: 'link_delivery',
      state: 'COMPLETED',
      itemIds: ['item'],
    });
    await worker.callbacks.end('session', 1, 'DELIVERED', 'HTTP_200');
    await worker.codecKeys.enter(new Map([['codec-1', Buffer.alloc(32, 1)]]));
    expect(await worker.rotateKeys()).toMatchObject({ failed: 0 });

    const reader = await openAs('reader');
    const read = { itemId: 'item', actor: 'ledger', purpose: 'sync' };
    expect(await reader.withAccessToken(read, async (token) => token.reveal())).toBe('access-sandbox-roles');
    await expect(reader.sessions.get('session')).rejects.toMatchObject({ code: 'VAULT_FAILED' });
    await reader.close();
    expect(await worker.audit.list()).toMatchObject([{ itemId: 'item', actor: 'ledger' }]);

    const receiver = await openRecords(urls.receiver);
    expect(await receiver.sessions.findByPlaidSession('a'.repeat(32))).toMatchObject({
      key: 'session',
      traceparent: TRACEPARENT,
    });
    await expect(receiver.items.list()).rejects.toMatchObject({ code: 'VAULT_FAILED' });
    await receiver.close();

    await worker.sessions.end('session', 'COMPLETED', 'run');
    await worker.items.markRemoved('item');
    await worker.retention.writeTombstone('b'.repeat(32));
    expect(await worker.repairs.restoreTombstone('c'.repeat(32), new Date())).toBe(true);
    expect(await worker.repairs.list(1)).toMatchObject([{ kind: 'TOMBSTONE_RESTORED' }]);
    await runSql(superuserUrl, "UPDATE hosted_link.sessions SET ended_at = now() - interval '2 days'");
    await runSql(superuserUrl, "UPDATE hosted_link.results SET ended_at = now() - interval '2 days'");
    expect(await worker.retention.purgeExpired(1)).toMatchObject({ sessions: 1, results: 1 });
    expect(await migrate(urls.setup)).toEqual([]);
  });

  test('a reader whose ring has a new key reads, and leaves it to a worker to enter the key', async () => {
    const keys = keysOf(KEY, newKey('vault-2'));
    const reader = await openVault({ databaseUrl: urls.reader, keys, environment: 'sandbox' });
    await reader.close();
    const ids = async () =>
      (await runSql<{ key_id: string }>(superuserUrl, 'SELECT key_id FROM hosted_link.vault_keys')).map(
        (row) => row.key_id,
      );
    expect(await ids()).toEqual(['vault-1']);
    const other = await openVault({ databaseUrl: urls.worker, keys, environment: 'sandbox' });
    await other.close();
    expect(await ids()).toEqual(['vault-1', 'vault-2']);
  });

  test('what an earlier version granted is taken away', async () => {
    await runSql(superuserUrl, 'GRANT ALL ON ALL TABLES IN SCHEMA hosted_link TO hosted_link_receiver');
    expect(await attempt('receiver', 'SELECT 1 FROM hosted_link.items')).toBe('allowed');
    expect(await grantRoles(urls.setup)).toBe(true);
    expect(await attempt('receiver', 'SELECT 1 FROM hosted_link.items')).toBe('refused');
  });

  test('no table is left out: a worker may read each', async () => {
    const tables = await runSql<{ name: string; may: boolean }>(
      urls.worker,
      `SELECT relname AS name, has_table_privilege(oid, 'SELECT') AS may FROM pg_class
      WHERE relnamespace = 'hosted_link'::regnamespace AND relkind = 'r'`,
    );
    expect(tables.length).toBeGreaterThanOrEqual(7);
    expect(tables.filter(({ may }) => !may)).toEqual([]);
  });

  test('several set-ups at once grant the same', async () => {
    expect(await Promise.all(Array.from({ length: 4 }, () => grantRoles(urls.setup)))).toEqual(
      Array.from({ length: 4 }, () => true),
    );
  });

  test('a login that may make roles makes them; one that may not says so, and all else is set up', async () => {
    const other = await server.emptyDatabase();
    await runSql(superuserUrl, 'DROP OWNED BY hosted_link_worker, hosted_link_reader, hosted_link_receiver');
    await runSql(superuserUrl, 'DROP ROLE hosted_link_worker, hosted_link_reader, hosted_link_receiver');
    await runSql(other, `ALTER DATABASE "${new URL(other).pathname.slice(1)}" OWNER TO vault_setup`);
    const owner = new URL(urls.setup);
    owner.pathname = new URL(other).pathname;
    await migrate(owner.href);
    expect(await grantRoles(owner.href)).toBe(false);
    await runSql(superuserUrl, 'ALTER ROLE vault_setup CREATEROLE');
    expect(await grantRoles(owner.href)).toBe(true);
    expect(
      await runSql(
        other,
        "SELECT 1 FROM pg_roles WHERE rolname LIKE 'hosted\\_link\\_%' AND NOT rolcanlogin",
      ),
    ).toHaveLength(3);
  });
});
