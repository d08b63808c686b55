import { InputError } from '../../../src/domain/input-error';
import { resolveBaseUrl } from '../../../src/plaid/base-url';
import { PLAID_ENVIRONMENTS } from '../../../src/domain/link-token';

function refusal(environment: (typeof PLAID_ENVIRONMENTS)[number], override: string): InputError {
  try {
    resolveBaseUrl(environment, override);
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  throw new Error('expected a refusal');
}

test.each(PLAID_ENVIRONMENTS)("without an override, calls go to Plaid's host of %s", (environment) => {
  expect(resolveBaseUrl(environment)).toBe(`https://${environment}.plaid.com`);
});

const LOOPBACK = [
  ['http://127.0.0.1:4000', 'http://127.0.0.1:4000'],
  ['http://127.9.9.9/', 'http://127.9.9.9'],
  ['http://localhost:4000/', 'http://localhost:4000'],
  ['http://LOCALHOST', 'http://localhost'],
  ['http://[::1]:4000', 'http://[::1]:4000'],
  ['https://[::1]', 'https://[::1]'],
  ['https://127.1:8443', 'https://127.0.0.1:8443'],
] as const;

describe.each(PLAID_ENVIRONMENTS)('in %s', (environment) => {
  test.each([
    ['https://production.plaid.com/', 'https://production.plaid.com'],
    ['https://sandbox.plaid.com:443', 'https://sandbox.plaid.com'],
  ])('hosts of Plaid are accepted: %s', (override, origin) => {
    expect(resolveBaseUrl(environment, override)).toBe(origin);
  });

  test.each(LOOPBACK)('loopback is accepted outside production: %s', (override, origin) => {
    if (environment !== 'production') expect(resolveBaseUrl(environment, override)).toBe(origin);
    else
      expect(refusal(environment, override).message).toMatch(
        /^PLAID_BASE_URL: not a host of Plaid, with PLAID_ENV /,
      );
  });

  test.each([
    '',
    'plaid',
    'plaid.com',
    '127.0.0.1:4000',
    'localhost:4000',
    'http://',
    'https://[::1',
    'ftp://127.0.0.1',
    'file:///etc/passwd',
    'javascript:alert(1)',
  ])('what is no web address is refused: "%s"', (override) => {
    expect(refusal(environment, override)).toMatchObject({
      code: 'INVALID_INPUT',
      field: 'PLAID_BASE_URL',
      message: expect.stringMatching(/not an http or https URL; give one such as/),
    });
  });

  test.each([
    'http://example.com',
    'http://production.plaid.com',
    'http://localhost.example.com',
    'http://127.0.0.1.example.com',
    'http://10.0.0.1:4000',
    'http://0.0.0.0:4000',
    'http://[::2]',
  ])('http to another machine is refused: %s', (override) => {
    expect(refusal(environment, override).message).toMatch(
      environment === 'production'
        ? /^PLAID_BASE_URL: not a host of Plaid, with PLAID_ENV production; leave it unset$/
        : /^PLAID_BASE_URL: http to another machine .*; use https$/,
    );
  });

  test.each([
    'https://user:hunter2@production.plaid.com',
    'https://hunter2@production.plaid.com',
    'https://production.plaid.com/hunter2',
    'https://production.plaid.com/?hunter2',
    'https://production.plaid.com/#hunter2',
  ])('more than an origin is refused, without repeating it: %s', (override) => {
    const { message } = refusal(environment, override);
    expect(message).toMatch(/more than scheme, host and port; give it without/);
    expect(message).not.toContain('hunter2');
  });
});

const FOREIGN = [
  'https://example.com',
  'https://plaid.com.example.com',
  'https://evilplaid.com',
  'https://production.plaid.com.',
  'https://plaid.com@example.com',
  'https://10.0.0.1',
];

test.each(FOREIGN)('a foreign host is refused in production: %s', (override) => {
  expect(refusal('production', override)).toMatchObject({ field: 'PLAID_BASE_URL' });
});

test.each(['sandbox', 'development'] as const)(
  'a foreign host is accepted over https in %s',
  (environment) => {
    expect(resolveBaseUrl(environment, 'https://plaid-proxy.example.com:8443')).toBe(
      'https://plaid-proxy.example.com:8443',
    );
  },
);
