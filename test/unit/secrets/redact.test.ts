import { redactText } from '../../../src/secrets/redact';

/** Each text is made of one of these, a million characters long. Pieces of what is looked for, so that no search ends early. */
const PIECES = [
  'a',
  'a-',
  '1.',
  'a.b@',
  'a@b-',
  'http://',
  'http://x/',
  'http://x/abcdef01-2345-6789-',
  'ftp://a:b',
  '+1234567',
  'access-sandbox-',
  '-----',
];
const LENGTH = 1_000_000;

/** A text of this length takes some 50 ms; where time grew with its square, it would take minutes. */
const SOON_MS = 10_000;

describe('a text is searched for secrets', () => {
  test.each(PIECES)('in time that grows with its length and no faster: %s, a million characters', (piece) => {
    const text = piece.repeat(LENGTH / piece.length);
    const began = performance.now();
    redactText(text);
    redactText(`http://${text}`);
    redactText(`a@${text}`);
    expect(performance.now() - began).toBeLessThan(SOON_MS);
  });

  test.each([
    ['postgresql://app:pw@db.example/vault', 'postgresql://[secret]@db.example/vault'],
    ['at HTTPS://User@x.example', 'at HTTPS://[secret]@x.example'],
    [
      'see https://h.example/a/3f0c1d7e-0000-4000-8000-00000000a001?b=1 now',
      'see https://h.example/[secret] now',
    ],
    ['"http://h.example:1/3F0C1D7E-0000-4000-8000-00000000A001"', '"http://h.example:1/[secret]"'],
    ['https://h.example/path/1', 'https://h.example/path/1'],
    ['3f0c1d7e-0000-4000-8000-00000000a001', '3f0c1d7e-0000-4000-8000-00000000a001'],
  ])('and of a URL only user, password and what opens a hosted page are taken: %s', (text, shown) => {
    expect(redactText(text)).toBe(shown);
  });
});
