import { HostedLinkCommands } from '../../../testing/hosted-link';
import { runSql } from '../../../testing/postgres';
import { Secret } from '../../../src/secrets/secret';
import { describeOnPostgres, prepareVault } from '../../../testing/databases';

describeOnPostgres((server) => {
  let commands: HostedLinkCommands;

  beforeAll(async () => {
    const databaseUrl = await server.emptyDatabase();
    // No key of the vault's, which the command needs none of.
    commands = new HostedLinkCommands({ DATABASE_URL: databaseUrl, PLAID_ENV: 'production' });
    const vault = await prepareVault(databaseUrl);
    await vault.sessions.claim({
      key: 'session',
      plaidFlow: 'link_delivery',
      firstRunId: 'run',
      requestDigest: 'digest',
    });
    const accessToken = new Secret('access-sandbox-audited');
    const [row] = await vault.results.record('session', [{ kind: 'access_token', token: accessToken }]);
    await vault.results.link(row!.resultId, { itemId: 'item-1', accessToken, requestId: 'request' });
    for (const actor of ['ledger', 'evil\u001b[2J\nactor'])
      await vault.withAccessToken({ itemId: 'item-1', actor, purpose: 'sync' }, () => Promise.resolve());
    await vault.close();
    await runSql(
      databaseUrl,
      "UPDATE hosted_link.access_audit SET read_at = timestamptz '2026-03-01T00:00Z' + read_id * interval '1 day'",
    );
  });
  afterAll(() => commands.close());

  test('hosted-link audit prints a line for each read, whatever characters an actor has', async () => {
    expect(await commands.run(['audit'])).toEqual({
      code: 0,
      stdout:
        '2026-03-03T00:00:00.000Z item-1 by evil?[2J?actor: sync\n2026-03-02T00:00:00.000Z item-1 by ledger: sync\n',
      stderr: '',
    });
  });

  test('hosted-link audit --json prints what was asked for', async () => {
    const asked = ['--item', 'item-1', '--actor', 'ledger', '--since', '2026-03-01', '--limit', '5'];
    expect(await commands.json(['audit', ...asked])).toEqual([
      { readId: 1, itemId: 'item-1', actor: 'ledger', purpose: 'sync', readAt: '2026-03-02T00:00:00.000Z' },
    ]);
    expect(await commands.json(['audit', '--until', '2026-03-02T00:00:00Z'])).toEqual([]);
  });

  test.each([
    ['--since', 'yesterday'],
    ['--until', '2026-03-01T12:00'],
    ['--limit', '0'],
  ])('hosted-link audit %s %s is refused by the name of the option', async (option, value) => {
    const { code, stderr } = await commands.run(['audit', option, value]);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(new RegExp(`^INVALID_INPUT: ${option}: not a `)),
    });
  });
});
