import { allCommands } from '../../tools/cli-page';
import { freePorts } from '../../testing/child-server';
import type { ResultRow } from '../../src/vault';
import { generateKeyRingText } from '../../src/secrets/key-ring';
import type { Sandbox } from '../../src/sandbox';
import { againstErrorSchema, againstSchema } from '../../testing/cli-schema';
import { type CommandDeployment, startCommandDeployment } from '../../testing/deployment';
import type { HostedLinkCommands } from '../../testing/hosted-link';
import { describeWithDevServer, devServer } from '../../testing/temporal';
import { until } from '../../testing/until';

const MINUTE_MS = 60_000;
const ACCOUNT = { clientId: 'json_output_client_id', secret: 'json_output_plaid_secret' };

describeWithDevServer('each command with --json', () => {
  const server = devServer();
  let deployment: CommandDeployment;
  let sandbox: Sandbox;
  let commands: HostedLinkCommands;
  const told = new Set<string>();

  beforeAll(async () => {
    const [nobody] = await freePorts(1);
    deployment = await startCommandDeployment(server.address, ACCOUNT, {
      HOSTED_LINK_CALLBACK_URL: `http://127.0.0.1:${nobody}/`,
      HOSTED_LINK_CALLBACK_KEYS: generateKeyRingText('callback'),
    });
    ({ sandbox, commands } = deployment);
    await serves('worker');
  }, 2 * MINUTE_MS);

  afterAll(async () => await deployment?.close(), MINUTE_MS);

  /** Lines that are as published. */
  function expectAsPublished(name: string, stdout: string): void {
    const lines = stdout.split('\n').filter((line) => line !== '');
    expect({ name, wrong: lines.flatMap((line) => againstSchema(name, line)) }).toEqual({ name, wrong: [] });
    told.add(name);
  }

  async function tells<T>(name: string, args: readonly string[] = [], exits = 0): Promise<T> {
    const { code, stdout, stderr } = await commands.run([...name.split(' '), ...args, '--json']);
    expect({ name, code, stderr }).toEqual({ name, code: exits, stderr: '' });
    expectAsPublished(name, stdout);
    return (stdout === '' ? undefined : JSON.parse(stdout.split('\n')[0]!)) as T;
  }

  /** Starts a command that serves, and waits until it says that it does. */
  async function serves(name: string, args: readonly string[] = []): Promise<void> {
    const command = commands.start([name, ...args, '--json']);
    let ended = false;
    void command.ended.then(() => (ended = true));
    await until(`${name} serves`, () => ended || command.stdout().endsWith('\n'), MINUTE_MS);
    expect(command.stdout()).toMatch(/^[^\n]+\n$/);
    expectAsPublished(name, command.stdout());
  }

  async function start(key: string, token: Parameters<Sandbox['issueLinkToken']>[0] = {}): Promise<string> {
    const linkToken = sandbox.issueLinkToken(token);
    await tells('start', ['--key', key, '--link-token', linkToken, '--user', 'person']);
    return linkToken;
  }

  it(
    'prints what the published schema says, from the start of a session to the removal of its person',
    async () => {
      await tells('setup');
      await tells('keys generate', ['vault']);
      const linkToken = await start('linked');
      await tells('status', ['linked']);
      await tells('check', ['linked']);
      sandbox.session(linkToken).complete();
      await Promise.all([tells('wait', ['linked']), tells('follow', ['linked'])]);
      const [item] = await tells<{ itemId: string }[]>('items list');
      await tells('items show', [item!.itemId]);
      await tells('callbacks list', ['--state', 'pending']);
      expect(await tells('callbacks replay', ['linked'])).toEqual({ key: 'linked', callbacks: 1 });

      sandbox.fault('/item/public_token/exchange', { kind: 'reset_after_work' });
      sandbox.session(await start('lost', { tokenShape: 'public_tokens' })).complete();
      await tells('wait', ['lost'], 3);
      const [{ resultId }] = (await tells<ResultRow[]>('results list', ['--state', 'uncertain'])) as [
        ResultRow,
      ];
      await tells('results show', [resultId]);
      await tells('results resolve', [resultId, '--no-item']);

      await start('called-off');
      await tells('cancel', ['called-off']);
      await tells('list');
      await tells('items remove', [item!.itemId]);
      await tells('items forget', ['person'], 1);
      await tells('audit');
      await tells('keys status');
      await tells('keys rotate');
      await tells('replay');
      await tells('reconcile');
      await tells('doctor');
      await serves('webhooks', ['--address', '127.0.0.1:0']);
      await serves('codec-server', ['--address', '127.0.0.1:0', '--origin', 'http://localhost:8233']);
      await serves('sandbox', ['--port', '0']);
      expect([...told].sort()).toEqual(
        allCommands()
          .map(({ name }) => name)
          .sort(),
      );
    },
    10 * MINUTE_MS,
  );

  it('says what went wrong as published', async () => {
    for (const args of [
      ['status', 'nobody'],
      ['items', 'show', 'nobody'],
      ['list', '--limit', 'all'],
    ]) {
      const { stdout, stderr } = await commands.run([...args, '--json']);
      expect({ stdout, wrong: againstErrorSchema(stderr) }).toEqual({ stdout: '', wrong: [] });
    }
  });
});

test('the published schema refuses what no command prints', () => {
  expect(againstSchema('items remove', '{"item": "i"}')).toEqual([" must have required property 'itemId'"]);
  expect(againstSchema('items list', '{}')).toEqual([' must be array']);
  expect(againstErrorSchema('{"message": "without a code"}')).not.toEqual([]);
});
