import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { scanForLeaks, type Leak } from '../../../testing/leak-scan';
import { startTemporalServer, type TemporalServer } from '../../../testing/temporal-server';
import { collectHistories } from '../../../testing/workflow-histories';
import { describeWithDevServer } from '../../../testing/temporal';

/** Made up, with characters that differ between base64 and base64url: '?' and '>' give '/' and '+'. */
const SECRET = 'access-sandbox-0a1b2c3d?>?>?>-9f8e7d6c';
const secrets = [{ kind: 'access_token', value: SECRET }];

async function leaksIn(bytes: Buffer): Promise<Leak[]> {
  return (await scanForLeaks({ secrets, sources: [{ name: 'here', bytes }] })).leaks;
}

async function* cut(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

describe('a leak scan', () => {
  it.each([
    ['plain', 'plain', (text: string) => text],
    ['hex', 'hex', (text: string) => Buffer.from(text).toString('hex')],
    ['upper-case hex', 'hex', (text: string) => Buffer.from(text).toString('hex').toUpperCase()],
  ])('finds a secret in %s', async (_name, encoding, encode) => {
    const leaks = await leaksIn(Buffer.from(`0123456789${encode(SECRET)}0123456789`));
    expect(leaks).toEqual([{ secretKind: 'access_token', encoding, source: 'here', offset: 10 }]);
  });

  it.each(
    (['base64', 'base64url'] as const).flatMap((encoding) =>
      [0, 1, 2, 3, 4, 5].map((before) => ({ encoding, before })),
    ),
  )(
    'finds a secret in $encoding with $before bytes before it and others behind it',
    async ({ encoding, before }) => {
      for (const behind of [0, 1, 2, 3]) {
        const around = Buffer.concat([randomBytes(before), Buffer.from(SECRET), randomBytes(behind)]);
        const leaks = await leaksIn(Buffer.from(around.toString(encoding)));
        expect(leaks).toMatchObject([{ secretKind: 'access_token', encoding }]);
      }
    },
  );

  it('finds a secret wherever the borders of the chunks fall', async () => {
    const bytes = Buffer.concat([randomBytes(100), Buffer.from(SECRET), randomBytes(100)]);
    for (let size = 1; size <= bytes.length; size++) {
      const { leaks } = await scanForLeaks({
        secrets,
        sources: [{ name: 'chunks', bytes: cut(bytes, size) }],
      });
      expect(leaks).toEqual([
        { secretKind: 'access_token', encoding: 'plain', source: 'chunks', offset: 100 },
      ]);
    }
  });

  it('finds each of many secrets that begin and end alike', async () => {
    const many = Array.from({ length: 200 }, (_, index) => ({
      kind: `token-${index}`,
      value: `link-sandbox-${String(index).padStart(4, '0')}-same`,
    }));
    const bytes = Buffer.from(many.map(({ value }) => value).join(''));
    const { leaks } = await scanForLeaks({ secrets: many, sources: [{ name: 'all', bytes }] });
    expect(leaks.map(({ secretKind }) => secretKind)).toEqual(many.map(({ kind }) => kind));
  });

  it('finds nothing where there is only a part of a secret, and says how much it searched', async () => {
    const bytes = Buffer.concat([
      randomBytes(1024 * 1024),
      Buffer.from(SECRET.slice(1)),
      Buffer.from(SECRET.slice(0, -1)),
    ]);
    const report = await scanForLeaks({ secrets, sources: [{ name: 'clean', bytes }] });
    expect(report).toEqual({ leaks: [], sources: 1, bytes: bytes.length });
  });

  it('reports the place and the kind of a secret, never the secret', async () => {
    const report = await scanForLeaks({
      secrets,
      sources: [{ name: 'here', bytes: Buffer.from(SECRET + SECRET) }],
    });
    expect(report.leaks).toHaveLength(1);
    expect(JSON.stringify(report)).not.toContain(SECRET.slice(0, 8));
  });

  it('refuses a secret that would be found everywhere, by its kind', async () => {
    await expect(scanForLeaks({ secrets: [{ kind: 'phone_number', value: '+155501' }] })).rejects.toThrow(
      /^A secret of kind phone_number has 7 characters; fewer than 8/,
    );
  });
});

describe('a leak scan of files', () => {
  let folder: string;
  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'hosted-link-test-'))));
  afterEach(async () => await rm(folder, { recursive: true }));

  it('searches the write-ahead log of a SQLite file too', async () => {
    const file = join(folder, 'some.db');
    await writeFile(file, 'nothing here');
    await writeFile(`${file}-wal`, `${SECRET} was here`);
    const report = await scanForLeaks({ secrets, files: [file] });
    expect(report).toMatchObject({ leaks: [{ source: `${file}-wal`, offset: 0 }], sources: 2 });
  });

  it('fails when a file is not there, rather than finding nothing', async () => {
    await expect(scanForLeaks({ secrets, files: [join(folder, 'missing.db')] })).rejects.toThrow('ENOENT');
  });

  describeWithDevServer('of a Temporal server', () => {
    let server: TemporalServer | undefined;
    let connection: Connection | undefined;
    afterEach(async () => {
      await connection?.close();
      await server?.stop();
    });

    it('finds a planted secret in the history of a workflow and in the database file, and no other', async () => {
      const dbFile = join(folder, 'temporal.db');
      server = await startTemporalServer({ dbFile, log: () => undefined });
      connection = await Connection.connect({ address: server.address });
      const client = new Client({ connection });
      const options = { taskQueue: 'nobody' };
      await client.workflow.start('clean', { ...options, workflowId: 'clean', args: ['nothing secret'] });
      const leaky = await client.workflow.start('leaky', { ...options, workflowId: 'leaky', args: [SECRET] });
      await until(async () => (await client.workflow.count()).count === 2);
      const name = `history of leaky (run ${leaky.firstExecutionRunId})`;

      const inHistories = await scanForLeaks({ secrets, sources: collectHistories(client) });

      expect(inHistories).toMatchObject({ leaks: [{ encoding: 'plain', source: name }], sources: 2 });

      await connection.close();
      await server.stop();
      const unused = { kind: 'public_token', value: 'public-sandbox-never-issued-anywhere' };
      const inFile = await scanForLeaks({ secrets: [...secrets, unused], files: [dbFile] });
      expect(inFile.bytes).toBeGreaterThan(100_000);
      expect(inFile.leaks).not.toHaveLength(0);
      expect(new Set(inFile.leaks.map(({ secretKind }) => secretKind))).toEqual(new Set(['access_token']));
    });
  });
});

/** Jest's time limit ends it when the condition never holds. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition()));
}
