import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type KeyService, startKeyService } from '../../../testing/key-service';
import { generateKeyRingText, parseKeyRing } from '../../../src/secrets/key-ring';
import { Secret } from '../../../src/secrets/secret';
import type { Vault } from '../../../src/vault';
import { HostedLinkCommands } from '../../../testing/hosted-link';
import { runSql } from '../../../testing/postgres';
import { until } from '../../../testing/until';
import { describeOnPostgres, keysOf, newKey, prepareVault } from '../../../testing/databases';

const KEY = /^(vault|codec)-[0-9a-f]{8}:[A-Za-z0-9+/]{43}=$/;

let folder: string;
let commands: HostedLinkCommands;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keys-command-'));
  commands = new HostedLinkCommands({ HOSTED_LINK_DATA_DIR: join(folder, 'data') });
});

afterAll(async () => {
  await commands.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('hosted-link keys generate', () => {
  test.each(['vault', 'codec'])('prints a key of the %s, and nothing else', async (ring) => {
    const { code, stdout, stderr } = await commands.run(['keys', 'generate', ring]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^[^\n]+\n$/);
    expect(stdout.trim()).toMatch(KEY);
    expect(stdout).toMatch(new RegExp(`^${ring}-`));
    expect(parseKeyRing(stdout.trim(), 'printed').ids()).toHaveLength(1);
  });

  test('makes a file for its user only, then adds to its ring, and prints no key', async () => {
    const file = join(folder, 'vault-keys');
    const first = await commands.run(['keys', 'generate', 'vault', '--file', file]);
    const [one] = parseKeyRing(readFileSync(file, 'utf8').trim(), file).ids();
    expect(first).toEqual({ code: 0, stdout: `${file}: ${one} is the primary\n`, stderr: '' });
    expect(statSync(file).mode & 0o777).toBe(0o600);

    const second = await commands.run(['keys', 'generate', 'vault', '--file', file]);
    const [primary, two] = parseKeyRing(readFileSync(file, 'utf8').trim(), file).ids();
    expect(primary).toBe(one);
    expect(second).toEqual({ code: 0, stdout: `${file}: ${one} is the primary, then ${two}\n`, stderr: '' });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    // The settings take it as it is.
    const settings = {
      HOSTED_LINK_VAULT_KEYS_FILE: file,
      DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none',
    };
    const { stderr } = await commands.run(['keys', 'status'], settings);
    expect(stderr).toMatch(/^VAULT_UNREACHABLE: /);
  });

  test('leaves a file alone that others may read, or that holds no ring', async () => {
    const file = join(folder, 'not-a-ring');
    writeFileSync(file, 'not a ring', { mode: 0o600 });
    const wrong = await commands.run(['keys', 'generate', 'codec', '--file', file]);
    expect(wrong).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('key 1 of 2') });
    chmodSync(file, 0o644);
    const open = await commands.run(['keys', 'generate', 'codec', '--file', file]);
    expect(open).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('run chmod 600 on it'),
    });
    expect(readFileSync(file, 'utf8')).toBe('not a ring');
  });

  test('of an unknown ring is refused as bad input', async () => {
    expect(await commands.run(['keys', 'generate', 'vaults'])).toMatchObject({ code: 2, stdout: '' });
  });
});

