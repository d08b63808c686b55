import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filesUnder, searchForLeaks, secretsOf, type LeakSearch } from '../../../testing/leak-search';
import { generateKeyRingText, parseKeyRing } from '../../../src/secrets/key-ring';
import { startSandbox } from '../../../src/sandbox';

const TOKEN = 'access-sandbox-planted-0a1b2c3d';
const KEY = Buffer.from('c3ff00417e8d2b9a6f5e4d3c2b1a09f8e7d6c5b4a39281706f5e4d3c2b1a0998', 'hex');

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'hosted-link-test-'))));
afterEach(async () => await rm(folder, { recursive: true }));

/** A search of one clean history and one clean file, in both of which the control can be found. */
async function cleanSearch(): Promise<LeakSearch> {
  const file = join(folder, 'temporal.db');
  await writeFile(file, '... hosted-link/demo-1 ...');
  return {
    secrets: { 'access tokens': [TOKEN], 'codec keys': [KEY] },
    histories: [{ name: 'history of hosted-link/demo-1 (run 1)', bytes: Buffer.from('hosted-link/demo-1') }],
    files: [file],
    controls: [
      { text: 'hosted-link/demo-1', source: 'history of hosted-link/demo-1 (' },
      { text: 'hosted-link/demo-1', source: file },
    ],
  };
}

it('finds nothing where nothing is, and says what it searched for and how much', async () => {
  expect(await searchForLeaks(await cleanSearch())).toEqual({
    summary: 'searched 1 histories and 1 files (0.0 MB) for access tokens (1), codec keys (1)',
    problems: [],
  });
});

it.each([
  ['a token in a file', 'access tokens', 'plain', TOKEN],
  ['the bytes of a key', 'codec keys', 'plain', KEY],
  ['a key in hex', 'codec keys', 'hex', KEY.toString('hex')],
  ['a key in base64', 'codec keys', 'base64', KEY.toString('base64')],
])('fails on %s, and does not repeat it', async (_what, kind, encoding, planted) => {
  const search = await cleanSearch();
  const file = join(folder, 'worker.log');
  await writeFile(file, planted);
  const { problems } = await searchForLeaks({ ...search, files: [...search.files, file] });
  expect(problems).toContain(`LEAK: one of the ${kind} in ${encoding} at byte 0 of ${file}`);
  expect(problems.join()).not.toContain(TOKEN);
});

it('fails on a token in a history', async () => {
  const search = await cleanSearch();
  const bytes = Buffer.from(`hosted-link/demo-1 ${TOKEN}`);
  const { problems } = await searchForLeaks({ ...search, histories: [{ ...search.histories[0]!, bytes }] });
  expect(problems).toEqual([
    'LEAK: one of the access tokens in plain at byte 19 of history of hosted-link/demo-1 (run 1)',
  ]);
});

it.each<[string, Partial<LeakSearch>, string]>([
  [
    'a history is missing',
    { histories: [] },
    'hosted-link/demo-1 was not found in history of hosted-link/demo-1 (',
  ],
  ['there is no secret', { secrets: {} }, 'there was no secret to search for'],
  [
    'a kind of secret was never issued',
    { secrets: { 'phone numbers': [] } },
    'there were no phone numbers to search for',
  ],
  ['nothing must be found', { controls: [] }, 'nothing was named that the search must find'],
  ['there is nothing to search', { histories: [], files: [] }, 'there was nothing to search'],
])('fails when %s', async (_what, change, problem) => {
  const { problems } = await searchForLeaks({ ...(await cleanSearch()), ...change });
  expect(problems.join('\n')).toContain(problem);
});

it('searches every file of a folder but those that hold secrets by their nature', async () => {
  await mkdir(join(folder, 'vault/database'), { recursive: true });
  for (const name of [
    'keys.json',
    'temporal.db',
    'temporal.db-wal',
    'temporal.db-journal',
    'vault/database/1',
  ])
    await writeFile(join(folder, name), '');
  expect(await filesUnder(folder, ['keys.json'])).toEqual([
    join(folder, 'temporal.db'),
    join(folder, 'vault/database/1'),
  ]);
});

it('knows every kind of secret that the sandbox issues, and the keys', async () => {
  const sandbox = await startSandbox({ clientId: 'client', secret: 'sandbox-secret-1' });
  const linkToken = sandbox.issueLinkToken();
  await sandbox.close();
  const [vaultText, codecText] = [generateKeyRingText('vault'), generateKeyRingText('codec')];
  const secrets = secretsOf(sandbox.ledger().toJSON(), {
    vaultRing: parseKeyRing(vaultText, 'vault'),
    codecRing: parseKeyRing(codecText, 'codec'),
  });
  expect(secrets).toEqual({
    'access tokens': [],
    'public tokens': [],
    'link tokens': [linkToken],
    'Plaid session ids': [linkToken.slice('link-sandbox-'.length)],
    'hosted URLs': [],
    'Plaid secrets': ['sandbox-secret-1'],
    'phone numbers': [],
    'e-mail addresses': [],
    'vault keys': [Buffer.from(vaultText.split(':')[1]!, 'base64')],
    'codec keys': [Buffer.from(codecText.split(':')[1]!, 'base64')],
  });
});
