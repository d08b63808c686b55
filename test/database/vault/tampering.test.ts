import { describeOnEachDatabase, newKeys } from '../../../testing/databases';
import { Secret } from '../../../src/secrets/secret';
import { migrate, openVault, type Vault } from '../../../src/vault';
import { runSql } from '../../../testing/postgres';

/** What somebody who may write to the database, and has no key, could try. */
describeOnEachDatabase((server) => {
  const keys = newKeys();
  let databaseUrl: string;
  let vault: Vault;
  let results: string[];

  beforeEach(async () => {
    databaseUrl = await server.emptyDatabase();
    await migrate(databaseUrl);
    vault = await openVault({ databaseUrl, keys, environment: 'sandbox' });
    results = [];
    for (const name of ['one', 'two']) {
      await vault.sessions.claim({
        key: name,
        plaidFlow: 'link_delivery',
        firstRunId: 'run',
        requestDigest: `digest of ${name}`,
      });
      const accessToken = new Secret(`access-sandbox-${name}`);
      const [linked] = await vault.results.record(name, [{ kind: 'access_token', token: accessToken }]);
      await vault.results.link(linked!.resultId, { itemId: name, accessToken, requestId: 'request' });
      const rows = await vault.results.record(name, [
        { kind: 'public_token', token: new Secret(`public-sandbox-${name}`) },
      ]);
      results.push(rows.find(({ state }) => state === 'PENDING')!.resultId);
    }
  });
  afterEach(() => vault.close());

  /** The three ways in which sealed values are opened; each for the row of `one`. */
  const openings = (by = vault): Record<string, () => Promise<unknown>> => ({
    items: () =>
      by.withAccessToken({ itemId: 'one', actor: 'test', purpose: 'open' }, async (token) => token.reveal()),
    results: () => by.results.acquire(results[0]!, 60_000),
    sessions: () =>
      by.sessions.claim({
        key: 'one',
        plaidFlow: 'link_delivery',
        firstRunId: 'run',
        requestDigest: 'digest of one',
      }),
  });
  const COLUMNS = {
    items: { id: 'item_id', sealed: 'sealed_access_token' },
    results: { id: 'result_id', sealed: 'sealed_token' },
    sessions: { id: 'session_key', sealed: 'sealed_request_digest' },
  };
  const TABLES = Object.keys(COLUMNS) as (keyof typeof COLUMNS)[];

  const idOf = (table: keyof typeof COLUMNS, index: number) =>
    table === 'results' ? results[index]! : ['one', 'two'][index]!;

  async function change(table: keyof typeof COLUMNS, set: (sealed: string) => string): Promise<void> {
    const { id, sealed } = COLUMNS[table];
    await runSql(
      databaseUrl,
      `UPDATE hosted_link.${table} SET ${set(sealed)} WHERE ${id} = '${idOf(table, 0)}'`,
    );
  }

  const CHANGES: [what: string, set: (sealed: string) => string][] = [
    [
      'a changed byte of the value',
      (sealed) => `${sealed} = set_byte(${sealed}, 20, get_byte(${sealed}, 20) # 1)`,
    ],
    ['another version of the value', (sealed) => `${sealed} = set_byte(${sealed}, 0, 2)`],
    [
      'a changed byte of the wrap',
      () => 'wrapped_key = set_byte(wrapped_key, 20, get_byte(wrapped_key, 20) # 1)',
    ],
    [
      'a value that was cut at its end',
      (sealed) => `${sealed} = substr(${sealed}, 1, length(${sealed}) - 1)`,
    ],
    ['a value that was cut to nothing', (sealed) => `${sealed} = ''`],
    ['a wrap that was cut at its start', () => 'wrapped_key = substr(wrapped_key, 2)'],
    ['a wrap that was cut to nothing', () => "wrapped_key = ''"],
  ];

  test.each(TABLES)('in %s what is untouched opens', async (table) => {
    await openings()[table]!();
  });

  test.each(TABLES.flatMap((table) => CHANGES.map(([what, set]) => ({ table, what, set }))))(
    'in $table $what never opens',
    async ({ table, set }) => {
      await change(table, set);
      await expect(openings()[table]!()).rejects.toMatchObject({ code: 'DECRYPT_FAILED' });
    },
  );

  test.each(TABLES)('in %s the sealed value of another row never opens', async (table) => {
    const { id, sealed } = COLUMNS[table];
    for (const columns of [['wrapped_key', sealed], ['wrapped_key'], [sealed]]) {
      await runSql(
        databaseUrl,
        `UPDATE hosted_link.${table} AS target SET ${columns.map((column) => `${column} = source.${column}`).join(', ')}
        FROM hosted_link.${table} AS source
        WHERE target.${id} = '${idOf(table, 0)}' AND source.${id} = '${idOf(table, 1)}'`,
      );
      await expect(openings()[table]!()).rejects.toMatchObject({ code: 'DECRYPT_FAILED' });
    }
  });

  test('a result’s token that was moved into an item never opens', async () => {
    await runSql(
      databaseUrl,
      `UPDATE hosted_link.items SET wrapped_key = result.wrapped_key, sealed_access_token = result.sealed_token
      FROM hosted_link.results AS result WHERE items.item_id = 'one' AND result.result_id = '${results[0]}'`,
    );
    await expect(openings()['items']!()).rejects.toMatchObject({ code: 'DECRYPT_FAILED' });
  });

  test('a row that is said to be of another environment never opens there', async () => {
    await runSql(databaseUrl, "UPDATE hosted_link.items SET environment = 'production'");
    const production = await openVault({ databaseUrl, keys, environment: 'production' });
    for (const table of TABLES)
      await expect(openings(production)[table]!()).rejects.toMatchObject({ code: 'DECRYPT_FAILED' });
    await production.close();
  });

  test('a result that does not open takes no lease and counts no call, and goes on when it is mended', async () => {
    const flip = () => 'wrapped_key = set_byte(wrapped_key, 20, get_byte(wrapped_key, 20) # 1)';
    await change('results', flip);
    await expect(openings()['results']!()).rejects.toMatchObject({ code: 'DECRYPT_FAILED' });
    await change('results', flip);
    expect(await openings()['results']!()).toMatchObject({ outcome: 'LEASED', fence: 1, unansweredCalls: 0 });
  });
});
