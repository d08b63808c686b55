import { Secret } from '../../../src/secrets/secret';
import { HostedLinkCommands } from '../../../testing/hosted-link';
import { describeOnPostgres, prepareVault } from '../../../testing/databases';

/** Clears the screen, sets the title of the window, turns the text around, and begins a line that looks like ours. */
const NAME = 'Bank\u001b[2J\u009b1m\u001b]0;owned\u0007\u202eknaB\r\nitem-2 at Real Bank';
const SHOWN = 'Bank?[2J?1m?]0;owned??knaB??item-2 at Real Bank';

/** Lines without a character that acts. */
const PLAIN = /^([^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+\n)+$/u;

describeOnPostgres((server) => {
  let commands: HostedLinkCommands;
  let resultId: string;

  beforeAll(async () => {
    const databaseUrl = await server.emptyDatabase();
    commands = new HostedLinkCommands({ DATABASE_URL: databaseUrl });
    const vault = await prepareVault(databaseUrl);
    const claim = {
      key: 'session',
      plaidFlow: 'hosted_link',
      firstRunId: 'run',
      requestDigest: 'd',
    } as const;
    await vault.sessions.claim(claim);
    const accessToken = new Secret('access-sandbox-hostile');
    const [row] = await vault.results.record('session', [
      { kind: 'access_token', token: accessToken, institutionName: NAME, linkSessionId: NAME },
    ]);
    resultId = row!.resultId;
    await vault.results.link(resultId, {
      itemId: 'item-1',
      accessToken,
      institutionId: NAME,
      institutionName: NAME,
      requestId: NAME,
    });
    await vault.withAccessToken({ itemId: 'item-1', actor: NAME, purpose: NAME }, () => Promise.resolve());
    await vault.close();
  });
  afterAll(() => commands.close());

  test.each([
    ['items list', 1],
    ['items show item-1', 4],
    ['results list', 1],
    ['results show RESULT', 9],
    ['audit', 1],
  ])('a name from outside is no more than text in what hosted-link %s prints', async (command, lines) => {
    const args = command.split(' ').map((arg) => (arg === 'RESULT' ? resultId : arg));
    const { code, stdout, stderr } = await commands.run(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(PLAIN);
    expect(stdout.trimEnd().split('\n')).toHaveLength(lines);
    if (command !== 'results list') expect(stdout).toContain(SHOWN);
  });

  test('and in JSON it is the same name, in characters that do not act', async () => {
    const { stdout } = await commands.run(['items', 'show', 'item-1', '--json']);
    expect(stdout).toMatch(PLAIN);
    expect(JSON.parse(stdout)).toMatchObject({ institutionName: NAME });
  });

  test('a wrong argument is repeated as text, without a token that stands in it', async () => {
    const token = 'access-sandbox-0b1c8a70-9a4c-4000-8000-5a0f0e4c3b2a';
    const { code, stderr } = await commands.run(['items', `\u001b[2J\n${token}`]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: unknown command '\?\[2J\n\[secret\]'/);
    expect(stderr).not.toContain('\u001b');
  });
});
