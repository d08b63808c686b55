import { existsSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WorkflowClient, WorkflowNotFoundError } from '@temporalio/client';
import { freePorts } from '../../testing/child-server';
import type { StartedSession, StatusReport } from '../../src/client';
import type { CommandError } from '../../src/cli/output';
import type { Fault, Sandbox } from '../../src/sandbox';
import { userHash } from '../../src/secrets/digest';
import type { ResultRow } from '../../src/vault';
import { sessionWorkflowId } from '../../src/domain/ids';
import { LINK_TOKEN_REQUEST } from '../../testing/plaid-calls';
import { type CommandDeployment, startCommandDeployment } from '../../testing/deployment';
import type { Ended, HostedLinkCommands, RunningCommand } from '../../testing/hosted-link';
import { describeWithDevServer, devServer } from '../../testing/temporal';
import { until } from '../../testing/until';

const MINUTE_MS = 60_000;

/** How long a worker may take for what runs when it is told to stop, in milliseconds. */
const SHUTDOWN_GRACE_MS = 25_000;

const CLIENT_ID = 'commands_client_id';
const SECRET = 'commands_plaid_secret';

describeWithDevServer('the commands, each in a process of its own', () => {
  // A bare server: in development the worker makes the search attributes.
  const server = devServer();
  let deployment: CommandDeployment;
  let sandbox: Sandbox;
  let commands: HostedLinkCommands;
  let worker: RunningCommand;
  let folder: string;
  /** Started at once, since they try for a while. */
  let unreachable: { temporal: Promise<Ended>; database: Promise<Ended> };
  /** A session whose worker was killed while it exchanged. */
  let killed: { result: Promise<Ended>; publicToken: string };
  /** One whose worker was killed after Plaid had sent its link, and before it said so. */
  let killedSending: Promise<Ended>;

  beforeAll(async () => {
    deployment = await startCommandDeployment(server.address, { clientId: CLIENT_ID, secret: SECRET });
    ({ sandbox, commands, folder } = deployment);
    const [port] = await freePorts(1);
    const elsewhere = { HOSTED_LINK_DATA_DIR: join(folder, 'elsewhere') };
    unreachable = {
      temporal: commands.run(['worker'], { ...elsewhere, TEMPORAL_ADDRESS: `127.0.0.1:${port}` }),
      database: commands.run(['worker'], {
        ...elsewhere,
        DATABASE_URL: `postgresql://somebody:database-password@127.0.0.1:${port}/vault`,
      }),
    };
    worker = await commands.worker();
    killed = await killWorkerInExchange();
    worker = await commands.worker();
  }, 2 * MINUTE_MS);

  afterAll(async () => await deployment?.close(), MINUTE_MS);

  async function start(
    key: string,
    token: Parameters<Sandbox['issueLinkToken']>[0] = {},
    options: string[] = [],
  ) {
    const linkToken = sandbox.issueLinkToken(token);
    const args = ['start', '--key', key, '--link-token', linkToken, ...options];
    const started = await commands.json<StartedSession>(args);
    return { ...started, linkToken };
  }

  /** A file that holds a link token request. */
  async function requestFile(request: object): Promise<string> {
    const file = join(await mkdtemp(join(folder, 'request-')), 'request.json');
    await writeFile(file, JSON.stringify(request));
    return file;
  }

  /** Lets the next request to an endpoint meet a fault; resolves when it has come. */
  function meets(endpoint: Parameters<Sandbox['fault']>[0], fault: Fault): Promise<void> {
    return new Promise((resolve) => {
      const matching = () => {
        resolve();
        return true;
      };
      sandbox.fault(endpoint, fault, { matching });
    });
  }

  async function killWorkerInExchange() {
    const { linkToken } = await start('killed', { tokenShape: 'public_tokens' });
    const exchanging = meets('/item/public_token/exchange', { kind: 'delay_before_work', holdMs: MINUTE_MS });
    const sending = meets('/link/token/create', { kind: 'delay_after_work', holdMs: MINUTE_MS });
    killedSending = commands.run([
      ...['start', '--key', 'killed-sending', '--plaid-flow', 'hosted_link', '--email', 'ada@example.com'],
      ...['--request', await requestFile(LINK_TOKEN_REQUEST)],
    ]);
    await sending;
    sandbox.session(linkToken).complete();
    await exchanging;
    worker.kill('SIGKILL');
    await worker.ended;
    const { publicToken } = sandbox.ledger().toJSON().publicTokens.at(-1)!;
    return { result: commands.run(['wait', 'killed', '--json']), publicToken };
  }

  describe('of a session', () => {
    it('start prints what the same start prints again', async () => {
      const { linkToken, ...started } = await start('cli');
      expect(started).toEqual({
        key: 'cli',
        workflowId: 'hosted-link/cli',
        url: `${sandbox.url}/hl/${linkToken.slice('link-sandbox-'.length)}`,
        expiresAt: expect.stringMatching(/^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/),
      });
      const again = await commands.json(['start', '--key', 'cli', '--link-token', linkToken]);
      expect(again).toEqual(started);
    });

    it('start makes the link token from a request, and Plaid sends the message', async () => {
      const request = await requestFile(LINK_TOKEN_REQUEST);
      const args = ['start', '--key', 'sent', '--request', request, '--sms', '+14155550123'];
      const { stdout, code } = await commands.run(args);
      expect(code).toBe(0);
      expect(stdout).toContain(`open:    ${sandbox.url}/hl/`);
      expect(sandbox.ledger().toJSON().sessions.at(-1)!.messages).toEqual({ SMS: 1, EMAIL: 0 });
    });

    it('status, check and result follow it to its end', async () => {
      const { linkToken } = await start('followed');
      expect(await commands.json(['status', 'followed'])).toMatchObject({
        key: 'followed',
        state: 'WAITING',
        plaidStatus: 'CREATED',
        answeredBy: 'worker',
        results: [],
      });
      expect(await commands.run(['check', 'followed'])).toEqual({ code: 0, stdout: '', stderr: '' });
      sandbox.session(linkToken).complete();
      const result = await commands.json<StatusReport>(['wait', 'followed']);
      const sessionId = linkToken.slice('link-sandbox-'.length);
      const item = sandbox
        .ledger()
        .toJSON()
        .items.find((made) => made.sessionId === sessionId)!;
      expect(result).toMatchObject({
        state: 'COMPLETED',
        results: [{ state: 'LINKED', itemId: item.itemId, institutionName: item.institutionName }],
      });
      const { stdout } = await commands.run(['status', 'followed']);
      expect(stdout).toContain('session followed: COMPLETED');
      expect(stdout).toContain(`LINKED ${item.itemId} at ${item.institutionName}`);
    });

    it('items lists its item, shows it and removes it', async () => {
      const { linkToken } = await start('stored');
      sandbox.session(linkToken).complete();
      await commands.json(['wait', 'stored']);
      const ofSession = ({ sessionId }: { sessionId: string }) => linkToken.endsWith(sessionId);
      const { itemId, institutionName } = sandbox.ledger().toJSON().items.find(ofSession)!;
      const item = { itemId, sessionKey: 'stored', institutionName };
      expect(await commands.json(['items', 'list', '--session', 'stored'])).toEqual([
        expect.objectContaining(item),
      ]);
      const list = await commands.run(['items', 'list']);
      expect(list.stdout).toContain(`${itemId} at ${institutionName}, session stored, linked 20`);
      expect(await commands.run(['items', 'remove', itemId])).toEqual({
        code: 0,
        stdout: `item ${itemId} is removed\n`,
        stderr: '',
      });
      expect(sandbox.ledger().toJSON().items.find(ofSession)!.live).toBe(false);
      const shown = await commands.run(['items', 'show', itemId]);
      expect(shown.stdout).toMatch(/^item \S+\n {2}session: {5}stored\n.*\n.*\n {2}removed: {5}20[^\n]+\n$/);
      for (const command of ['show', 'remove']) {
        expect(await commands.run(['items', command, 'nobody'])).toMatchObject({
          code: 1,
          stdout: '',
          stderr: expect.stringMatching(/^ITEM_UNKNOWN: [^\n]+ nobody\n$/),
        });
      }
    });

    it(
      'exchanges lists an uncertain one, shows it, and resolves it with the token of its item',
      async () => {
        const told = await new WorkflowClient({ connection: server.connection }).start('somebodysWorkflow', {
          workflowId: 'told-of-uncertain',
          taskQueue: 'nobody',
        });
        const { linkToken } = await start('uncertain', { tokenShape: 'public_tokens' }, [
          '--notify',
          told.workflowId,
        ]);
        sandbox.fault(
          '/item/public_token/exchange',
          { kind: 'reset_after_work' },
          {
            matching: (body) =>
              sandbox
                .ledger()
                .toJSON()
                .publicTokens.some(
                  ({ publicToken, sessionId }) =>
                    publicToken === body['public_token'] && linkToken.endsWith(sessionId),
                ),
          },
        );
        sandbox.session(linkToken).complete();
        await commands.json(['wait', 'uncertain']);
        const [uncertain] = await commands.json<ResultRow[]>(['results', 'list', '--state', 'uncertain']);
        expect(uncertain).toMatchObject({ sessionKey: 'uncertain', state: 'UNCERTAIN' });
        const { resultId, requestIds } = uncertain!;
        const shown = await commands.run(['results', 'show', resultId]);
        expect(shown.stdout).toContain(`  requests:     ${requestIds.join(', ')}\n`);

        const resolve = (...how: string[]) => commands.run(['results', 'resolve', resultId, ...how]);
        expect(await resolve()).toMatchObject({ code: 2, stdout: '' });
        const tokenFile = join(folder, 'access-token');
        const { items } = sandbox.ledger().toJSON();
        const { itemId, accessToken } = items.find(({ sessionId }) => linkToken.endsWith(sessionId))!;
        const give = async (token: string) => {
          await writeFile(tokenFile, token, { mode: 0o600 });
          return await resolve('--access-token-file', tokenFile);
        };
        const wrong = await give('access-sandbox-00000000-0000-4000-8000-000000000000');
        expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('INVALID_ACCESS_TOKEN') });
        const stored = (
          await commands.json<{ itemId: string }[]>(['items', 'list', '--session', 'followed'])
        )[0];
        const another = await give(items.find((item) => item.itemId === stored!.itemId)!.accessToken);
        expect(another).toMatchObject({ code: 2, stderr: expect.stringContaining('is stored already') });
        for (const repeat of ['first', 'again']) {
          expect([repeat, await give(`${accessToken}\n`)]).toEqual([
            repeat,
            {
              code: 0,
              stdout: `result ${resultId} is LINKED with item ${itemId}; told again: ${told.workflowId}\n`,
              stderr: '',
            },
          ]);
          await commands.json(['wait', 'uncertain']);
        }
        expect(await commands.json<StatusReport>(['status', 'uncertain'])).toMatchObject({
          results: [{ state: 'LINKED', itemId }],
        });
        const { events } = await told.fetchHistory();
        const notices = events!.flatMap(({ workflowExecutionSignaledEventAttributes: signal }) =>
          signal ? [JSON.parse(Buffer.from(signal.input!.payloads![0]!.data!).toString()) as object] : [],
        );
        const notice = { key: 'uncertain', state: 'COMPLETED' };
        expect(notices[0]).toEqual({ ...notice, itemIds: [] });
        expect(notices.at(-1)).toEqual({ ...notice, itemIds: [itemId] });
        expect(await resolve('--no-item')).toMatchObject({
          code: 1,
          stderr: expect.stringMatching(/^RESULT_NOT_UNCERTAIN: /),
        });
      },
      2 * MINUTE_MS,
    );

    it(
      'items forget removes a person, says what is left, and leaves the rest to the session’s end',
      async () => {
        const linkTokens = new Map<string, string>();
        for (const key of ['forgotten', 'open']) {
          const linkToken = sandbox.issueLinkToken();
          linkTokens.set(key, linkToken);
          await commands.json(['start', '--key', key, '--link-token', linkToken, '--user', 'person-17']);
        }
        sandbox.session(linkTokens.get('forgotten')!).complete();
        await commands.json(['wait', 'forgotten']);
        const made = sandbox.ledger().toJSON().items;
        const { itemId } = made.find(({ sessionId }) => linkTokens.get('forgotten')!.endsWith(sessionId))!;

        const first = await commands.run(['items', 'forget', 'person-17']);
        expect(first).toMatchObject({ code: 1, stderr: '' });
        const kept = (id: string) => `Temporal keeps the encrypted history of ${id}`;
        expect(first.stdout.split('\n')).toEqual([
          `item ${itemId} is removed`,
          'session open is being cancelled; a worker strips it once it has ended',
          'not everything has ended: run this again when it has',
          `${kept('hosted-link/open')}, which still runs`,
          expect.stringMatching(`^${kept('hosted-link/forgotten')} until 20`),
          expect.stringMatching(`^${kept('token-exchange/forgotten')} until 20`),
          expect.stringMatching(`^${kept(`remove-item/${itemId}`)} until 20`),
          expect.stringMatching(
            `^${kept(`erase-user/${userHash('person-17')}`)}(, which still runs| until 20)`,
          ),
          '',
        ]);
        expect(
          sandbox
            .ledger()
            .toJSON()
            .items.find((item) => item.itemId === itemId)!.live,
        ).toBe(false);
        expect(await commands.json(['items', 'list', '--user', 'person-17'])).toEqual([]);
        // Its row in the journal is gone; the item tells how it ended.
        expect(await commands.json(['status', 'forgotten'])).toMatchObject({
          state: 'COMPLETED',
          results: [{ state: 'REMOVED', itemId }],
        });

        sandbox.session(linkTokens.get('open')!).expire();
        await commands.json(['wait', 'open']);
        const second = await commands.run(['items', 'forget', 'person-17']);
        expect(second).toMatchObject({ code: 0, stderr: '' });
        expect(second.stdout).toContain('the vault keeps nothing more of this person but a tombstone\n');
        expect(await commands.run(['items', 'forget', 'person-17'])).toEqual({
          code: 0,
          stdout: 'the vault keeps nothing of this person\n',
          stderr: '',
        });
        // The keys still stand for the sessions that have ended.
        const again = ['start', '--key', 'open', '--link-token', sandbox.issueLinkToken()];
        expect(await commands.run(again)).toMatchObject({
          code: 1,
          stderr: expect.stringMatching(/^KEY_REUSED/),
        });
      },
      2 * MINUTE_MS,
    );

    it('cancel takes effect at once', async () => {
      await start('called-off');
      expect(await commands.run(['cancel', 'called-off'])).toEqual({ code: 0, stdout: '', stderr: '' });
      await until('it is being cancelled', async () => {
        return (await commands.json<StatusReport>(['status', 'called-off'])).state === 'CANCELLING';
      });
    });

    it('a key that none has is refused', async () => {
      const refused = {
        code: 1,
        stdout: '',
        stderr: expect.stringMatching(/^SESSION_UNKNOWN: [^\n]+ nobody; [^\n]+\n$/),
      };
      const ended = ['status', 'wait', 'check', 'cancel'].map((command) => commands.run([command, 'nobody']));
      expect(await Promise.all(ended)).toEqual([refused, refused, refused, refused]);
    });
  });

  it('setup finds everything made by the running worker', async () => {
    expect(await commands.run(['setup'])).toEqual({
      code: 0,
      stdout: 'migrations: up to date\nsearch attributes: up to date\n',
      stderr: '',
    });
  });

  describe('bad input', () => {
    const token = 'link-sandbox-00000000-0000-4000-8000-000000000000';
    const cases = [
      { what: 'a key with a space', key: 'a key', names: '--key' },
      { what: 'a phone number without its +', args: ['--sms', '4155550123'], names: '--sms' },
      { what: 'no e-mail address', args: ['--email', 'nobody'], names: '--email' },
      {
        what: 'a link token of another environment',
        settings: { PLAID_ENV: 'development' },
        names: '--link-token',
      },
      {
        what: 'a field that a request lacks',
        input: async () => ['--request', await requestFile({ ...LINK_TOKEN_REQUEST, products: undefined })],
        names: '--request: request.products',
      },
      {
        what: 'a link token that cannot serve',
        args: ['--plaid-flow', 'hosted_link'],
        names: '--link-token',
      },
      {
        what: 'an item id that is none',
        input: async () => ['--request', await requestFile(LINK_TOKEN_REQUEST)],
        args: ['--update-item', 'access-sandbox-1'],
        names: '--update-item',
      },
      { what: 'neither token nor request', input: () => Promise.resolve([]), names: '--link-token' },
      { what: 'an unknown environment', settings: { PLAID_ENV: 'staging' }, names: 'PLAID_ENV' },
      { what: 'no Temporal address', settings: { TEMPORAL_ADDRESS: '://' }, names: 'TEMPORAL_ADDRESS' },
    ].map((given, index) => ({
      key: `bad-${index}`,
      input: () => Promise.resolve(['--link-token', token]),
      args: [],
      settings: {},
      ...given,
    }));
    let outcomes: Ended[];

    beforeAll(async () => {
      outcomes = await Promise.all(
        cases.map(async ({ key, input, args, settings }) =>
          commands.run(['start', '--key', key, ...(await input()), ...args, '--json'], settings),
        ),
      );
    }, MINUTE_MS);

    it.each(cases.map((given, index) => ({ ...given, index })))(
      '$what is named in one line, and nothing is started',
      async ({ key, names, index }) => {
        const { code, stdout, stderr } = outcomes[index]!;
        expect(stderr).toMatch(/^[^\n]+\n$/);
        const { code: errorCode, field, message } = JSON.parse(stderr) as CommandError;
        expect({ errorCode, field }).toEqual({ errorCode: 'INVALID_INPUT', field: names.split(':')[0] });
        expect(message).toContain(`${names}: `);
        expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
        const client = new WorkflowClient({ connection: server.connection });
        await expect(client.getHandle(sessionWorkflowId(key)).describe()).rejects.toThrow(
          WorkflowNotFoundError,
        );
      },
    );
  });

  describe('worker', () => {
    it('names what Plaid key is missing, before anything is started', async () => {
      const dataDir = join(folder, 'never');
      const { code, stdout, stderr } = await commands.run(['worker'], {
        PLAID_CLIENT_ID: undefined,
        HOSTED_LINK_DATA_DIR: dataDir,
      });
      expect(stderr).toMatch(/^INVALID_INPUT: PLAID_CLIENT_ID: missing; [^\n]+\n$/);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(existsSync(dataDir)).toBe(false);
    });

    it('refuses the embedded vault of another one, and names its process', async () => {
      const { code, stderr } = await commands.run(['worker']);
      expect(code).toBe(1);
      expect(stderr).toMatch(new RegExp(`^VAULT_IN_USE: .* in use by process ${worker.pid}; `, 'm'));
    });

    it(
      'gives up on a Temporal server that it cannot reach',
      async () => {
        const { code, stderr } = await unreachable.temporal;
        expect(code).toBe(2);
        expect(stderr.match(/Temporal cannot be reached yet/g)).toHaveLength(9);
        expect(lastLine(stderr)).toMatch(
          /^INVALID_INPUT: TEMPORAL_ADDRESS: no Temporal server answers at 127/,
        );
      },
      MINUTE_MS,
    );

    it(
      'gives up on a database that it cannot reach',
      async () => {
        const { code, stderr } = await unreachable.database;
        expect(code).toBe(1);
        expect(stderr.match(/the database cannot be reached yet/g)).toHaveLength(9);
        expect(lastLine(stderr)).toMatch(/^VAULT_UNREACHABLE: /);
        expect(stderr).not.toContain('database-password');
      },
      MINUTE_MS,
    );

    it(
      'sends no second message after another one was killed while Plaid sent the first',
      async () => {
        expect((await killedSending).stderr).toMatch(/^START_TIMEOUT: /);
        expect(await commands.json(['wait', 'killed-sending'])).toMatchObject({
          state: 'DELIVERY_UNCERTAIN',
          lastError: { type: 'NO_ANSWER/WORKER_LOST' },
        });
        // No other session here sends an e-mail.
        const { sessions } = sandbox.ledger().toJSON();
        expect(sessions.reduce((sum, { messages }) => sum + messages.EMAIL, 0)).toBe(1);
      },
      2 * MINUTE_MS,
    );

    it(
      'takes up an exchange in which another one was killed, and the item is linked once',
      async () => {
        const { stdout } = await killed.result;
        expect(JSON.parse(stdout)).toMatchObject({ state: 'COMPLETED', results: [{ state: 'LINKED' }] });
        const { publicTokens } = sandbox.ledger().toJSON();
        expect(publicTokens.find(({ publicToken }) => publicToken === killed.publicToken)!.exchanges).toEqual(
          {
            succeeded: 1,
            refused: 0,
          },
        );
      },
      2 * MINUTE_MS,
    );

    it(
      'finishes what runs when it is told to stop, and status answers without it',
      async () => {
        const { linkToken } = await start('last');
        const storing = meets('/item/get', { kind: 'delay_before_work', holdMs: 2_000 });
        sandbox.session(linkToken).complete();
        await storing;
        const told = Date.now();
        worker.kill('SIGTERM');
        const { code, stdout } = await worker.ended;
        expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
        expect(Date.now() - told).toBeLessThan(SHUTDOWN_GRACE_MS);
        expect(await commands.json(['status', 'last'])).toMatchObject({
          answeredBy: 'server',
          results: [{ state: 'LINKED' }],
        });
      },
      2 * MINUTE_MS,
    );

    it(
      'ends at once when it is told twice',
      async () => {
        const second = await commands.worker();
        const { linkToken } = await start('interrupted');
        const storing = meets('/item/get', { kind: 'delay_before_work', holdMs: MINUTE_MS });
        sandbox.session(linkToken).complete();
        await storing;
        second.kill('SIGTERM');
        await until('it has heard', () => second.stderr().includes('a second signal ends it at once'));
        second.kill('SIGTERM');
        expect(await second.ended).toMatchObject({ code: 130 });
      },
      2 * MINUTE_MS,
    );
  });
});

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1)!;
}
