import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { freePorts } from '../../../testing/child-server';
import { EXIT_PIPE } from '../../../src/cli/exit-codes';
import type { CommandError } from '../../../src/cli/output';
import { ROOT } from '../../../testing/built';
import { HostedLinkCommands } from '../../../testing/hosted-link';

const ESCAPE = '\u001b';

describe('the command line', () => {
  let commands: HostedLinkCommands;

  beforeAll(async () => {
    const [port] = await freePorts(1);
    // Nothing answers there, so that doctor has a problem to tell.
    commands = new HostedLinkCommands({
      ...{ NO_COLOR: undefined, FORCE_COLOR: undefined, NODE_DISABLE_COLORS: undefined },
      TEMPORAL_ADDRESS: `127.0.0.1:${port}`,
    });
  });
  afterAll(() => commands.close());

  it('has no colour where nobody looks, and with FORCE_COLOR that of states alone', async () => {
    const [plain, coloured, json] = await Promise.all([
      commands.run(['doctor']),
      commands.run(['doctor'], { FORCE_COLOR: '1' }),
      commands.run(['doctor', '--json'], { FORCE_COLOR: '1' }),
    ]);
    expect(plain.stdout).not.toContain(ESCAPE);
    expect(coloured.stdout).toContain(`${ESCAPE}[31mproblem${ESCAPE}[39m  Temporal`);
    expect(coloured.stdout).toContain(`${ESCAPE}[32mok     ${ESCAPE}[39m  settings`);
    expect(stripVTControlCharacters(coloured.stdout)).toBe(plain.stdout);
    expect(json.stdout).not.toContain(ESCAPE);
    for (const { code, stderr } of [plain, coloured, json])
      expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
  });

  it('tells what is wrong with a call for people with the help, and with --json as one object', async () => {
    const wrong = ['status', '--no-such-option'];
    const [people, script, unreachable] = await Promise.all([
      commands.run(wrong),
      commands.run([...wrong, '--json']),
      commands.run(['status', 'user-42', '--json']),
    ]);
    expect(people).toMatchObject({ code: 2, stdout: '' });
    expect(people.stderr).toMatch(/^error: unknown option '--no-such-option'\n\nUsage: hosted-link status /);
    expect(script).toMatchObject({ code: 2, stdout: '' });
    expect(onlyLine<CommandError>(script.stderr)).toEqual({
      code: 'INVALID_INPUT',
      message: "unknown option '--no-such-option'",
    });
    expect(unreachable).toMatchObject({ code: 2, stdout: '' });
    expect(onlyLine<CommandError>(unreachable.stderr)).toEqual({
      code: 'INVALID_INPUT',
      field: 'TEMPORAL_ADDRESS',
      message: expect.stringMatching(/^TEMPORAL_ADDRESS: no Temporal server answers at 127\.0\.0\.1/),
      remedy: 'start one there, or set it',
    });
  });

  it('prints its version, which is that of the package', () => {
    const told = execFileSync(process.execPath, [join(ROOT, 'bin/hosted-link.js'), '--version'], {
      encoding: 'utf8',
    });
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(told).toBe(`${version}\n`);
  });

  it('ends quietly when nobody reads what it prints', async () => {
    const child = spawn(process.execPath, [join(ROOT, 'bin/hosted-link.js'), 'keys', 'generate', 'vault'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const [code] = (await once(child, 'close')) as [number];
    expect({ code, stderr }).toEqual({ code: EXIT_PIPE, stderr: '' });
  });

  // On a terminal of its own, which takes both streams.
  (existsSync('/usr/bin/script') && process.platform === 'linux' ? it : it.skip)(
    'has colours on a terminal, heeds NO_COLOR there, and shows no progress that stays',
    async () => {
      // With CI set, Node.js takes any terminal for one without colours.
      const onTerminal = async (settings: NodeJS.ProcessEnv) => {
        const command = `${process.execPath} ${join(ROOT, 'bin/hosted-link.js')} doctor`;
        const terminal = new HostedLinkCommands({ TERM: 'xterm', CI: undefined, ...settings }, [
          '-e',
          `require('child_process').spawnSync('script', ['-qec', ${JSON.stringify(command)}, '/dev/null'], { stdio: ['ignore', 'inherit', 'inherit'] })`,
        ]);
        const [port] = await freePorts(1);
        return (await terminal.run([], { TEMPORAL_ADDRESS: `127.0.0.1:${port}` })).stdout;
      };
      const [coloured, plain] = await Promise.all([
        onTerminal({ NO_COLOR: undefined }),
        onTerminal({ NO_COLOR: '1' }),
      ]);
      expect(coloured).toContain(`${ESCAPE}[31mproblem`);
      expect(plain).toContain('problem  Temporal');
      expect(plain).not.toContain(ESCAPE);
      // Connecting to nobody takes some seconds, of which the terminal is told on a line that is cleared.
      const progress = /asking Temporal, the database and Plaid \(\d+ s\)\r +\r/;
      for (const output of [coloured, plain]) expect(output).toMatch(progress);
    },
  );
});

function onlyLine<T>(text: string): T {
  expect(text).toMatch(/^[^\n]+\n$/);
  return JSON.parse(text) as T;
}
