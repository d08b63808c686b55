import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { codecServerCommand } from '../../../src/cli/codec-server';
import { createPayloadCodec } from '../../../src/codec/payload-codec';
import { readSettings } from '../../../src/config/settings';
import { InputError } from '../../../src/domain/input-error';
import { loadCodecRing } from '../../../src/config/load-keys';
import { SELF_SIGNED } from '../../../testing/self-signed';

const ROOT = join(__dirname, '../../..');
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
  const child = spawn(process.execPath, ['--import', 'tsx', '--eval', SCRIPT, '--', ...flags], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], HOSTED_LINK_DATA_DIR: dataDir, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  return child;
}

async function firstLineOf(child: ChildProcess): Promise<string> {
  const [line] = (await once(createInterface(child.stdout!), 'line')) as [string];
  return line;
}

const ANY_PORT = ['--address', '127.0.0.1:0'];
const ORIGIN = ['--origin', 'http://localhost:8233'];
const NOT_AN_ADDRESS = '--address: not an address to listen on; ';

describe('hosted-link codec-server', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    'decodes with the keys of the worker on the same machine, until %s',
    async (signal) => {
      const child = run({}, ...ANY_PORT, '--origin', 'http://localhost:8233');
      const url = /answers on (\S+) until Ctrl-C, for programs and pages of http:\/\/localhost:8233\.$/.exec(
        await firstLineOf(child),
      )?.[1];
      const ring = await loadCodecRing(readSettings({ HOSTED_LINK_DATA_DIR: dataDir }));
      const [encrypted] = await createPayloadCodec(ring).encode([
        { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('"hello"') },
      ]);
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
      expect(await response.json()).toEqual({
        payloads: [
          { metadata: { encoding: text(Buffer.from('json/plain')) }, data: text(Buffer.from('"hello"')) },
        ],
      });
      child.kill(signal);
      expect(await once(child, 'exit')).toEqual([0, null]);
    },
  );

  test('answers the pages of several origins', async () => {
    const child = run({}, ...ANY_PORT, '--origin', 'http://a.example', '--origin', 'http://b.example');
    expect(await firstLineOf(child)).toMatch(/pages of http:\/\/a\.example, http:\/\/b\.example\.$/);
  });

  test('answers the holder of a token, on any address, and audits the call on standard error', async () => {
    const token = 'fictitious-token-0123456789abcdef0123';
    const env = { HOSTED_LINK_CODEC_TOKENS: `on-call:${token}` };
    const child = run(env, '--address', '0.0.0.0:0', '--origin', 'http://a.example');
    const audit = createInterface(child.stderr!);
    const url = /answers on (\S+) until/.exec(await firstLineOf(child))![1]!;
    const call = (headers: Record<string, string>) =>
      fetch(`${url}/decode`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-namespace': 'default', ...headers },
        body: '{"payloads":[]}',
      });
    const audited = once(audit, 'line') as Promise<[string]>;
    expect((await call({ authorization: `Bearer ${token}` })).status).toBe(200);
    expect(JSON.parse((await audited)[0])).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      msg: 'codec server call',
      who: 'on-call',
      namespace: 'default',
      origin: null,
      payloads: 0,
      undecodable: 0,
      reasons: [],
      masked: true,
      outcome: 'DECODED',
      status: 200,
    });
    expect((await call({})).status).toBe(401);
  });

  test('serves HTTPS with a certificate', async () => {
    const env = {
      HOSTED_LINK_CODEC_TLS_CERT_FILE: join(dataDir, 'cert.pem'),
      HOSTED_LINK_CODEC_TLS_KEY_FILE: join(dataDir, 'key.pem'),
    };
    writeFileSync(env.HOSTED_LINK_CODEC_TLS_CERT_FILE, SELF_SIGNED.cert);
    writeFileSync(env.HOSTED_LINK_CODEC_TLS_KEY_FILE, SELF_SIGNED.key, { mode: 0o600 });
    const child = run(env, ...ANY_PORT, '--origin', 'http://a.example');
    const url = /answers on (\S+) until/.exec(await firstLineOf(child))![1]!;
    expect(url).toMatch(/^https:/);
    const [response] = (await once(get(url, { ca: SELF_SIGNED.cert }), 'response')) as [IncomingMessage];
    response.resume();
    expect(response.statusCode).toBe(404);
  });

  test.each([
    ['no origin', [], '--origin: missing; '],
    ['the address 127.0.0.1:8081x', [...ORIGIN, '--address', '127.0.0.1:8081x'], NOT_AN_ADDRESS],
    ['the address 127.0.0.1:65536', [...ORIGIN, '--address', '127.0.0.1:65536'], NOT_AN_ADDRESS],
    ['the address 8081', [...ORIGIN, '--address', '8081'], NOT_AN_ADDRESS],
    ['the address localhost:8081', [...ORIGIN, '--address', 'localhost:8081'], NOT_AN_ADDRESS],
    [
      'an address that others reach, before its callers are named',
      ['--origin', 'http://localhost:8233', '--address', '0.0.0.0:8081'],
      '--address: not loopback, ',
    ],
    ['a wrong origin', ['--origin', 'localhost', ...ANY_PORT], '--origin: not an origin; '],
  ])('%s is refused before it listens', async (_name, flags, message) => {
    const parse = codecServerCommand().parseAsync(flags, { from: 'user' });
    await expect(parse).rejects.toThrow(InputError);
    await expect(parse).rejects.toThrow(message);
  });
});
