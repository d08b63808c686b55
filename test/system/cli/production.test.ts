import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HostedLinkCommands } from '../../../testing/hosted-link';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'production-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('production', () => {
  test.each([
    [
      ['worker'],
      ['PLAID_CLIENT_ID', 'PLAID_SECRET', 'DATABASE_URL', 'HOSTED_LINK_VAULT_KEYS', 'HOSTED_LINK_CODEC_KEYS'],
    ],
    [
      ['webhooks', '--address', '127.0.0.1:0'],
      ['PLAID_CLIENT_ID', 'PLAID_SECRET', 'DATABASE_URL', 'HOSTED_LINK_CODEC_KEYS'],
    ],
    [
      ['codec-server', '--address', '127.0.0.1:0', '--origin', 'https://temporal.example'],
      ['HOSTED_LINK_CODEC_KEYS', 'HOSTED_LINK_CODEC_TOKENS'],
    ],
    [['setup'], ['DATABASE_URL']],
    [
      ['keys', 'rotate'],
      ['DATABASE_URL', 'HOSTED_LINK_VAULT_KEYS'],
    ],
    [['audit'], ['DATABASE_URL']],
    [['items', 'list'], ['DATABASE_URL']],
    [['status', 'user-42'], ['HOSTED_LINK_CODEC_KEYS']],
  ])('ends hosted-link %j with a line for each missing setting, and makes nothing', async (args, missing) => {
    const dataDir = join(folder, args[0]!);
    const commands = new HostedLinkCommands({ PLAID_ENV: 'production', HOSTED_LINK_DATA_DIR: dataDir });
    const { code, stdout, stderr } = await commands.run(args);
    expect(
      stderr
        .replace('INVALID_INPUT: ', '')
        .trimEnd()
        .split('\n')
        .map((line) => line.split(': ')[0]),
    ).toEqual(missing);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(existsSync(dataDir)).toBe(false);
  });
});
