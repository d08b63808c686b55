/**
 * Characters that act on a terminal or a page instead of being shown: control characters (C0, with line ends and the escape that
 * begins ANSI and OSC sequences; DEL; C1), format characters (bidi overrides, what has no width), line and paragraph separators.
 */
const ACTING = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** `text` on one line, with `?` for each character that would act: names and messages come from outside. */
export function printable(text: string): string {
  return text.replace(ACTING, '?');
}

/** JSON text of the same value in which no character acts: those that JSON leaves as they are become escapes. Line ends stay. */
export function printableJson(json: string): string {
  return json.replace(ACTING, (character) => (character === '\n' ? character : escaped(character)));
}

/** A character may be two code units. */
function escaped(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}
