import { markdownText } from '../../../src/workflows/markdown';

describe('a text from outside in Markdown', () => {
  it.each([
    ['user-42', 'user-42'],
    ['hosted_link', 'hosted_link'],
    ['Hill & Harbour', 'Hill & Harbour'],
    ['Ää, 東京 🏦', 'Ää, 東京 🏦'],
  ])('stays as it is where it means nothing: %s', (text, shown) => {
    expect(markdownText(text)).toBe(shown);
  });

  it.each([
    ['a link', '[click](http://evil.example)', '\\[click\\](http\\://evil.example)'],
    ['an image', '![x](//evil.example/p.png)', '!\\[x\\](//evil.example/p.png)'],
    ['an autolink', '<https://evil.example>', '\\<https\\://evil.example\\>'],
    ['a bare link', 'see www.evil.example', 'see www\\.evil.example'],
    ['an e-mail address', 'a@evil.example', 'a\\@evil.example'],
    ['HTML', '<img src=x onerror=alert(1)>', '\\<img src=x onerror=alert(1)\\>'],
    ['an entity', '&lt;b&gt; &#60;', '\\&lt;b\\&gt; \\&#60;'],
    ['emphasis', '*a* _b_ ~~c~~', '\\*a\\* \\_b\\_ \\~\\~c\\~\\~'],
    ['code', '`a` ```b', '\\`a\\` \\`\\`\\`b'],
    ['a table', 'a | b', 'a \\| b'],
    ['an escape', 'a\\*b', 'a\\\\\\*b'],
    ['a heading on a line of its own', 'a\n# b\r\n- c', 'a # b - c'],
    ['a terminal escape', 'a\u001b[31mb', 'a \\[31mb'],
    ['what turns the direction or hides', 'a\u202eb\u200bc\u2028d', 'a b c d'],
  ])('has %s without effect', (_what, text, shown) => {
    expect(markdownText(text)).toBe(shown);
  });

  it('is cut off after 300 characters, between two of them', () => {
    expect(markdownText('🏦'.repeat(301))).toBe(`${'🏦'.repeat(300)}…`);
    expect(markdownText('a'.repeat(300))).toBe('a'.repeat(300));
  });
});
