import fc from 'fast-check';
import { InputError } from '../../../src/domain/input-error';
import { checkLinkTokenRequest, type LinkTokenRequestRules } from '../../../src/requests/link-token-request';

const RULES: LinkTokenRequestRules = { environment: 'sandbox', update: false };

const good = {
  client_name: 'Shop',
  language: 'en',
  country_codes: ['US', 'CA'],
  user: { client_user_id: 'person-1' },
  products: ['auth'],
};

function refusal(request: unknown, rules: Partial<LinkTokenRequestRules> = {}): InputError {
  try {
    checkLinkTokenRequest(request, { ...RULES, ...rules });
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  throw new Error('expected a refusal');
}

describe('accepted', () => {
  test.each([
    ['the least that Plaid needs', good],
    ["Plaid's user id instead of a user", { ...good, user: undefined, user_id: 'usr_9nSp2KuZ2x4JDw' }],
    [
      'a country, a product and a language that Plaid added later',
      { ...good, country_codes: ['XX'], products: ['new'] },
    ],
    ['a hosted link without delivery', { ...good, hosted_link: {} }],
    [
      'a hosted link of 21 days that leads back to an application',
      {
        ...good,
        hosted_link: {
          url_lifetime_seconds: 21 * 86_400,
          completion_redirect_uri: 'https://app.example/linked?for=42',
          is_mobile_app: true,
          option_of_next_year: 1,
        },
      },
    ],
    ['one that leads into an app', { ...good, hosted_link: { completion_redirect_uri: 'my-app://linked' } }],
    [
      'one that leads back to this machine',
      { ...good, hosted_link: { completion_redirect_uri: 'http://localhost:3000/linked' } },
    ],
    ['no access token, said explicitly', { ...good, access_token: null }],
  ])('is %s', (_case, request) => {
    expect(checkLinkTokenRequest(request, RULES)).toEqual(request);
  });

  test('is whatever else Plaid may know, passed on as it is', () => {
    const request = {
      ...good,
      webhook: 'https://example.com/plaid',
      user: { ...good.user, phone_number: '+14155550123', email_address: 'ada@example.com', name: null },
      transactions: { days_requested: 730 },
      account_filters: { depository: { account_subtypes: ['checking'] } },
      field_of_next_year: [{ deep: [1, 2.5, true, null, 'x'] }],
    };
    expect(checkLinkTokenRequest(request, RULES)).toEqual(request);
  });

  test('is an update without products, in update mode', () => {
    const request = { ...good, products: undefined, update: { account_selection_enabled: true } };
    expect(checkLinkTokenRequest(request, { ...RULES, update: true })).toEqual(request);
  });

  test('gives a copy', () => {
    expect(checkLinkTokenRequest(good, RULES)).not.toBe(good);
  });
});

describe('refused by path, kind and remedy', () => {
  test.each<[unknown, string]>([
    [undefined, 'request: missing; give the body of /link/token/create'],
    [null, 'request: expected an object, got null; give the body of /link/token/create'],
    ['{}', 'request: expected an object, got a string; give the body of /link/token/create'],
    [[good], 'request: expected an object, got an array; give the body of /link/token/create'],
    [
      { ...good, client_name: undefined },
      'request.client_name: missing; give the name that the person sees in Link',
    ],
    [{ ...good, client_name: '' }, 'request.client_name: empty; give the name that the person sees in Link'],
    [
      { ...good, language: 7 },
      'request.language: expected a string, got a number; give a language of Plaid such as en',
    ],
    [
      { ...good, country_codes: 'US' },
      'request.country_codes: expected an array, got a string; give country codes such as ["US"]',
    ],
    [{ ...good, country_codes: [] }, 'request.country_codes: empty; give country codes such as ["US"]'],
    [
      { ...good, country_codes: ['US', 'usa'] },
      'request.country_codes[1]: not a country code; give two capital letters such as US',
    ],
    [{ ...good, user: undefined }, 'request.user: missing; give {"client_user_id": ...}, or user_id'],
    [
      { ...good, user: 'person-1' },
      'request.user: expected an object, got a string; give {"client_user_id": ...}',
    ],
    [
      { ...good, user: {} },
      'request.user.client_user_id: missing; give your own id of the person, without personal data such as an e-mail address',
    ],
    [{ ...good, products: undefined }, 'request.products: missing; give products such as ["auth"]'],
    [{ ...good, products: [] }, 'request.products: empty; give products such as ["auth"]'],
    [
      { ...good, products: [null] },
      'request.products[0]: expected a string, got null; give a product of Plaid such as auth',
    ],
    [
      { ...good, update: { account_selection_enabled: true } },
      'request.update: goes with update mode; give update: {"itemId": ...} beside the request',
    ],
    ...[0, -1, 1.5, 21 * 86_400 + 1].map((seconds): [unknown, string] => [
      { ...good, hosted_link: { url_lifetime_seconds: seconds } },
      "request.hosted_link.url_lifetime_seconds: not a lifetime of Plaid's; give a whole number of seconds from 1 to 1814400, which is 21 days",
    ]),
    [
      { ...good, hosted_link: { url_lifetime_seconds: '900' } },
      'request.hosted_link.url_lifetime_seconds: expected a number, got a string; give a whole number of seconds from 1 to 1814400, which is 21 days',
    ],
    [
      { ...good, hosted_link: { is_mobile_app: 'no' } },
      'request.hosted_link.is_mobile_app: expected true or false, got a string; give one of them or leave it out',
    ],
    [
      { ...good, hosted_link: null },
      'request.hosted_link: expected an object, got null; give an object or leave it out',
    ],
    [
      { ...good, hosted_link: { completion_redirect_uri: null } },
      'request.hosted_link.completion_redirect_uri: expected a string, got null; give a URI or leave it out',
    ],
    [
      { ...good, hosted_link: { url_lifetime_seconds: null } },
      'request.hosted_link.url_lifetime_seconds: expected a number, got null; give a whole number of seconds from 1 to 1814400, which is 21 days',
    ],
    [
      { ...good, hosted_link: { is_mobile_app: null } },
      'request.hosted_link.is_mobile_app: expected true or false, got null; give one of them or leave it out',
    ],
    [{ ...good, later: new Date() }, 'request.later: expected a JSON value, got an object; give JSON'],
    [{ ...good, later: [() => 1] }, 'request.later[0]: expected a JSON value, got a function; give JSON'],
    [
      { ...good, later: NaN },
      'request.later: expected a JSON value, got a number that is not finite; give JSON',
    ],
    [{ ...good, later: 10n }, 'request.later: expected a JSON value, got a bigint; give JSON'],
  ])('%#', (request, message) => {
    expect(refusal(request)).toMatchObject({ code: 'INVALID_INPUT', message });
  });

  test('when it is nested without end', () => {
    const loop: Record<string, unknown> = {};
    loop['again'] = loop;
    expect(refusal({ ...good, loop }).message).toMatch(
      /^request\.loop(\.again)+: nested deeper than 32 levels; /,
    );
  });
});

describe('what must not enter a workflow', () => {
  const SECRET = 'hunter2-4711';

  test.each([
    ['client_id', /PLAID_CLIENT_ID and PLAID_SECRET are used/],
    ['secret', /PLAID_CLIENT_ID and PLAID_SECRET are used/],
    ['access_token', /no access token or public token .*for update mode give update: /],
    ['access_tokens', /no access token or public token/],
    ['public_token', /no access token or public token/],
    ['public_tokens', /no access token or public token/],
    ['ssn', /no identity number/],
    ['ssn_full', /no identity number/],
    ['ssn_last_4', /no identity number/],
    ['id_number', /no identity number/],
    ['id_numbers', /no identity number/],
  ])('is refused by its name, at any depth, without its value: %s', (name, remedy) => {
    for (const held of [SECRET, [SECRET], { value: SECRET }, 4711]) {
      const top = refusal({ ...good, [name]: held });
      expect(top.field).toBe(`request.${name}`);
      expect(top.message).toMatch(/: not allowed; leave it out, /);
      expect(top.message).toMatch(remedy);
      const deep = refusal({ ...good, user: { ...good.user, more: [{ [name]: held }] } });
      expect(deep.field).toBe(`request.user.more[0].${name}`);
      expect(`${top.stack}${deep.stack}`).not.toMatch(/hunter2|4711/);
    }
  });

  test.each(['access-sandbox-1', 'public-production-1', 'see access-development-1 for it'])(
    'is refused by how it looks, in any field, without its value: %s',
    (token) => {
      const error = refusal({ ...good, user: { ...good.user, note: token } });
      expect(error.field).toBe('request.user.note');
      expect(error.message).toMatch(/: holds a token; leave it out, /);
      expect(error.message).not.toContain(token);
    },
  );

  test('is refused before anything else is looked at', () => {
    expect(refusal({ secret: SECRET }).field).toBe('request.secret');
  });

  test.each(['sms', null])('a message that Plaid would send with each repeat is refused: %s', (method) => {
    const error = refusal({ ...good, hosted_link: { delivery_method: method } });
    expect(error.field).toBe('request.hosted_link.delivery_method');
    expect(error.message).toMatch(/not allowed; leave it out and name a recipient/);
  });
});

describe('where a person is led to', () => {
  const refusalOf = (uri: unknown, rules?: Partial<LinkTokenRequestRules>) =>
    refusal({ ...good, hosted_link: { completion_redirect_uri: uri } }, rules).message;

  test.each([
    'back',
    '/back',
    'shop.example/back',
    'javascript:alert(1)',
    'JavaScript://%0aalert(1)',
    'data://text/html,x',
    'file:///etc/passwd',
    'view-source://app.example',
    'https://',
    'app:linked',
  ])('is not %s', (uri) => {
    expect(refusalOf(uri)).toMatch(
      /^request\.hosted_link\.completion_redirect_uri: not an address to lead a person to; /,
    );
  });

  test('holds no password', () => {
    expect(refusalOf('https://ada:hunter2@app.example/')).toMatch(/: has a user or a password; /);
    expect(refusalOf('https://ada:hunter2@app.example/')).not.toContain('hunter2');
  });

  test('is encrypted on its way, but on this machine outside production', () => {
    expect(refusalOf('http://app.example/linked')).toMatch(/: http to another machine; use https$/);
    expect(refusalOf('http://127.0.0.1/linked', { environment: 'production' })).toMatch(
      /: http, with PLAID_ENV production; use https$/,
    );
  });
});

test('any value is either accepted as it is or refused as bad input, and JSON of it is what was given', () => {
  const nearly = fc.record(
    Object.fromEntries(
      Object.entries(good).map(([name, value]) => [
        name,
        fc.oneof({ weight: 8, arbitrary: fc.constant(value) }, { weight: 1, arbitrary: fc.jsonValue() }),
      ]),
    ),
  );
  const ends = new Set<string>();
  fc.assert(
    fc.property(fc.oneof(nearly, fc.jsonValue(), fc.anything()), (value) => {
      try {
        const request = checkLinkTokenRequest(value, RULES);
        expect(JSON.stringify(request)).toBe(JSON.stringify(value));
        ends.add('accepted');
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        ends.add('refused');
      }
    }),
    { numRuns: 500 },
  );
  expect([...ends].sort()).toEqual(['accepted', 'refused']);
});
