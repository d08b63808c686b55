import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings, type Settings } from '../../../src/config/settings';
import { InputError } from '../../../src/domain/input-error';
import { generateKeyRingText, type KeyRing } from '../../../src/secrets/key-ring';
import { loadCodecRing, loadKeyRings } from '../../../src/config/load-keys';

let folder: string;
let dataDir: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keys-'));
  dataDir = join(folder, 'deep', 'data');
});

afterEach(() => rmSync(folder, { recursive: true }));

function settingsOf(env: NodeJS.ProcessEnv = {}): Settings {
  return readSettings({ HOSTED_LINK_DATA_DIR: dataDir, ...env });
}

function materialOf(ring: KeyRing): string[] {
  return ring.ids().map((id) => `${id}:${ring.get(id)!.export().toString('base64')}`);
}

async function errorOf(promise: Promise<unknown>): Promise<InputError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(InputError);
  return error as InputError;
}

describe('key rings', () => {
  test('come from the settings, and then no file is made', async () => {
    const [vault, codec] = [generateKeyRingText('v'), generateKeyRingText('c')];
    const rings = await loadKeyRings(
      settingsOf({ HOSTED_LINK_VAULT_KEYS: vault, HOSTED_LINK_CODEC_KEYS: codec, PLAID_ENV: 'production' }),
    );
    expect(materialOf(rings.vaultRing)).toEqual([vault]);
    expect(materialOf(rings.codecRing)).toEqual([codec]);
    expect(existsSync(dataDir)).toBe(false);
  });

  describe('in development', () => {
    test('are made once, at random, for this user only, and found again', async () => {
      const first = await loadKeyRings(settingsOf());
      const again = await loadKeyRings(settingsOf());
      expect(materialOf(again.vaultRing)).toEqual(materialOf(first.vaultRing));
      expect(materialOf(again.codecRing)).toEqual(materialOf(first.codecRing));
      expect(materialOf(await loadCodecRing(settingsOf()))).toEqual(materialOf(first.codecRing));
      expect(first.vaultRing.primary.key.equals(first.codecRing.primary.key)).toBe(false);
      expect(statSync(join(dataDir, 'keys.json')).mode & 0o777).toBe(0o600);
      expect(statSync(dataDir).mode & 0o777).toBe(0o700);
      expect(readdirSync(dataDir)).toEqual(['keys.json']);
    });

    test('two data directories have nothing in common', async () => {
      const first = await loadKeyRings(settingsOf());
      const other = await loadKeyRings(settingsOf({ HOSTED_LINK_DATA_DIR: join(folder, 'other') }));
      expect(first.vaultRing.primary.key.equals(other.vaultRing.primary.key)).toBe(false);
    });

    test('a ring that is set is used, the other comes from the file', async () => {
      const vault = generateKeyRingText('v');
      const rings = await loadKeyRings(settingsOf({ HOSTED_LINK_VAULT_KEYS: vault }));
      expect(materialOf(rings.vaultRing)).toEqual([vault]);
      expect(materialOf(rings.codecRing)).toEqual(materialOf(await loadCodecRing(settingsOf())));
    });

    test('many callers at once end up with the same keys', async () => {
      const rings = await Promise.all(Array.from({ length: 20 }, () => loadKeyRings(settingsOf())));
      expect(new Set(rings.map(({ vaultRing }) => materialOf(vaultRing).join())).size).toBe(1);
      expect(readdirSync(dataDir)).toEqual(['keys.json']);
    });

    test.each([0o604, 0o640, 0o602, 0o644])(
      'a key file of mode %o is refused, with the remedy',
      async (mode) => {
        await loadKeyRings(settingsOf());
        const path = join(dataDir, 'keys.json');
        chmodSync(path, mode);
        const error = await errorOf(loadKeyRings(settingsOf()));
        expect(error.message).toBe(
          `${path}: open to other users (mode ${mode.toString(8)}); run chmod 600 on it`,
        );
        chmodSync(path, 0o600);
        await loadKeyRings(settingsOf());
      },
    );

    test.each([
      ['not JSON', 'vault-1:AAAA'],
      ['cut off', '{"vaultKeys":"v:AAAA'],
      ['without the codec keys', JSON.stringify({ vaultKeys: generateKeyRingText('v') })],
    ])('a key file that is %s is refused and left as it is', async (_name, content) => {
      await loadKeyRings(settingsOf());
      const path = join(dataDir, 'keys.json');
      writeFileSync(path, content);
      const error = await errorOf(loadKeyRings(settingsOf()));
      expect(error.message).toBe(
        `${path}: damaged; restore it, or remove it together with the vault beside it`,
      );
      expect(readFileSync(path, 'utf8')).toBe(content);
    });

    test('a wrong key in the file is told by the name of its field, without the key', async () => {
      await loadKeyRings(settingsOf());
      const path = join(dataDir, 'keys.json');
      const short = Buffer.from('only sixteen byt').toString('base64');
      writeFileSync(path, JSON.stringify({ vaultKeys: `v:${short}`, codecKeys: generateKeyRingText('c') }));
      const error = await errorOf(loadKeyRings(settingsOf()));
      expect(error.field).toBe(`${path}, vaultKeys`);
      expect(error.message).not.toContain(short);
    });

    test('a data directory that is a file is named', async () => {
      writeFileSync(join(folder, 'file'), '');
      const error = await errorOf(loadKeyRings(settingsOf({ HOSTED_LINK_DATA_DIR: join(folder, 'file') })));
      expect(error.field).toBe(join(folder, 'file', 'keys.json'));
      expect(error.message).toContain('HOSTED_LINK_DATA_DIR');
    });
  });

  describe('in production', () => {
    test('missing ones are refused by name, and none is made', async () => {
      const error = await errorOf(loadKeyRings(settingsOf({ PLAID_ENV: 'production' })));
      expect(error.message.split('\n').map((line) => line.split(': missing, ')[0])).toEqual([
        'HOSTED_LINK_VAULT_KEYS',
        'HOSTED_LINK_CODEC_KEYS',
      ]);
      const vault = { HOSTED_LINK_VAULT_KEYS: generateKeyRingText('v') };
      expect((await errorOf(loadKeyRings(settingsOf({ PLAID_ENV: 'production', ...vault })))).field).toBe(
        'HOSTED_LINK_CODEC_KEYS',
      );
      expect(existsSync(dataDir)).toBe(false);
    });

    test('the codec ring alone needs no vault keys', async () => {
      const codec = generateKeyRingText('c');
      const settings = settingsOf({ PLAID_ENV: 'production', HOSTED_LINK_CODEC_KEYS: codec });
      expect(materialOf(await loadCodecRing(settings))).toEqual([codec]);
      expect((await errorOf(loadCodecRing(settingsOf({ PLAID_ENV: 'production' })))).field).toBe(
        'HOSTED_LINK_CODEC_KEYS',
      );
    });
  });

  test('a ring from the settings shares no key with the one of the file', async () => {
    const { vaultRing } = await loadKeyRings(settingsOf());
    const codec = settingsOf({ HOSTED_LINK_CODEC_KEYS: materialOf(vaultRing).join() });
    expect((await errorOf(loadKeyRings(codec))).message).toMatch(/^HOSTED_LINK_CODEC_KEYS: its key /);
  });
});
