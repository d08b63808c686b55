import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'undici';
import { ROOT } from '../../../testing/built';

const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

/** Runs the command in a process of its own, as the installed program does. */
function run(...flags: string[]): { child: ChildProcess; out: () => string; exit: Promise<unknown[]> } {
  const script = `require('./src/cli/sandbox').sandboxCommand().parseAsync(${JSON.stringify(flags)}, { from: 'user' })`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--eval', script], {
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

test('does what its flags say', async () => {
  const sandbox = run(
    ...['--port', '0', '--environment', 'development', '--link-token-lifetime', '60'],
    ...[
      '--tokens-once',
      '--token-shape',
      'public_tokens',
      '--link-session-shape',
      'on_success',
      '--refuse-expired',
    ],
    ...[
      '--second-exchange',
      'same_item',
      '--session-finished-tokens',
      'both',
      '--session-finished-status',
      'lower',
    ],
    ...['--event-callbacks', '--delivery-fails', '--no-webhook-retries'],
    ...['--fault', '{"endpoint":"/item/get","fault":{"kind":"html","status":502}}'],
    ...['--fault', '{"endpoint":"/item/remove","fault":{"kind":"html","status":503}}'],
    ...['--webhook-fault', '{"fault":{"kind":"lose"},"times":"always"}'],
  );
  const url = await printed(sandbox, /PLAID_BASE_URL=(\S+)\n[^]*\n/);
  expect(sandbox.out()).toContain('PLAID_ENV=development');
  const dispatcher = new Agent();
  const headers = {
    'content-type': 'application/json',
    'plaid-client-id': 'sandbox_client_id',
    'plaid-secret': 'sandbox_secret',
  };
  const post = (path: string, body: object) =>
    request(url + path, { method: 'POST', headers, body: JSON.stringify(body), dispatcher });

  expect(await (await post('/control/switches', {})).body.json()).toEqual({
    tokensOnce: true,
    tokenShape: 'public_tokens',
    linkSessionShape: 'on_success',
    refuseExpired: true,
    secondExchange: 'same_item',
    sessionFinishedTokens: 'both',
    sessionFinishedStatus: 'lower',
    eventCallbacks: true,
    deliveryFails: true,
    webhookRetries: false,
  });
  expect((await post('/item/get', {})).statusCode).toBe(502);
  expect((await post('/item/remove', {})).statusCode).toBe(503);
  const webhook = { webhook_type: 'TEST', webhook_code: 'TEST' };
  await post('/control/webhooks', { url, webhook });
  const created = await post('/link/token/create', {
    client_name: 'Acme',
    language: 'en',
    country_codes: ['US'],
    user: { client_user_id: 'u1' },
    products: ['auth'],
  });
  const { link_token: linkToken, expiration } = (await created.body.json()) as Record<string, string>;
  expect(linkToken).toMatch(/^link-development-/);
  expect(Date.parse(expiration!) - Date.now()).toBeLessThanOrEqual(60_000);
  const ledger = await request(`${url}/control/ledger`, { headers, dispatcher });
  expect(await ledger.body.json()).toMatchObject({ webhooks: [{ outcome: 'LOST' }] });
  await dispatcher.destroy();
  sandbox.child.kill('SIGTERM');
  expect(await sandbox.exit).toEqual([0, null]);
});
