import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, readdirSync, rmSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { describeOnEachDatabase, describeOnPostgres, keysOf, newKey } from './databases';
import { Secret } from '../../src/secret';
import { migrate, openVault } from '../../src/vault';
import { createCipher, type SealContext } from '../../src/vault/cipher';
import { HostedLinkCommands } from '../support/hosted-link';
import { spawnTypeScript } from '../support/pglite';
import { runSql } from '../support/postgres';

const SQL_FOLDER = join(__dirname, '../../sql');
const MIGRATIONS = readdirSync(SQL_FOLDER)
  .filter((file) => /^\d{4}_/.test(file))
  .sort();

const key = newKey('vault-1');
const cipher = createCipher(keysOf(key), 'sandbox');

const PENDING_TOKEN = 'public-sandbox-pending';
const PENDING_ID = createHash('sha256').update(PENDING_TOKEN).digest('hex');
const LINKED_ID = createHash('sha256').update('access-sandbox-linked').digest('hex');
const UNCERTAIN_ID = createHash('sha256').update('public-sandbox-uncertain').digest('hex');

/** Puts a row of every kind into a database of the first schema, whose columns every later one has. */
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
          (session_key, link_api, state, first_run_id, ended_at, key_id, wrapped_key, sealed_request_digest)
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

describeOnEachDatabase((server) => {
  test.each(MIGRATIONS.map((file, index) => [file, index + 1] as const))(
    'a vault with rows in it is brought up from %s, and all of them are read',
    async (_, count) => {
      const databaseUrl = await server.emptyDatabase();
      const earlier = mkdtempSync(join(tmpdir(), 'hosted-link-sql-'));
      try {
        for (const file of MIGRATIONS.slice(0, count))
          copyFileSync(join(SQL_FOLDER, file), join(earlier, file));
        expect(await migrate(databaseUrl, earlier)).toHaveLength(count);
      } finally {
        rmSync(earlier, { recursive: true });
      }
      await fill(databaseUrl);

      expect(await migrate(databaseUrl)).toEqual(
        MIGRATIONS.slice(count).map((file) => file.replace(/\.sql$/, '')),
      );
      const vault = await openVault({ databaseUrl, keys: keysOf(key), environment: 'sandbox' });
      try {
        expect(await vault.sessions.get('COMPLETED')).toMatchObject({ state: 'COMPLETED' });
        const claim = { key: 'WAITING', linkApi: 'link_delivery', firstRunId: 'run' } as const;
        expect(await vault.sessions.claim({ ...claim, requestDigest: 'digest' })).toMatchObject({
          claimedBefore: false,
        });
        await expect(vault.sessions.claim({ ...claim, requestDigest: 'other' })).rejects.toMatchObject({
          code: 'KEY_REUSED',
        });
        const acquired = await vault.journal.acquire(PENDING_ID, 60_000);
        expect(acquired.outcome === 'LEASED' && acquired.token.reveal()).toBe(PENDING_TOKEN);
        expect((await vault.journal.list('COMPLETED')).map(({ state }) => state).sort()).toEqual([
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
    },
  );
});

describeOnPostgres((server) => {
  test('processes that migrate at once run each migration once, and all end well', async () => {
    const databaseUrl = await server.emptyDatabase();
    const processes = Array.from({ length: 4 }, () =>
      spawnTypeScript('test/vault/migrating-process.ts', [databaseUrl]),
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
