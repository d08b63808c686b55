import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { Agent, request } from 'undici';
import { sandboxCommand } from '../../src/cli/sandbox';

const ROOT = path.resolve(__dirname, '../..');
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

/** Runs the command in a process of its own, as the installed program does. */
function run(...flags: string[]): { child: ChildProcess; out: () => string; exit: Promise<unknown[]> } {
  const script = `require('./src/cli/sandbox').sandboxCommand().parseAsync(${JSON.stringify(flags)}, { from: 'user' })`;
  const child = spawn(process.execPath, ['--require', 'tsx/cjs', '--eval', script], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  return { child, out: () => text, exit: once(child, 'close') };
}

async function printed({ child, out }: ReturnType<typeof run>, pattern: RegExp): Promise<string> {
  for (;;) {
    const match = pattern.exec(out());
    if (match) return match[1]!;
    await once(child.stdout!, 'data');
  }
}

test.each(['SIGINT', 'SIGTERM'] as const)(
  'answers with what it printed, and stops cleanly at %s',
  async (signal) => {
    const sandbox = run('--port', '0', '--tokens-once');
    const secret = await printed(sandbox, /PLAID_SECRET=(\S+)\n[^]*\n/);
    const url = await printed(sandbox, /PLAID_BASE_URL=(\S+)/);
    const clientId = await printed(sandbox, /PLAID_CLIENT_ID=(\S+)/);
    expect(sandbox.out()).toContain('protect nothing');
    const dispatcher = new Agent();
    const response = await request(`${url}/link/token/create`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'plaid-client-id': clientId, 'plaid-secret': secret },
      body: JSON.stringify({
        client_name: 'Acme',
        language: 'en',
        country_codes: ['US'],
        user: { client_user_id: 'u1' },
        products: ['auth'],
      }),
      dispatcher,
    });
    expect(response.statusCode).toBe(200);
    await response.body.dump();
    sandbox.child.kill(signal);
    expect(await sandbox.exit).toEqual([0, null]);
    await dispatcher.destroy();
  },
);

/** What the command says when it refuses its flags. */
async function refusal(...flags: string[]): Promise<string> {
  let said = '';
  const command = sandboxCommand()
    .exitOverride()
    .configureOutput({ writeErr: (text) => (said += text) });
  await expect(command.parseAsync(flags, { from: 'user' })).rejects.toMatchObject({ exitCode: 1 });
  return said;
}

test('a port that is taken stops it with a line that says what to do', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  expect(await refusal('--port', String(port))).toBe(
    `error: the sandbox cannot listen on 127.0.0.1:${port} (EADDRINUSE): choose another --port, or 0 for a free one\n`,
  );
  other.close();
});

test.each([
  ['--port', 'http'],
  ['--port', '65536'],
  ['--port', '-1'],
  ['--token-shape', 'round'],
])('%s %s is refused by name', async (flag, value) => {
  expect(await refusal(flag, value)).toMatch(
    new RegExp(`^error: option '${flag} <\\w+>' argument '${value}' is invalid\\.`),
  );
});
