/**
 * The words of a command line as a POSIX shell takes them: quotes are taken off, and a variable stays by its name. What comes after
 * a pipe, a list operator, a redirection or a comment is no part of it.
 */
export function shellWords(line: string): string[] {
  const words: string[] = [];
  for (const [word] of line.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)) {
    if (/^(\||\|\||&&?|;|#.*|\d*[<>].*)$/.test(word)) break;
    words.push(
      word.replaceAll(/"([^"]*)"|'([^']*)'/g, (_, double?: string, single?: string) => double ?? single!),
    );
  }
  return words;
}
