import fc from 'fast-check';
import { printable, printableJson } from '../../../src/secrets/printable';

/** Every character that acts: of each, somebody's terminal, editor or browser has shown why. */
const ACTING = [
  ...Array.from({ length: 0x20 }, (_, code) => code),
  ...Array.from({ length: 0x21 }, (_, index) => 0x7f + index),
  ...[0xad, 0x61c, 0x200b, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202e, 0x2066, 0x2069, 0xfeff, 0xe0001],
].map((code) => String.fromCodePoint(code));

const anyText = fc.string({ unit: 'binary' });

test('no character that acts is left in a text, and none that is shown is taken', () => {
  for (const character of ACTING) expect(printable(`a${character}b`)).toBe('a?b');
  expect(printable('Crédit Zürich 银行 – «№ 1» 💶')).toBe('Crédit Zürich 银行 – «№ 1» 💶');
});

test('JSON text in which no character acts is of the same value', () => {
  fc.assert(
    fc.property(fc.oneof(anyText, fc.constantFrom(...ACTING)), (text) => {
      const json = JSON.stringify({ [text]: [text] });
      expect(printableJson(json)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      expect(JSON.parse(printableJson(json))).toEqual(JSON.parse(json));
    }),
  );
});

test('lines of JSON stay lines', () => {
  expect(printableJson('{"a":1}\n{"b":2}\n')).toBe('{"a":1}\n{"b":2}\n');
});