describeOnPostgres((server) => {
  const [older, newer] = [newKey('older'), newKey('newer')];
  const codecKeys = generateKeyRingText('codec');
  let databaseUrl: string;

  beforeEach(async () => {
    databaseUrl = await server.emptyDatabase();
    const vault = await prepareVault(databaseUrl, keysOf(older));
    for (let index = 0; index < 30; index++) await linkItem(vault, index);
    await vault.close();
  });

  async function linkItem(vault: Vault, index: number): Promise<void> {
    const key = `session-${index}`;
    await vault.sessions.claim({ key, plaidFlow: 'link_delivery', firstRunId: 'run', requestDigest: key });
    const accessToken = new Secret(`access-sandbox-${index}`);
    const [row] = await vault.results.record(key, [{ kind: 'access_token', token: accessToken }]);
    await vault.results.link(row!.resultId, { itemId: `item-${index}`, accessToken, requestId: 'request' });
  }

  const settings = (vaultKeys: string, more: NodeJS.ProcessEnv = {}) => ({
    DATABASE_URL: databaseUrl,
    HOSTED_LINK_VAULT_KEYS: vaultKeys,
    HOSTED_LINK_CODEC_KEYS: codecKeys,
    ...more,
  });

  /** No output of a command may hold a key. */
  function expectNoKey(...outputs: string[]): void {
    const material = [older, newer, codecKeys].map((text) => text.split(':')[1]!);
    for (const output of outputs) for (const key of material) expect(output).not.toContain(key);
  }

  test('a key is replaced by adding it, putting it first, re-wrapping, and taking the older out', async () => {
    const added = await commands.run(['keys', 'status'], settings(`${older},${newer}`));
    expect(added.stdout.split('\n')).toEqual([
      "vault's keys (HOSTED_LINK_VAULT_KEYS):",
      '  older  PRIMARY  30 items, 30 sessions',
      '  newer  OLDER  nothing',
      "codec's keys (HOSTED_LINK_CODEC_KEYS):",
      `  ${codecKeys.split(':')[0]}  PRIMARY`,
      '',
    ]);
    const refused = await commands.run(['keys', 'rotate'], settings(newer));
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^KEY_UNKNOWN: HOSTED_LINK_VAULT_KEYS lacks the key older, [^\n]+\n$/),
    });
    const rotated = await commands.run(['keys', 'rotate'], settings(`${newer},${older}`));
    expect(rotated).toEqual({
      code: 0,
      stdout: expect.stringContaining(
        '60 re-wrapped under newer, 0 left on older keys\n  newer  PRIMARY  30 items, 30 sessions\n  older  OLDER  nothing\n',
      ),
      stderr: '',
    });
    const { stdout } = await commands.run(['keys', 'status', '--json'], settings(newer));
    expect(JSON.parse(stdout)).toEqual({
      vault: [
        { keyId: 'newer', state: 'PRIMARY', counts: { sessions: 30, items: 30 } },
        { keyId: 'older', state: 'GONE', counts: {} },
      ],
      codec: [{ keyId: codecKeys.split(':')[0], state: 'PRIMARY' }],
    });
    expectNoKey(added.stdout, rotated.stdout, rotated.stderr, refused.stderr, stdout);
  }, 60_000);

  describe('with a key service', () => {
    let service: KeyService;
    let withService: NodeJS.ProcessEnv;
    beforeEach(async () => {
      service = await startKeyService();
      withService = {
        HOSTED_LINK_KEY_PROVIDER: join(__dirname, '../../../testing/key-service-provider.mjs'),
        KEY_SERVICE_URL: service.url,
      };
    });
    afterEach(() => service.close());

    test('the vault moves from the ring to the service, and no longer needs the ring', async () => {
      const both = await commands.run(['keys', 'rotate'], settings(older, withService));
      expect(both).toMatchObject({ code: 0, stderr: '' });
      expect(both.stdout).toContain('60 re-wrapped under service-1, 0 left on older keys\n');
      expect(service.wraps()).toBe(60);
      const alone = await commands.json<{ vault: unknown }>(
        ['keys', 'status'],
        settings('', { ...withService, PLAID_ENV: 'production' }),
      );
      expect(alone.vault).toEqual([
        { keyId: 'service-1', state: 'PRIMARY', counts: { sessions: 30, items: 30 } },
        { keyId: 'older', state: 'GONE', counts: {} },
      ]);
    }, 60_000);

    test('a signal stops it after the batch under way, and the next run does the rest', async () => {
      let release!: () => void;
      service.holdWraps(new Promise((resolve) => (release = resolve)));
      const running = commands.start(['keys', 'rotate'], settings(older, withService));
      await until('the first batch is being wrapped', () => service.wraps() >= 30, 30_000);
      running.kill('SIGTERM');
      release();
      const stopped = await running.ended;
      expect(stopped).toMatchObject({
        code: 130,
        stderr: 'stopped by a signal; run it again for the rest\n',
      });
      expect(stopped.stdout).toContain('30 re-wrapped under service-1, 30 left on older keys\n');
      const rest = await commands.run(['keys', 'rotate'], settings(older, withService));
      expect(rest.code).toBe(0);
      expect(rest.stdout).toContain('30 re-wrapped under service-1, 0 left on older keys\n');
    }, 60_000);

    test('while the service is away the key is named, and nothing is lost', async () => {
      const url = service.url;
      await service.close();
      const away = await commands.run(['keys', 'rotate'], settings(older, withService));
      expect(away).toMatchObject({
        code: 1,
        stderr:
          'KEY_PROVIDER_FAILED: the test key service and HOSTED_LINK_VAULT_KEYS failed to use the key service-1 (TypeError)\n',
      });
      expect(away.stdout).toBe('');
      service = await startKeyService();
      expect(service.url).not.toBe(url);
      const back = { ...withService, KEY_SERVICE_URL: service.url };
      expect(await commands.run(['keys', 'rotate'], settings(older, back))).toMatchObject({ code: 0 });
    }, 60_000);

    test('a module that is none, or that has no key, is refused by the name of its setting', async () => {
      const wrong = { HOSTED_LINK_KEY_PROVIDER: join(folder, 'none.mjs') };
      expect(await commands.run(['keys', 'status'], settings('', wrong))).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/^INVALID_INPUT: HOSTED_LINK_KEY_PROVIDER: no module [^\n]+\n$/),
      });
      const keyless = join(folder, 'keyless.mjs');
      writeFileSync(keyless, 'export const createKeyProvider = () => ({ keyIds: [] });');
      expect(
        await commands.run(['keys', 'status'], settings('', { HOSTED_LINK_KEY_PROVIDER: keyless })),
      ).toMatchObject({ code: 2, stderr: expect.stringContaining('its provider has no keys') });
    });
  });

  test('a value that does not open is named, and the command ends as failed', async () => {
    await runSql(
      databaseUrl,
      `UPDATE hosted_link.items SET wrapped_key = substr(wrapped_key, 2) WHERE item_id = 'item-7'`,
    );
    const { code, stdout, stderr } = await commands.run(['keys', 'rotate'], settings(`${newer},${older}`));
    expect(code).toBe(1);
    expect(stdout).toContain('59 re-wrapped under newer, 1 left on older keys\n');
    expect(stderr).toMatch(
      /^DECRYPT_FAILED: item\.access_token of item-7 does not decrypt under the key older: [^\n]+\n$/,
    );
  }, 60_000);
});
