import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../../../testing/built';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keys-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

test('processes that start at once end up with the same keys', async () => {
  const dataDir = join(folder, 'deep', 'data');
  const script = `
    const { loadCodecRing } = require('./src/config/load-keys');
    const { readSettings } = require('./src/config/settings');
    loadCodecRing(readSettings()).then((ring) => process.stdout.write(ring.ids().join()));`;
  const started = Array.from({ length: 4 }, () =>
    promisify(execFile)(process.execPath, ['--import', 'tsx', '--eval', script], {
      cwd: ROOT,
      env: { PATH: process.env['PATH'], HOSTED_LINK_DATA_DIR: dataDir },
    }),
  );
  const ids = (await Promise.all(started)).map(({ stdout }) => stdout);
  expect(ids).toEqual(Array.from({ length: 4 }, () => (ids[0]!.startsWith('codec-') ? ids[0] : 'a key id')));
  expect(readdirSync(dataDir)).toEqual(['keys.json']);
});
