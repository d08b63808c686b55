import type { Payload } from '@temporalio/common';
import fc from 'fast-check';
import { maskPayload } from '../../../../src/ops/codec-server/mask';

const SESSION_ID = '5d0e2b4c-9a51-4b53-8a4e-1f8f6c1f2a77';
const LINK_TOKEN = `link-sandbox-${SESSION_ID}`;
const HOSTED_URL = `https://secure.plaid.com/hl/${SESSION_ID}`;

function json(value: unknown, encoding = 'json/plain'): Payload {
  return { metadata: { encoding: Buffer.from(encoding) }, data: Buffer.from(JSON.stringify(value)) };
}

function masked(value: unknown): unknown {
  return valueOf(maskPayload(json(value)));
}

function valueOf({ data }: Payload): unknown {
  return JSON.parse(Buffer.from(data!).toString());
}

describe('masking', () => {
  test('takes out of an input what opens the page or tells the person, and leaves what an operator needs', () => {
    const input = {
      key: 'user-42',
      plaidFlow: 'link_delivery',
      linkToken: LINK_TOKEN,
      linkTokenRequest: {
        client_name: 'Acme Lending',
        country_codes: ['US'],
        webhook: 'https://app.example/plaid?user=42',
        user: {
          client_user_id: 'customer-17',
          phone_number: '+1 (415) 555-0123',
          email_address: 'ada@example.com',
          legal_name: 'Ada Lovelace',
          date_of_birth: '1815-12-10',
          address: { street: '12 St James Square', city: 'London', region: 'GB' },
        },
        hosted_link: { completion_redirect_uri: 'acme://back', url_lifetime_seconds: 900 },
      },
      delivery: { method: 'SMS', address: '+14155550123', firstName: 'Ada' },
      expiresAt: '2026-03-07T12:00:00.000Z',
      notify: ['onboarding-42'],
      requestDigest: 'ab'.repeat(32),
      resumed: { created: { url: HOSTED_URL, plaidSessionId: SESSION_ID }, cancelRequested: false },
    };
    expect(masked(input)).toEqual({
      key: 'user-42',
      plaidFlow: 'link_delivery',
      linkToken: '[masked]',
      linkTokenRequest: {
        client_name: 'Acme Lending',
        country_codes: ['US'],
        webhook: '[masked]',
        user: {
          client_user_id: 'customer-17',
          phone_number: '[masked]',
          email_address: '[masked]',
          legal_name: '[masked]',
          date_of_birth: '[masked]',
          address: { street: '[masked]', city: '[masked]', region: '[masked]' },
        },
        hosted_link: { completion_redirect_uri: '[masked]', url_lifetime_seconds: 900 },
      },
      delivery: { method: 'SMS', address: '[masked]', firstName: '[masked]' },
      expiresAt: '2026-03-07T12:00:00.000Z',
      notify: ['onboarding-42'],
      requestDigest: 'ab'.repeat(32),
      resumed: { created: { url: '[masked]', plaidSessionId: '[masked]' }, cancelRequested: false },
    });
  });

  test.each([
    ['a link token', `see ${LINK_TOKEN}`, 'see [masked]'],
    ['an access token', 'access-production-8c1c6b1e-0f5c-4000-8000-1d2f3a4b5c6d', '[masked]'],
    ['a hosted URL', `open ${HOSTED_URL}, please`, 'open [masked] please'],
    ['any other URL', 'back to http://127.0.0.1:3000/done?u=1', 'back to [masked]'],
    ['an e-mail address', 'sent to ada.l+link@mail.example.com.', 'sent to [masked].'],
    ['a phone number', 'sent to +14155550123', 'sent to [masked]'],
    ['a workflow id', 'hosted-link/user-42', 'hosted-link/user-42'],
    ['a time', '2026-03-07T12:00:00.000Z', '2026-03-07T12:00:00.000Z'],
  ])('knows %s by its shape, wherever it stands', (_name, text, expected) => {
    expect(masked(text)).toBe(expected);
    expect(masked({ note: [[text]] })).toEqual({ note: [[expected]] });
    expect(masked({ [text]: true })).toEqual({ [expected]: true });
  });

  test('masks texts and numbers under a secret name at any depth, and tells what is not there', () => {
    expect(masked({ phones: [4155550123, { home: '555-0123' }], email: null, linkToken: undefined })).toEqual(
      {
        phones: ['[masked]', { home: '[masked]' }],
        email: null,
      },
    );
  });

  test('masks JSON of a protobuf message, and keeps its encoding', () => {
    const payload = maskPayload(json({ linkToken: LINK_TOKEN, count: 2 }, 'json/protobuf'));
    expect(valueOf(payload)).toEqual({ linkToken: '[masked]', count: 2 });
    expect(Buffer.from(payload.metadata!['encoding']!).toString()).toBe('json/protobuf');
  });

  test('leaves nothing as it is', () => {
    const nothing = { metadata: { encoding: Buffer.from('binary/null') } };
    expect(maskPayload(nothing)).toEqual(nothing);
  });

  test.each([
    ['binary data', { metadata: { encoding: Buffer.from('binary/plain') }, data: Buffer.from(LINK_TOKEN) }],
    ['an encoding of others', json(LINK_TOKEN, 'json/other')],
    ['no encoding', { data: Buffer.from(LINK_TOKEN) }],
    [
      'JSON that is none',
      { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(`"${LINK_TOKEN}`) },
    ],
    [
      'JSON too deep to be followed',
      { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(deep(200_000)) },
    ],
  ])('shows nothing of %s but its size', (_name, payload) => {
    const shown = maskPayload(payload);
    expect(valueOf(shown)).toBe(`[masked: ${payload.data!.length} bytes that are no JSON]`);
    expect(Buffer.from(shown.metadata!['encoding']!).toString()).toBe('json/plain');
  });

  test('lets no link token, URL, e-mail address or phone number through, however the JSON is built', () => {
    const secret = fc.constantFrom(LINK_TOKEN, HOSTED_URL, 'ada@example.com', '+14155550123');
    const text = fc
      .tuple(fc.constantFrom('', ' ', 'to ', '"'), secret, fc.constantFrom('', ' ', '.', '"'))
      .map((parts) => parts.join(''));
    const value = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        text,
        fc.string(),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(
          fc.oneof(fc.constantFrom('linkToken', 'note', '__proto__', 'constructor'), text),
          tie('value'),
          { maxKeys: 3 },
        ),
      ),
    })).value;
    fc.assert(
      fc.property(value, (input) => {
        const shown = JSON.stringify(masked(input));
        expect(shown).not.toContain(SESSION_ID);
        expect(shown).not.toContain('ada@example');
        expect(shown).not.toContain('14155550123');
      }),
      { numRuns: 300 },
    );
  });
});

function deep(levels: number): string {
  return '['.repeat(levels) + ']'.repeat(levels);
}
