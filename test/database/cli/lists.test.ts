import { HostedLinkCommands } from '../../../testing/hosted-link';
import { Secret } from '../../../src/secrets/secret';
import type { ItemRow, ResultRow } from '../../../src/vault';
import { describeOnPostgres, prepareVault } from '../../../testing/databases';

const ITEMS = ['item-1', 'item-2', 'item-3'];

describeOnPostgres((server) => {
  let commands: HostedLinkCommands;

  beforeAll(async () => {
    const databaseUrl = await server.emptyDatabase();
    commands = new HostedLinkCommands({ DATABASE_URL: databaseUrl });
    const vault = await prepareVault(databaseUrl);
    for (const itemId of ITEMS) {
      await vault.sessions.claim({
        key: `of-${itemId}`,
        plaidFlow: 'link_delivery',
        firstRunId: 'run',
        requestDigest: 'digest',
      });
      const accessToken = new Secret(`access-sandbox-${itemId}`);
      const [row] = await vault.results.record(`of-${itemId}`, [
        { kind: 'access_token', token: accessToken },
      ]);
      await vault.results.link(row!.resultId, { itemId, accessToken, requestId: 'request' });
    }
    await vault.close();
  });
  afterAll(() => commands.close());

  test.each([
    ['items', (row: ItemRow & ResultRow) => row.itemId],
    ['results', (row: ItemRow & ResultRow) => row.resultId],
  ])('hosted-link %s list prints a page, and how to go on on stderr', async (name, idOf) => {
    const all = await commands.json<(ItemRow & ResultRow)[]>([name, 'list']);
    expect(all.map(({ itemId }) => itemId)).toEqual(ITEMS);
    const first = await commands.run([name, 'list', '--json', '--limit', '2']);
    expect(JSON.parse(first.stdout)).toEqual(all.slice(0, 2));
    expect(first.stderr).toBe(`there are more: --after ${idOf(all[1]!)}\n`);
    const rest = await commands.run([name, 'list', '--json', '--limit', '2', '--after', idOf(all[1]!)]);
    expect(JSON.parse(rest.stdout)).toEqual(all.slice(2));
    expect(rest).toMatchObject({ code: 0, stderr: '' });
    expect(await commands.run([name, 'list', '--after', 'nobody'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^(ITEM|RESULT)_UNKNOWN: .* nobody\n$/),
    });
    expect(await commands.run([name, 'list', '--limit', 'all'])).toMatchObject({ code: 2 });
  });
});
