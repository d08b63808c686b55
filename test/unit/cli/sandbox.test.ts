import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { sandboxCommand } from '../../../src/cli/sandbox';

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
  ['--environment', 'home'],
  ['--link-session-shape', 'round'],
  ['--second-exchange', 'never'],
  ['--session-finished-tokens', 'none'],
  ['--session-finished-status', 'camel'],
  ['--link-token-lifetime', '1814401'],
  ['--seed', '1.5'],
])('%s %s is refused by name', async (flag, value) => {
  expect(await refusal(flag, value)).toMatch(
    new RegExp(`^error: option '${flag} <\\w+>' argument '${value}' is invalid\\.`),
  );
});

test.each([
  ['--fault', '{', 'It must be JSON.'],
  ['--fault', '{"fault":{"kind":"html"}}', 'fault.status: missing; give a number.'],
  ['--webhook-fault', '{"fault":{"kind":"lose"},"times":0}', 'times: '],
])('%s %s is refused with what is wrong', async (flag, value, problem) => {
  expect(await refusal(flag, value)).toContain(
    `error: option '${flag} <json>' argument '${value}' is invalid. ${problem}`,
  );
});
