/** How much of a text from outside is shown, in characters. */
const MAX_LENGTH = 300;

/**
 * What begins something inside of a line of Markdown: emphasis, code, links, images, HTML, entities, tables; and what some
 * renderers make links of by themselves. An underscore inside of a word is one.
 */
const SPECIAL = /[\\`*~[\]<>|@]|&(?=[#A-Za-z])|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|:(?=\/\/)|(?<=www)\./gi;

/** Characters that end a line, move the cursor, hide, or change the direction of what follows. */
const CONTROL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;

/**
 * A text from outside as it may stand inside of a line of Markdown, where it shows as it is and does nothing: on one line, at
 * most 300 characters of it, with a backslash before what means something in Markdown.
 */
export function markdownText(text: string): string {
  const characters = [...text.replace(CONTROL, ' ').trim()];
  const shown = characters.length > MAX_LENGTH ? [...characters.slice(0, MAX_LENGTH), '…'] : characters;
  return shown.join('').replace(SPECIAL, '\\$&');
}
