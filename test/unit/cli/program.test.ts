import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { CommanderError } from 'commander';
import { allCommands, examplesOf } from '../../../tools/cli-page';
import { createProgram } from '../../../src/cli/program';
import { ROOT } from '../../../testing/built';
import { shellWords } from '../../../testing/shell-words';

/** What the command line makes of the words after `hosted-link`, without doing it: the command's name. @throws what it refuses with */
async function understood(words: readonly string[]): Promise<string> {
  const program = createProgram(true);
  let called = '';
  for (const { name, command } of allCommands(program)) {
    command.action(() => {
      called = name;
    });
  }
  quietly(program);
  await program.parseAsync(words, { from: 'user' });
  return called;
}

/** Throws where the program would print and end the process. */
function quietly(command: Command): void {
  command.exitOverride().configureOutput({ outputError: () => undefined, writeErr: () => undefined });
  command.commands.forEach(quietly);
}

describe.each(allCommands().map(({ name, command }) => [name, command] as const))(
  'hosted-link %s',
  (name, command) => {
    it('has a description, --json, and examples that it understands', async () => {
      expect(command.description()).not.toBe('');
      expect(command.options.map(({ long }) => long)).toContain('--json');
      const examples = examplesOf(command);
      expect(examples).not.toEqual([]);
      for (const example of examples) {
        const [program, ...words] = shellWords(example);
        expect(program).toBe('hosted-link');
        expect(await understood(words)).toBe(name);
        // Each can also be told as JSON.
        expect(await understood([...words, ...(words.includes('--json') ? [] : ['--json'])])).toBe(name);
      }
    });
  },
);

test('each command line in a block of a document is understood', async () => {
  const docs = ['README.md', ...readdirSync(join(ROOT, 'docs')).map((file) => join('docs', file))];
  const lines = docs
    .filter((file) => file.endsWith('.md'))
    .flatMap((doc) =>
      [...readFileSync(join(ROOT, doc), 'utf8').matchAll(/^```(?:sh|console)\n([\s\S]*?)^```/gm)]
        .flatMap(([, block]) => block!.replaceAll('\\\n', ' ').split('\n'))
        // Before it may stand a prompt, settings and npx.
        .flatMap((line) => /^(?:\$ )?(?:[A-Z_]+=\S* )*(?:npx )?hosted-link (.*)$/.exec(line)?.[1] ?? [])
        .map((line) => ({ doc, line })),
    );
  expect(lines.map(({ doc }) => doc)).toEqual(expect.arrayContaining(['docs/cli.md', 'docs/operations.md']));
  const refused: string[] = [];
  for (const { doc, line } of lines) {
    // What stands for the reader's own is a word.
    const words = shellWords(line.replaceAll(/<[^>\s][^>]*>/g, 'placeholder'));
    await understood(words).catch((error: Error) => refused.push(`${doc}: ${line}: ${error.message}`));
  }
  expect(refused).toEqual([]);
});

test('an example with an option that is not there would be refused', async () => {
  await expect(understood(['items', 'list', '--sessions', 'user-42'])).rejects.toThrow(CommanderError);
  await expect(understood(['item', 'list'])).rejects.toThrow(CommanderError);
});
