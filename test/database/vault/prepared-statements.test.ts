import { Database, VAULT_LIMITS } from '../../../src/vault/database/database';
import { openVault, type Vault } from '../../../src/vault';
import { type Pgbouncer, startPgbouncer, whyNoPgbouncer } from '../../../testing/pgbouncer';
import {
  describeOnEachDatabase,
  describeOnPostgres,
  newKeys,
  prepareVault,
} from '../../../testing/databases';

const PREPARED = 'SELECT statement FROM pg_prepared_statements';

function addOne(database: Database, to: number): Promise<{ sum: number }[]> {
  return database.query<{ sum: number }>('SELECT $1::int + 1 AS sum', [to]);
}

describeOnEachDatabase((server) => {
  test('a statement that the server has lost is sent whole from then on', async () => {
    const database = new Database(await server.emptyDatabase());
    try {
      expect(await addOne(database, 1)).toEqual([{ sum: 2 }]);
      // What a connection pooler does to a connection before another client gets it.
      await database.query('DEALLOCATE ALL');
      expect(await addOne(database, 2)).toEqual([{ sum: 3 }]);
      expect(await database.query(PREPARED)).toEqual([]);
      expect(await addOne(database, 3)).toEqual([{ sum: 4 }]);
    } finally {
      await database.close();
    }
  });

  test('two processes that prepare the same statements get their own answers', async () => {
    const databaseUrl = await server.emptyDatabase();
    const databases = [new Database(databaseUrl), new Database(databaseUrl)];
    try {
      const numbers = Array.from({ length: 40 }, (_, index) => index);
      const sums = await Promise.all(
        numbers.map((number) => addOne(databases[number % databases.length]!, number)),
      );
      expect(sums).toEqual(numbers.map((number) => [{ sum: number + 1 }]));
    } finally {
      await Promise.all(databases.map((database) => database.close()));
    }
  });
});

describeOnPostgres((server) => {
  test('a connection parses a statement with values once', async () => {
    const database = new Database(await server.emptyDatabase());
    try {
      for (const number of [1, 2, 3]) await addOne(database, number);
      expect(await database.query(PREPARED)).toEqual([{ statement: 'SELECT $1::int + 1 AS sum' }]);
    } finally {
      await database.close();
    }
  });

  const reason = whyNoPgbouncer();
  if (reason !== undefined) process.stderr.write(`skipping the tests behind PgBouncer: ${reason}\n`);
  (reason === undefined ? describe : describe.skip)('behind a pooler that pools transactions', () => {
    let pooler: Pgbouncer;
    let vaults: Vault[];
    beforeAll(async () => {
      const databaseUrl = await server.emptyDatabase();
      const keys = newKeys();
      await (await prepareVault(databaseUrl, keys)).close();
      pooler = await startPgbouncer(databaseUrl);
      vaults = await Promise.all(
        [1, 2, 3].map(() => openVault({ databaseUrl: pooler.databaseUrl, keys, environment: 'sandbox' })),
      );
    });
    afterAll(async () => {
      await Promise.all(vaults.map((vault) => vault.close()));
      await pooler.stop();
    });

    test('several vaults work at once, each with the rows that it asked for', async () => {
      const claim = (vault: Vault, key: string) =>
        vault.sessions.claim({ key, plaidFlow: 'link_delivery', firstRunId: key, requestDigest: 'digest' });
      const keys = Array.from({ length: 60 }, (_, index) => `session-${index}`);
      await Promise.all(keys.map((key, index) => claim(vaults[index % vaults.length]!, key)));
      const found = await Promise.all(
        keys.map((key, index) => vaults[(index + 1) % vaults.length]!.sessions.get(key)),
      );
      expect(found.map((session) => session?.key)).toEqual(keys);
    });

    test('the time limits hold for each statement', async () => {
      const database = new Database(pooler.databaseUrl, { ...VAULT_LIMITS, statementMs: 1_234 });
      try {
        expect(await database.query('SHOW statement_timeout')).toEqual([{ statement_timeout: '1234ms' }]);
      } finally {
        await database.close();
      }
    });
  });
});
