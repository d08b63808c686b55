import { readFileSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { freePorts } from '../../testing/child-server';
import { scanForLeaks } from '../../testing/leak-scan';
import { startTemporalServer, type TemporalServer } from '../../testing/temporal-server';
import { HostedLinkClient, HostedLinkError, type StatusReport } from '../../src/client';
import { createPayloadCodec } from '../../src/codec/payload-codec';
import { readSettings } from '../../src/config/settings';
import { plaidSessionHash, userHash } from '../../src/secrets/digest';
import { loadCodecRing } from '../../src/config/load-keys';
import type { Discrepancy } from '../../src/ops/reconcile';
import { startSandbox, type Sandbox } from '../../src/sandbox';
import type { ResultRow } from '../../src/vault';
import { LINK_TOKEN_REQUEST } from '../../testing/plaid-calls';
import { ROOT } from '../../testing/built';
import { type Ended, HostedLinkCommands } from '../../testing/hosted-link';
import { type Postgres, runSql, startPostgres, whyNoPostgres } from '../../testing/postgres';
import { describeWithDevServer } from '../../testing/temporal';
import { until } from '../../testing/until';

const MINUTE_MS = 60_000;

const CLIENT_ID = 'restore_client_id';
const SECRET = 'restore_plaid_secret';

const describeWithPostgres = whyNoPostgres() === undefined ? describeWithDevServer : describe.skip;

/** The command of docs/backup.md that runs this program. */
function documented(program: string): string {
  const lines = readFileSync(join(ROOT, 'docs/backup.md'), 'utf8').split('\n');
  return lines.map((line) => line.trim()).find((line) => line.startsWith(`${program} -`))!;
}

/** What a test looks at of a discrepancy. */
type Found = Omit<Discrepancy, 'message' | 'remedy'>;

describeWithPostgres('a deployment that is restored to an earlier time', () => {
  let postgres: Postgres;
  let sandbox: Sandbox;
  let folder: string;
  let temporal: TemporalServer;
  let temporalPort: number;
  let databaseUrl: string;
  let settings: NodeJS.ProcessEnv;
  let commands: HostedLinkCommands;
  /** All that `reconcile` has printed. */
  let printed: string;

  beforeEach(async () => {
    printed = '';
    folder = await mkdtemp(join(tmpdir(), 'hl-'));
    [temporalPort] = (await freePorts(1)) as [number];
    [postgres, sandbox] = await Promise.all([
      startPostgres().then((server) => server!),
      startSandbox({ clientId: CLIENT_ID, secret: SECRET }),
    ]);
    await startTemporal('temporal.sqlite');
    on(postgres.databaseUrl);
    await commands.run(['setup']);
  }, 2 * MINUTE_MS);

  afterEach(async () => {
    await commands?.close();
    await temporal?.stop();
    await sandbox?.close();
    await postgres?.stop();
    await rm(folder, { recursive: true, force: true });
  }, MINUTE_MS);

  async function startTemporal(file: string): Promise<void> {
    const dbFile = join(folder, file);
    temporal = await startTemporalServer({ dbFile, port: temporalPort, log: () => undefined });
  }
  /** Lets the commands work on a database, with the keys that there are. */
  function on(url: string): void {
    databaseUrl = url;
    settings = {
      PLAID_CLIENT_ID: CLIENT_ID,
      PLAID_SECRET: SECRET,
      PLAID_BASE_URL: sandbox.url,
      TEMPORAL_ADDRESS: `127.0.0.1:${temporalPort}`,
      DATABASE_URL: url,
      HOSTED_LINK_DATA_DIR: join(folder, 'data'),
    };
    commands = new HostedLinkCommands(settings);
  }
  /** Runs what an application does, with a client of its own. */
  async function asApplication<T>(use: (client: HostedLinkClient) => Promise<T>): Promise<T> {
    const codec = createPayloadCodec(await loadCodecRing(readSettings(settings)));
    const connection = await Connection.connect({ address: settings['TEMPORAL_ADDRESS'] });
    try {
      const temporal = new Client({ connection, dataConverter: { payloadCodecs: [codec] } });
      return await use(new HostedLinkClient({ temporal, environment: 'sandbox' }));
    } finally {
      await connection.close();
    }
  }
  async function stop(worker: { kill(signal: 'SIGTERM'): void; ended: Promise<Ended> }): Promise<void> {
    worker.kill('SIGTERM');
    expect(await worker.ended).toMatchObject({ code: 0 });
  }

  /** Starts a session of `link_delivery`, and gives its link token. */
  async function startDelivery(key: string, linkToken = sandbox.issueLinkToken()): Promise<string> {
    await asApplication((client) => client.start({ key, linkToken, userId: `person-${key}` }));
    return linkToken;
  }
  /** Starts a session of `hosted_link`, and gives Plaid's session id. */
  async function startHosted(key: string): Promise<string> {
    const linkTokenRequest = { ...LINK_TOKEN_REQUEST, user: { client_user_id: `person-${key}` } };
    const request = { key, plaidFlow: 'hosted_link', linkTokenRequest } as const;
    const { url } = await asApplication((client) => client.start(request));
    return url!.split('/').at(-1)!;
  }
  /** Lets the person of a session finish, and gives the item. */
  async function finish(key: string, session: string): Promise<string> {
    sandbox.session(session).complete();
    const items = await result(key);
    expect(items).toMatchObject([{ state: 'LINKED' }]);
    return items[0]!.itemId!;
  }
  /** Asks Plaid now, and waits for the end of a session and its exchange. */
  async function result(key: string): Promise<StatusReport['results']> {
    return await asApplication(async (client) => {
      await client.checkNow(key).catch((error: unknown) => {
        if (!(error instanceof HostedLinkError && error.code === 'SESSION_ENDED')) throw error;
      });
      return (await client.waitForFinalStatus(key)).results;
    });
  }
  const isLive = (itemId: string) =>
    sandbox
      .ledger()
      .toJSON()
      .items.find((item) => item.itemId === itemId)!.live;

  async function reconcile(...options: string[]): Promise<Found[]> {
    const { code, stdout, stderr } = await commands.run(['reconcile', '--json', ...options]);
    printed += stdout + stderr;
    expect(stderr).toBe('');
    const lines = stdout.split('\n').slice(0, -1);
    expect(code).toBe(lines.length > 0 ? 1 : 0);
    return lines.map((line) => {
      const { message, remedy, ...found } = JSON.parse(line) as Discrepancy;
      expect([message, remedy]).toEqual([expect.stringMatching(/\w/), expect.stringMatching(/\w/)]);
      return found;
    });
  }
  /** These are among them, in any order. */
  const among = (found: Omit<Found, 'repaired'>[], repaired: boolean) =>
    expect.arrayContaining(found.map((one) => ({ ...one, repaired }))) as Found[];

  async function rowsBesideAudit(): Promise<unknown> {
    const tables = ['sessions', 'results', 'items', 'erased_users', 'repairs'];
    return await Promise.all(
      tables.map((table) => runSql(databaseUrl, `SELECT * FROM hosted_link.${table}`)),
    );
  }

  it(
    'names what a vault that was restored has lost, and mends what can be repaired',
    async () => {
      const worker = await commands.worker();
      const kept = await finish('kept', await startDelivery('kept'));
      const removed = await finish('removed', await startDelivery('removed'));
      const forgotten = await finish('forgotten', await startDelivery('forgotten'));
      const delivery = await startDelivery('delivery');
      const hosted = await startHosted('hosted');

      await postgres.shell(documented('pg_dump'), { DATABASE_URL: databaseUrl });

      const shownAgain = [
        await finish('delivery', delivery),
        await finish('late', await startDelivery('late')),
      ];
      const lost = [
        await finish('hosted', hosted),
        await finish('late-hosted', await startHosted('late-hosted')),
      ];
      const open = await startHosted('late-open');
      expect(await commands.run(['items', 'remove', removed])).toMatchObject({ code: 0 });
      expect(await commands.run(['items', 'forget', 'person-forgotten'])).toMatchObject({ code: 0 });
      const results = await commands.json<ResultRow[]>(['results', 'list']);
      const resultOf = (itemId: string) => results.find((result) => result.itemId === itemId)!.resultId;

      await stop(worker);
      const restored = new URL(databaseUrl);
      restored.pathname = 'vault_restored';
      await postgres.shell(documented('createdb'), { ADMIN_URL: databaseUrl });
      await postgres.shell(documented('pg_restore'), { RESTORED_URL: restored.href });
      on(restored.href);
      expect(await commands.run(['setup'])).toMatchObject({ code: 0 });

      const before = await rowsBesideAudit();
      const expected: Omit<Found, 'repaired'>[] = [
        { kind: 'TOMBSTONE_LOST', userHash: userHash('person-forgotten') },
        ...['late', 'late-hosted', 'late-open'].map((sessionKey) => ({
          kind: 'SESSION_ROW_LOST' as const,
          sessionKey,
        })),
        ...[
          ['delivery', shownAgain[0]!],
          ['late', shownAgain[1]!],
          ['hosted', lost[0]!],
          ['late-hosted', lost[1]!],
        ].map(([sessionKey, itemId]) => ({
          kind: 'ITEM_LOST' as const,
          sessionKey,
          itemId,
          resultId: resultOf(itemId!),
        })),
        ...['delivery', 'hosted'].map((sessionKey) => ({ kind: 'SESSION_END_MISSED' as const, sessionKey })),
        { kind: 'ITEM_GONE', itemId: removed, sessionKey: 'removed' },
        { kind: 'ITEM_GONE', itemId: forgotten, sessionKey: 'forgotten' },
      ];
      for (const look of ['first', 'again']) {
        const found = await reconcile();
        expect([look, found]).toEqual([look, among(expected, false)]);
        expect(found).toHaveLength(expected.length);
      }
      expect(await rowsBesideAudit()).toEqual(before);

      expect(await reconcile('--fix')).toEqual(among(expected, true));
      await commands.worker();
      for (const key of ['delivery', 'late']) expect(await result(key)).toMatchObject([{ state: 'LINKED' }]);
      expect(await reconcile()).toEqual([]);

      // What could not be got back is for a person to look at, and is not exchanged once more.
      for (const itemId of lost) {
        expect(await commands.json(['results', 'show', resultOf(itemId)])).toMatchObject({
          state: 'UNCERTAIN',
          errorCode: 'LOST_IN_RESTORE',
          itemId,
          requestIds: [expect.any(String)],
          linkSessionId: expect.any(String),
        });
      }
      for (const itemId of [...shownAgain, kept]) {
        expect(await commands.json(['items', 'show', itemId])).toMatchObject({ itemId });
        expect(isLive(itemId)).toBe(true);
      }
      // The person is forgotten again; nothing tells of them but the tombstone.
      expect(await commands.json(['items', 'list', '--user', 'person-forgotten'])).toEqual([]);
      // A session that started after the backup goes on, is found by webhooks, and keeps its key.
      const [row] = await runSql<{ plaid_session_hash: string }>(
        databaseUrl,
        "SELECT plaid_session_hash FROM hosted_link.sessions WHERE session_key = 'late-open'",
      );
      expect(row).toEqual({ plaid_session_hash: plaidSessionHash(open) });
      const last = await finish('late-open', open);
      expect(await commands.json(['items', 'show', last])).toMatchObject({ sessionKey: 'late-open' });
      expect(await reconcile()).toEqual([]);

      for (const { exchanges } of sandbox.ledger().toJSON().publicTokens)
        expect(exchanges).toEqual({ succeeded: 1, refused: 0 });
      const repairs = await commands.json<{ kind: string; subject: string }[]>(['audit', '--repairs']);
      expect(repairs.map(({ kind }) => kind).sort()).toEqual([
        ...['EXCHANGE_STARTED', 'EXCHANGE_STARTED', 'ITEM_REMOVED', 'ITEM_REMOVED'],
        ...['RESULT_RESTORED', 'RESULT_RESTORED', 'SESSION_ENDED', 'SESSION_ENDED'],
        ...['SESSION_RESTORED', 'SESSION_RESTORED', 'SESSION_RESTORED', 'TOMBSTONE_RESTORED'],
      ]);
      expect(await commands.json(['audit', '--item', kept])).toContainEqual(
        expect.objectContaining({ actor: 'hosted-link reconcile' }),
      );
      const secrets = sandbox
        .ledger()
        .secrets()
        .map((value) => ({ kind: 'secret', value }));
      const sources = [{ name: 'reconcile', bytes: Buffer.from(printed) }];
      expect((await scanForLeaks({ secrets, sources })).leaks).toEqual([]);
    },
    6 * MINUTE_MS,
  );

  it(
    'names what a lost Temporal server leaves open, brings exchanges to their end, and ends what nobody watches when told to',
    async () => {
      const worker = await commands.worker();
      const kept = await finish('kept', await startDelivery('kept'));
      const delivery = await startDelivery('delivery');
      await startHosted('hosted');
      const exchanging = await startDelivery('exchanging');
      const mend = sandbox.fault(
        '/item/get',
        { kind: 'plaid_error', status: 500, errorType: 'API_ERROR', errorCode: 'INTERNAL_SERVER_ERROR' },
        { times: Infinity },
      );
      sandbox.session(exchanging).complete();
      await asApplication((client) => client.checkNow('exchanging'));
      const pending = async () => await commands.json<ResultRow[]>(['results', 'list', '--state', 'pending']);
      await until(
        'the session has ended and its result waits',
        async () => {
          const { state } = await asApplication((client) => client.status('exchanging'));
          return state === 'COMPLETED' && (await pending()).length === 1;
        },
        MINUTE_MS,
      );
      await temporal.kill();
      worker.kill('SIGKILL');
      await worker.ended;
      mend();

      await startTemporal('another.sqlite');
      expect(await commands.run(['setup'])).toMatchObject({ code: 0 });
      const open = ['delivery', 'hosted'].map((sessionKey) => ({
        kind: 'SESSION_LOST' as const,
        sessionKey,
      }));
      const stalled = { kind: 'EXCHANGE_STALLED' as const, sessionKey: 'exchanging' };
      const found = await reconcile();
      expect(found).toEqual(among([...open, stalled], false));
      expect(found).toHaveLength(3);
      expect(await commands.run(['reconcile', '--end-lost'])).toMatchObject({ code: 2 });

      const repaired = await reconcile('--fix');
      expect(repaired).toEqual(among(open, false));
      expect(repaired).toEqual(among([stalled], true));
      await commands.worker();
      await until('the result is linked', async () => (await pending()).length === 0, MINUTE_MS);
      expect(await commands.json(['status', 'exchanging'])).toMatchObject({ results: [{ state: 'LINKED' }] });

      expect(await reconcile('--fix', '--end-lost')).toEqual(among(open, true));
      expect(await reconcile()).toEqual([]);
      expect(await commands.json(['status', 'delivery'])).toMatchObject({ state: 'FAILED' });
      // Its key is used up; its link is not, for whoever has the link token.
      const again = await commands.run(['start', '--key', 'delivery', '--link-token', delivery]);
      expect(again).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^(SESSION_ENDED|KEY_REUSED): /),
      });
      expect(isLive(await finish('delivery-2', await startDelivery('delivery-2', delivery)))).toBe(true);
      expect(isLive(kept)).toBe(true);
      expect(await reconcile()).toEqual([]);
    },
    6 * MINUTE_MS,
  );

  it(
    'lets a Temporal server that was restored play what it has forgotten once more, and links nothing twice',
    async () => {
      let worker = await commands.worker();
      const delivery = await startDelivery('delivery');
      const hosted = await startHosted('hosted');
      await stop(worker);
      await temporal.stop();
      await cp(join(folder, 'temporal.sqlite'), join(folder, 'backup.sqlite'));
      await startTemporal('temporal.sqlite');
      worker = await commands.worker();
      const items = [await finish('delivery', delivery), await finish('hosted', hosted)];
      await stop(worker);
      await temporal.stop();

      await startTemporal('backup.sqlite');
      const running = ['delivery', 'hosted'].map((sessionKey) => ({
        kind: 'SESSION_RUNS_AGAIN' as const,
        sessionKey,
      }));
      expect(await reconcile('--fix')).toEqual(among(running, false));
      await commands.worker();
      for (const [index, key] of ['delivery', 'hosted'].entries()) {
        expect(await result(key)).toMatchObject([{ state: 'LINKED', itemId: items[index] }]);
      }
      expect(await reconcile()).toEqual([]);
      const { publicTokens } = sandbox.ledger().toJSON();
      expect(publicTokens.map(({ exchanges }) => exchanges)).toEqual([{ succeeded: 1, refused: 0 }]);
    },
    6 * MINUTE_MS,
  );
});
