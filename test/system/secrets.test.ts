import { execFile } from 'node:child_process';
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { generateKeyRingText } from '../../src/secrets/key-ring';

const ROOT = join(__dirname, '../..');
const PROGRAM = join(ROOT, 'node_modules/secretlint/bin/secretlint.js');

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'hosted-link-secrets-'))));
afterEach(() => rm(folder, { recursive: true }));

/** The names of the files in which the scan of this repository finds a secret. */
async function foundIn(files: Record<string, string>): Promise<string[]> {
  const names = Object.keys(files);
  await Promise.all(names.map((name) => writeFile(join(folder, name), files[name]!)));
  const report = join(folder, 'report.json');
  const options = ['--format', 'json', '--output', report, '--secretlintrc', join(ROOT, '.secretlintrc.js')];
  await promisify(execFile)(process.execPath, [PROGRAM, ...options, '**/*'], { cwd: folder });
  const results = JSON.parse(await readFile(report, 'utf8')) as { filePath: string; messages: unknown[] }[];
  expect(results).toHaveLength(names.length);
  const found = results.filter(({ messages }) => messages.length > 0);
  return found.map(({ filePath }) => basename(filePath)).sort();
}

it('finds each kind of secret that must be in no file', async () => {
  const access = `access-production-${randomUUID()}`;
  const inBase64 = (before: number) => Buffer.from(`${'"'.repeat(before)}${access}"}`).toString('base64');
  const { privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const files = {
    access,
    'in-text': `left alone: ${access}, was it?`,
    public: `{"public_token":"public-sandbox-${randomUUID()}"}`,
    link: `link-development-${randomUUID()}`,
    'base64-0': inBase64(0),
    'base64-1': inBase64(1),
    'base64-2': inBase64(2),
    'plaid-secret': `PLAID_SECRET=${randomBytes(15).toString('hex')}`,
    ring: `HOSTED_LINK_VAULT_KEYS=${generateKeyRingText('vault')}`,
    'hex-key': `"key": "${randomBytes(32).toString('hex')}"`,
    // In two, or this file would be found itself.
    database: ['DATABASE_URL=postgresql:', `//app:${randomUUID()}@vault.company.com:5432/vault`].join(''),
    'private-key': privateKey,
  };
  expect(await foundIn(files)).toEqual(Object.keys(files).sort());
});

it('leaves alone what is made up, or published', async () => {
  const files = {
    'made-up': 'access-sandbox-7c1a2f4e-0000-4000-8000-000000000001',
    'of-a-host-in-no-net': 'postgresql://app:password@db.example:5432/vault',
    digest: `result ${randomBytes(32).toString('hex')} is LINKED`,
    lock: await readFile(join(ROOT, 'package-lock.json'), 'utf8'),
  };
  expect(await foundIn(files)).toEqual([]);
});
