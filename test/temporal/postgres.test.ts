import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { scanForLeaks } from '../../testing/leak-scan';
import type { StartedSession, StatusReport } from '../../src/client';
import { startSandbox, type Sandbox } from '../../src/sandbox';
import { HostedLinkCommands } from '../../testing/hosted-link';
import { type Postgres, runSql, startPostgres, whyNoPostgres } from '../../testing/postgres';
import { describeWithDevServer, devServer } from '../../testing/temporal';

const MINUTE_MS = 60_000;

const CLIENT_ID = 'postgres_client_id';
const SECRET = 'postgres_plaid_secret';

const describeWithPostgres = whyNoPostgres() === undefined ? describeWithDevServer : describe.skip;

describeWithPostgres('a deployment on PostgreSQL', () => {
  // A bare server: setup makes the search attributes.
  const server = devServer();
  let postgres: Postgres | undefined;
  let sandbox: Sandbox;
  let folder: string;
  let commands: HostedLinkCommands;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hl-'));
    [postgres, sandbox] = await Promise.all([
      startPostgres(),
      startSandbox({ clientId: CLIENT_ID, secret: SECRET }),
    ]);
    commands = new HostedLinkCommands({
      PLAID_CLIENT_ID: CLIENT_ID,
      PLAID_SECRET: SECRET,
      PLAID_BASE_URL: sandbox.url,
      TEMPORAL_ADDRESS: server.address,
      DATABASE_URL: postgres!.databaseUrl,
      HOSTED_LINK_DATA_DIR: folder,
    });
  }, MINUTE_MS);

  afterAll(async () => {
    await commands?.close();
    await sandbox?.close();
    await postgres?.stop();
    if (folder) await rm(folder, { recursive: true, force: true });
  }, MINUTE_MS);

  it(
    'is refused a worker before it is set up',
    async () => {
      const { code, stderr } = await commands.run(['worker']);
      expect(code).toBe(1);
      expect(stderr.trimEnd().split('\n').at(-1)).toMatch(/^SCHEMA_OUTDATED: .*run `hosted-link setup`$/);
    },
    MINUTE_MS,
  );

  it(
    'is set up once',
    async () => {
      const first = await commands.run(['setup']);
      expect(first.stdout).toMatch(
        /^migrations: 0001_vault.*\nroles: granted\nsearch attributes: HostedLinkState, HostedLinkPlaidFlow, HostedLinkPlaidSession, HostedLinkUser, HostedLinkInstitution\n$/,
      );
      const again = await commands.run(['setup']);
      expect(again.stdout).toBe('migrations: up to date\nroles: granted\nsearch attributes: up to date\n');
      expect([first, again]).toEqual([
        expect.objectContaining({ code: 0, stderr: '' }),
        expect.objectContaining({ code: 0, stderr: '' }),
      ]);
    },
    2 * MINUTE_MS,
  );

  it(
    'takes a session to an item whose token no column shows',
    async () => {
      const worker = await commands.worker();
      const linkToken = sandbox.issueLinkToken();
      await commands.json<StartedSession>(['start', '--key', 'pg', '--link-token', linkToken]);
      sandbox.session(linkToken).complete();
      const report = await commands.json<StatusReport>(['wait', 'pg']);
      const [item] = sandbox.ledger().toJSON().items;
      expect(report).toMatchObject({
        state: 'COMPLETED',
        results: [{ state: 'LINKED', itemId: item!.itemId, institutionName: item!.institutionName }],
      });
      const tables = await runSql<{ name: string }>(
        postgres!.databaseUrl,
        `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'hosted_link'`,
      );
      const rows = await Promise.all(
        tables.map(({ name }) => runSql<object>(postgres!.databaseUrl, `SELECT * FROM hosted_link.${name}`)),
      );
      const bytes = Buffer.concat(rows.flat().flatMap((row) => Object.values(row).map(asBytes)));
      expect(bytes.includes(item!.itemId)).toBe(true);
      const secrets = sandbox
        .ledger()
        .secrets()
        .map((value) => ({ kind: 'secret', value }));
      expect((await scanForLeaks({ secrets, sources: [{ name: 'vault', bytes }] })).leaks).toEqual([]);
      worker.kill('SIGTERM');
      expect(await worker.ended).toMatchObject({ code: 0, stdout: '' });
    },
    2 * MINUTE_MS,
  );
});

function asBytes(value: unknown): Buffer {
  return Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value));
}
