import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { describeOnEachDatabase, describeOnPostgres, keysOf, newKey } from '../../../testing/databases';
import { Secret } from '../../../src/secrets/secret';
import { migrate, openVault } from '../../../src/vault';
import { createCipher, type SealContext } from '../../../src/vault/crypto/cipher';
import { HostedLinkCommands } from '../../../testing/hosted-link';
import { spawnTypeScript } from '../../../testing/pglite';
import { runSql } from '../../../testing/postgres';

const SQL_FOLDER = join(__dirname, '../../../sql');
const MIGRATIONS = readdirSync(SQL_FOLDER)
  .filter((file) => /^\d{4}_/.test(file))
  .sort();

const key = newKey('vault-1');
const cipher = createCipher(keysOf(key), 'sandbox');

const PENDING_TOKEN = 'public-sandbox-pending';
const PENDING_ID = createHash('sha256').update(PENDING_TOKEN).digest('hex');
const LINKED_ID = createHash('sha256').update('access-sandbox-linked').digest('hex');
const UNCERTAIN_ID = createHash('sha256').update('public-sandbox-uncertain').digest('hex');

/** Puts a row of every kind into a database of the first schema. */
async function fill(databaseUrl: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  const seal = async (text: string, context: SealContext) => {
    const { keyId, wrappedKey, ciphertext } = await cipher.seal(new Secret(text), context);
    return [keyId, wrappedKey, ciphertext];
  };
  try {
    await client.query('BEGIN');
    await client.query('INSERT INTO hosted_link.vault_keys (key_id, check_value) VALUES ($1, $2)', [
      'vault-1',
      await keysOf(key).fingerprint('vault-1'),
    ]);
    for (const state of ['WAITING', 'COMPLETED']) {
      await client.query(
        `INSERT INTO hosted_link.sessions
          (session_key, plaid_flow, state, first_run_id, ended_at, key_id, wrapped_key, sealed_request_digest)
        VALUES ($1, 'link_delivery', $2, 'run', $3, $4, $5, $6)`,
        [
          state,
          state,
          state === 'COMPLETED' ? new Date('2026-01-02T00:00Z') : null,
          ...(await seal('digest', { purpose: 'session.request_digest', rowId: state, itemId: '' })),
        ],
      );
    }
    await client.query(
      `INSERT INTO hosted_link.items (item_id, session_key, environment, institution_name, key_id, wrapped_key,
        sealed_access_token)
      VALUES ('item-live', 'COMPLETED', 'sandbox', 'First Fictitious Bank', $1, $2, $3)`,
      await seal('access-sandbox-linked', {
        purpose: 'item.access_token',
        rowId: 'item-live',
        itemId: 'item-live',
      }),
    );
    await client.query(
      `INSERT INTO hosted_link.items (item_id, session_key, environment, removed_at)
      VALUES ('item-removed', 'COMPLETED', 'sandbox', now())`,
    );
    await client.query(
      `INSERT INTO hosted_link.results (result_id, session_key, kind, key_id, wrapped_key, sealed_token)
      VALUES ($1, 'WAITING', 'public_token', $2, $3, $4)`,
      [
        PENDING_ID,
        ...(await seal(PENDING_TOKEN, { purpose: 'result.token', rowId: PENDING_ID, itemId: '' })),
      ],
    );
    await client.query(
      `INSERT INTO hosted_link.results (result_id, session_key, kind, state, item_id, request_ids, ended_at)
      VALUES ($1, 'COMPLETED', 'access_token', 'LINKED', 'item-live', '{request-1}', now()),
        ($2, 'COMPLETED', 'public_token', 'UNCERTAIN', NULL, '{}', now())`,
      [LINKED_ID, UNCERTAIN_ID],
    );
    await client.query(
      `INSERT INTO hosted_link.access_audit (item_id, actor, purpose) VALUES ('item-live', 'ledger', 'sync')`,
    );
    await client.query('COMMIT');
  } finally {
    await client.end();
  }
}

const USER = 'a'.repeat(32);
const DIGEST = "decode(repeat('0a', 32), 'hex')";

/** Rows and values of what the first statements leave out. */
const MORE_ROWS: readonly string[] = [
  `UPDATE hosted_link.sessions SET plaid_flow = 'hosted_link', user_hash = '${USER}' WHERE session_key = 'COMPLETED'`,
  `UPDATE hosted_link.items SET user_hash = '${USER}', healthy_at = now() WHERE item_id = 'item-live'`,
  `UPDATE hosted_link.results SET link_session_id = 'link-session', institution_id = 'ins_1',
      institution_name = 'First Fictitious Bank'`,
  `INSERT INTO hosted_link.codec_keys (key_id, check_value) VALUES ('codec-1', ${DIGEST})`,
  `INSERT INTO hosted_link.sessions (session_key, plaid_flow, state, first_run_id, ended_at, purged_at)
      VALUES ('PURGED', 'link_delivery', 'EXPIRED', 'run', now(), now())`,
  `INSERT INTO hosted_link.erased_users (user_hash) VALUES ('${USER}')`,
  `UPDATE hosted_link.results SET lost_item_id = 'item-lost' WHERE state = 'UNCERTAIN'`,
  `INSERT INTO hosted_link.repairs (kind, subject) VALUES ('RESULT_LOST', 'COMPLETED')`,
  `INSERT INTO hosted_link.callbacks (session_key, sequence, told_by, plaid_flow, session_state, item_ids)
      VALUES ('COMPLETED', 1, 'run', 'link_delivery', 'COMPLETED', '{item-live}')`,
  `UPDATE hosted_link.sessions SET traceparent = '00-${'a'.repeat(32)}-${'b'.repeat(16)}-01'
      WHERE session_key = 'WAITING'`,
];

