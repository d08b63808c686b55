import type { SessionSummary, StatusReport } from '../../src/client';
import { HostedLinkClient } from '../../src/client';
import { generateKeyRingText, parseKeyRing } from '../../src/secrets/key-ring';
import { type Harness, onDevServer, startHarness } from '../../testing/harness';
import { HostedLinkCommands } from '../../testing/hosted-link';
import { describeWithDevServer, devServer } from '../../testing/temporal';
import { until } from '../../testing/until';

const MINUTE_MS = 60_000;

/** An id that would end the string that it stands in, were it not escaped. */
const ODD_USER = "o'brien' OR 'a' = 'a";

describeWithDevServer('of the sessions that Temporal knows', () => {
  const ringText = generateKeyRingText('codec');
  let harness: Harness | undefined;
  let commands: HostedLinkCommands;
  // Before the server's own, since hooks run in this order.
  afterAll(async () => {
    await commands?.close();
    await harness?.close();
  }, MINUTE_MS);
  const server = devServer();

  beforeAll(async () => {
    const options = { codecRing: parseKeyRing(ringText, 'test ring') };
    harness = await startHarness(onDevServer(server), { now: Date.now }, options);
    commands = new HostedLinkCommands({
      TEMPORAL_ADDRESS: server.address,
      HOSTED_LINK_CODEC_KEYS: ringText,
    });
  }, MINUTE_MS);

  async function start(key: string, client: HostedLinkClient, userId?: string): Promise<string> {
    const linkToken = harness!.sandbox.issueLinkToken();
    await client.start({ key, linkToken, userId });
    return linkToken;
  }

  const list = async (...args: string[]) =>
    (await commands.json<SessionSummary[]>(['list', ...args])).map(({ key }) => key).sort();

  it(
    'list gives those of a state, a person, a Plaid flow and an age, and no others',
    async () => {
      const { client, temporal } = harness!;
      const clear = new HostedLinkClient({ temporal, environment: 'sandbox', userAttribute: 'clear' });
      const linkToken = await start('ended', client, 'ada');
      harness!.sandbox.session(linkToken).complete();
      await client.waitForFinalStatus('ended');
      await start('open', client, 'ada');
      await start('other', client, 'grace');
      await start('odd', clear, ODD_USER);
      await until('visibility has all', async () => (await list()).length === 4, MINUTE_MS);
      await until('visibility has the end', async () => (await list('--state', 'completed')).length === 1);

      expect(await list('--state', 'waiting')).toEqual(['odd', 'open', 'other']);
      expect(await list('--user', 'ada')).toEqual(['ended', 'open']);
      expect(await list('--user', 'ada', '--state', 'waiting')).toEqual(['open']);
      expect(await list('--plaid-flow', 'hosted_link')).toEqual([]);
      expect(await list('--older-than', '1h')).toEqual([]);
      expect(await list('--older-than', '0m', '--limit', '2')).toHaveLength(2);
      expect((await clear.list({ userId: ODD_USER })).map(({ key }) => key)).toEqual(['odd']);
      await expect(clear.list({ userId: 'a"b' })).rejects.toThrow(/^userId: has a quotation mark/);
      const { stdout } = await commands.run(['list', '--state', 'completed']);
      expect(stdout).toMatch(/^ended {2}COMPLETED {2}link_delivery {2}\S+ to \S+\n$/);
    },
    3 * MINUTE_MS,
  );

  it.each([
    [['--state', 'asleep'], /^INVALID_INPUT: --state: not a state/],
    [['--older-than', 'long'], /^INVALID_INPUT: --older-than: not an age/],
    [['--limit', '0'], /^INVALID_INPUT: --limit: not a number/],
  ])('list refuses %j by name', async (args, said) => {
    const { code, stderr } = await commands.run(['list', ...args]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(said)]);
  });

  it(
    'watch prints a line for each change, and ends when the exchange has',
    async () => {
      const { client, sandbox } = harness!;
      const linkToken = await start('watched', client);
      const watching = commands.start(['follow', 'watched', '--json']);
      let states: string[] = [];
      const seen = () => (states = watching.stdout().split('\n').filter(Boolean));
      await until('it has told the first status', () => seen().length > 0, MINUTE_MS);
      sandbox.session(linkToken).open();
      await client.checkNow('watched');
      await until('it has told that the link was opened', () => seen().length > 1, MINUTE_MS);
      sandbox.session(linkToken).complete();
      await client.checkNow('watched');
      const { code, stdout } = await watching.ended;
      const reports = stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as StatusReport);
      expect([code, states.length]).toEqual([0, 2]);
      expect(reports[0]).toMatchObject({ state: 'WAITING', plaidStatus: 'CREATED' });
      expect(reports[1]).toMatchObject({ state: 'WAITING', plaidStatus: 'OPENED' });
      expect(reports.at(-1)).toMatchObject({ state: 'COMPLETED', results: [{ state: 'LINKED' }] });
    },
    2 * MINUTE_MS,
  );
});
