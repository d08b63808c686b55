import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { codecServerCommand } from '../../src/cli/codec-server';
import { createPayloadCodec } from '../../src/codec/payload-codec';
import { readSettings } from '../../src/config';
import { InputError } from '../../src/input-error';
import { loadCodecRing } from '../../src/keys';

const ROOT = join(__dirname, '..', '..');
const SCRIPT = `require('./src/cli/codec-server').codecServerCommand().parseAsync();`;

let dataDir: string;
const children: ChildProcess[] = [];

beforeAll(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'codec-'));
  process.env['HOSTED_LINK_DATA_DIR'] = dataDir;
});

afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  delete process.env['HOSTED_LINK_DATA_DIR'];
  rmSync(dataDir, { recursive: true });
});

function run(env: NodeJS.ProcessEnv, ...flags: string[]): ChildProcess {
  const child = spawn(process.execPath, ['--require', 'tsx/cjs', '--eval', SCRIPT, '--', ...flags], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], HOSTED_LINK_DATA_DIR: dataDir, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  return child;
}

async function firstLineOf(child: ChildProcess): Promise<string> {
  const [line] = (await once(createInterface(child.stdout!), 'line')) as [string];
  return line;
}

describe('hosted-link codec-server', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    'decodes with the keys of the worker on the same machine, until %s',
    async (signal) => {
      const child = run({ HOSTED_LINK_CODEC_ORIGINS: 'http://localhost:8233' }, '--port', '0');
      const url = /answers on (\S+) until Ctrl-C, for programs and pages of http:\/\/localhost:8233\.$/.exec(
        await firstLineOf(child),
      )?.[1];
      const ring = await loadCodecRing(readSettings({ HOSTED_LINK_DATA_DIR: dataDir }));
      const [encrypted] = await createPayloadCodec(ring).encode([{ data: Buffer.from('hello') }]);
      const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
      const payload = {
        metadata: Object.fromEntries(
          Object.entries(encrypted!.metadata!).map(([name, value]) => [name, text(value)]),
        ),
        data: text(encrypted!.data!),
      };
      const response = await fetch(`${url}/decode`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: 'http://localhost:8233' },
        body: JSON.stringify({ payloads: [payload] }),
      });
      expect(await response.json()).toEqual({ payloads: [{ data: text(Buffer.from('hello')) }] });
      child.kill(signal);
      expect(await once(child, 'exit')).toEqual([0, null]);
    },
  );

  test('several origins may be named, and win over the setting', async () => {
    const env = { HOSTED_LINK_CODEC_ORIGINS: 'http://set.example' };
    const child = run(env, '--port', '0', '--origin', 'http://a.example', '--origin', 'http://b.example');
    expect(await firstLineOf(child)).toMatch(/pages of http:\/\/a\.example, http:\/\/b\.example\.$/);
  });

  test.each([
    ['no origin', [], '--origin: missing; '],
    ['no port number', ['--origin', 'http://localhost:8233', '--port', '8081x'], '--port: not a port; '],
    ['a port too high', ['--origin', 'http://localhost:8233', '--port', '65536'], '--port: not a port; '],
    ['a wrong origin', ['--origin', 'localhost', '--port', '0'], 'origin: not an origin; '],
  ])('%s is refused before it listens', async (_name, flags, message) => {
    const parse = codecServerCommand().parseAsync(flags, { from: 'user' });
    await expect(parse).rejects.toThrow(InputError);
    await expect(parse).rejects.toThrow(message);
  });
});