/** Every row of every table, as JSON. */
async function rowsOf(databaseUrl: string): Promise<{ table: string; row: Record<string, unknown> }[]> {
  const tables = await runSql<{ name: string }>(
    databaseUrl,
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'hosted_link' AND tablename <> 'schema_migrations'`,
  );
  const rows = await Promise.all(
    tables.map(async ({ name }) =>
      (
        await runSql<{ row: Record<string, unknown> }>(
          databaseUrl,
          `SELECT to_jsonb(one) AS row FROM hosted_link.${name} AS one`,
        )
      ).map(({ row }) => ({ table: name, row })),
    ),
  );
  return rows.flat();
}

describeOnEachDatabase((server) => {
  test('a vault with rows in every table keeps each of them through a later migration, and its older commands refuse it', async () => {
    const databaseUrl = await server.emptyDatabase();
    await migrate(databaseUrl);
    await fill(databaseUrl);
    for (const statement of MORE_ROWS) await runSql(databaseUrl, statement);
    const before = await rowsOf(databaseUrl);
    const later = mkdtempSync(join(tmpdir(), 'hosted-link-sql-'));
    try {
      for (const file of MIGRATIONS) copyFileSync(join(SQL_FOLDER, file), join(later, file));
      writeFileSync(
        join(later, '9000_later.sql'),
        "ALTER TABLE hosted_link.sessions ADD COLUMN later text NOT NULL DEFAULT 'later';",
      );
      expect(await migrate(databaseUrl, later)).toEqual(['9000_later']);
    } finally {
      rmSync(later, { recursive: true });
    }
    const after = await rowsOf(databaseUrl);
    expect(after).toHaveLength(before.length);
    expect(after).toEqual(
      expect.arrayContaining(
        before.map(({ table, row }) => ({ table, row: expect.objectContaining(row) as unknown })),
      ),
    );
    await expect(openVault({ databaseUrl, keys: keysOf(key), environment: 'sandbox' })).rejects.toMatchObject(
      { code: 'SCHEMA_NEWER' },
    );
  });

  test('a vault with rows in every table is read as it was written', async () => {
    const databaseUrl = await server.emptyDatabase();
    await migrate(databaseUrl);
    await fill(databaseUrl);
    for (const statement of MORE_ROWS) await runSql(databaseUrl, statement);
    const vault = await openVault({ databaseUrl, keys: keysOf(key), environment: 'sandbox' });
    try {
      expect(await vault.sessions.get('COMPLETED')).toMatchObject({ state: 'COMPLETED' });
      const claim = { key: 'WAITING', plaidFlow: 'link_delivery', firstRunId: 'run' } as const;
      expect(await vault.sessions.claim({ ...claim, requestDigest: 'digest' })).toMatchObject({
        claimedBefore: false,
      });
      await expect(vault.sessions.claim({ ...claim, requestDigest: 'other' })).rejects.toMatchObject({
        code: 'KEY_REUSED',
      });
      const acquired = await vault.results.acquire(PENDING_ID, 60_000);
      expect(acquired.outcome === 'LEASED' && acquired.token.reveal()).toBe(PENDING_TOKEN);
      expect((await vault.results.list('COMPLETED')).map(({ state }) => state).sort()).toEqual([
        'LINKED',
        'UNCERTAIN',
      ]);
      const read = { itemId: 'item-live', actor: 'ledger', purpose: 'sync' };
      expect(await vault.withAccessToken(read, async (token) => token.reveal())).toBe(
        'access-sandbox-linked',
      );
      expect(await vault.items.get('item-removed')).toMatchObject({ removedAt: expect.any(Date) });
      expect(await vault.audit.list()).toHaveLength(2);
      expect(await vault.rotateKeys()).toEqual({ moved: 0, failed: 0, stopped: false });
    } finally {
      await vault.close();
    }
  });
});

describeOnPostgres((server) => {
  test('processes that migrate at once run each migration once, and all end well', async () => {
    const databaseUrl = await server.emptyDatabase();
    const processes = Array.from({ length: 4 }, () =>
      spawnTypeScript('testing/migrating-process.ts', [databaseUrl]),
    );
    const outputs = processes.map((child) => {
      let text = '';
      child.stdout!.on('data', (chunk) => (text += String(chunk)));
      return once(child, 'close').then(([code]) => ({ code: code as number, text }));
    });
    const ended = await Promise.all(outputs);
    expect(ended.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    const ran = ended.flatMap(({ text }) => JSON.parse(text) as string[]);
    expect(ran.sort()).toEqual(MIGRATIONS.map((file) => file.replace(/\.sql$/, '')));
    expect(await runSql(databaseUrl, 'SELECT 1 FROM hosted_link.schema_migrations')).toHaveLength(
      MIGRATIONS.length,
    );
  });

  test('a command of an older version says so in one line, and changes nothing', async () => {
    const databaseUrl = await server.emptyDatabase();
    await migrate(databaseUrl);
    await runSql(
      databaseUrl,
      "INSERT INTO hosted_link.schema_migrations (version, name, checksum) VALUES (9999, '9999_later', 'x')",
    );
    const commands = new HostedLinkCommands({ DATABASE_URL: databaseUrl });
    const ended = await Promise.all([commands.run(['setup']), commands.run(['audit'])]);
    const refused = {
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(
        /^SCHEMA_NEWER: the database has migration 9999 [^\n]+; run a newer version\n$/,
      ),
    };
    expect(ended).toEqual([refused, refused]);
  });
});
