import fc from 'fast-check';
import { HostedLinkCommands } from '../../../testing/hosted-link';

/** In the value of a setting: no message may repeat it. */
const MARK = 'v4lueOfSomeSetting';

describe('hosted-link', () => {
  const TOKEN = 'access-sandbox-0b1c8a70-9a4c-4000-8000-5a0f0e4c3b2a';
  /** No command that reads its settings gets any further. */
  const commands = new HostedLinkCommands({ LOG_LEVEL: `loud-${MARK}` });
  afterAll(() => commands.close());

  const word = fc.oneof(
    fc.constantFrom(
      'start',
      'status',
      'items',
      'list',
      'results',
      'audit',
      'keys',
      'codec-server',
      'worker',
      'check',
    ),
    fc.constantFrom(
      '--json',
      '--key',
      '--plaid-flow',
      '--limit',
      '--port',
      '--state',
      '--since',
      '--',
      '-h',
      '--nonsense',
    ),
    fc.constantFrom(
      TOKEN,
      '',
      '-1',
      '--=',
      '\u001b[2J',
      '__proto__',
      `--port=${TOKEN}`,
      `--plaid-flow=${TOKEN}`,
    ),
  );

  test('ends on any arguments with an exit code and a clear message, without a stack or a token', async () => {
    const lists = fc.sample(fc.array(word, { minLength: 1, maxLength: 5 }), { numRuns: 10, seed: 6 });
    for (const args of lists) {
      const { code, stdout, stderr } = await commands.run(args);
      const [first = ''] = stderr.split('\n');
      expect({ args, code, first }).toEqual({
        args,
        code: args.includes('-h') ? expect.any(Number) : 2,
        first,
      });
      if (code !== 0)
        expect(first).toMatch(
          args.includes('--json') ? /^{"code":"INVALID_INPUT",/ : /^(error: |INVALID_INPUT: |Usage: )./,
        );
      expect(stdout + stderr).not.toMatch(/\n\s+at |TypeError/);
      expect(stdout + stderr).not.toContain('\u001b');
      expect(stdout + stderr).not.toContain(TOKEN);
      expect(stdout + stderr).not.toContain(MARK);
    }
  });
});
