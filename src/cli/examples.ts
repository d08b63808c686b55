/** For `addHelpText('after', …)`: command lines that show how a command is used. A test parses each. */
export function examples(...lines: string[]): string {
  return ['', 'Examples:', ...lines.map((line) => `  ${line}`)].join('\n');
}
