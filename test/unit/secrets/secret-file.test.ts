import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSecretFile } from '../../../src/secrets/secret-file';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'secret-file-'));
  path = join(folder, 'secret');
  writeFileSync(path, 'a secret');
});

afterEach(() => {
  jest.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

function read(mode: number): string {
  chmodSync(path, mode);
  return readSecretFile(path, 'THE_FILE');
}

test.each([0o600, 0o400])('a file of mode %o is for its owner alone, and read', (mode) => {
  expect(read(mode)).toBe('a secret');
});

test.each([0o604, 0o640, 0o602, 0o610, 0o644, 0o777])('a file of mode %o is refused', (mode) => {
  expect(() => read(mode)).toThrow(
    `THE_FILE: open to other users (mode ${mode.toString(8)}); run chmod 600 on it`,
  );
});

test('a file that cannot be read gives the reason of the system', () => {
  expect(() => readSecretFile(join(folder, 'none'), 'THE_FILE')).toThrow(
    expect.objectContaining({ code: 'ENOENT' }),
  );
});

(process.getuid?.() === 0 ? describe : describe.skip)("a file of root's, for another user", () => {
  beforeEach(() => jest.spyOn(process, 'getuid').mockReturnValue(1000));

  test.each([0o400, 0o440, 0o640])('may be read by its group: mode %o', (mode) => {
    expect(read(mode)).toBe('a secret');
  });

  test.each([0o644, 0o660, 0o444])('may not be read by all, nor written by its group: mode %o', (mode) => {
    expect(() => read(mode)).toThrow(
      `THE_FILE: open to other users (mode ${mode.toString(8)}); run chmod 640 on it`,
    );
  });
});
