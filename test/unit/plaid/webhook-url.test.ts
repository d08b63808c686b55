import { InputError } from '../../../src/domain/input-error';
import { checkWebhookUrl } from '../../../src/plaid/webhook-url';
import { PLAID_ENVIRONMENTS, type PlaidEnvironment } from '../../../src/domain/link-token';

const HTTP = 'http://127.0.0.1:3000/plaid';

function problemOf(environment: PlaidEnvironment, url: string): string {
  try {
    checkWebhookUrl('--field', environment, url);
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  return 'none';
}

describe.each(PLAID_ENVIRONMENTS)('in %s', (environment) => {
  test.each([
    'https://app.example',
    'https://app.example:8443/plaid/webhooks?tenant=1',
    'https://127.0.0.1/plaid',
  ])('https is accepted: %s', (url) => expect(problemOf(environment, url)).toBe('none'));

  test.each([
    ['', /^--field: not a web address; /],
    ['shop.example/plaid', /^--field: not a web address; /],
    ['ftp://app.example', /^--field: not a web address; /],
    ['javascript:alert(1)', /^--field: not a web address; /],
    ['https://user@app.example', /^--field: has a user, /],
    ['https://:word@app.example', /^--field: has a user, /],
    ['https://app.example/#part', /^--field: has a user, /],
    ['http://app.example/plaid', /^--field: http/],
    ['http://127.0.0.1.app.example', /^--field: http/],
  ])('"%s" is refused, and not repeated', (url, problem) => {
    expect(problemOf(environment, url)).toMatch(problem);
    if (url !== '') expect(problemOf(environment, url)).not.toContain(url);
  });
});

test('http on this machine is for offline use, not for production', () => {
  const problems = PLAID_ENVIRONMENTS.map((environment) => problemOf(environment, HTTP));
  expect(problems).toEqual(['none', 'none', '--field: http, with PLAID_ENV production; use https']);
});
