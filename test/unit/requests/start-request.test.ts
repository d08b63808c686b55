import { InputError } from '../../../src/domain/input-error';
import { plaidSessionHash, userHash } from '../../../src/secrets/digest';
import { sessionInput, type StartRequest, type StartRules } from '../../../src/requests/start-request';

const ID = '99ace160-3cf7-4e51-a083-403633425815';
const LINK_TOKEN = `link-sandbox-${ID}`;
const RULES: StartRules = { environment: 'sandbox' };

const LINK_TOKEN_REQUEST = {
  client_name: 'Test',
  language: 'en',
  country_codes: ['US'],
  user: { client_user_id: 'person-1' },
  products: ['transactions'],
};

const SMS = { method: 'SMS', address: '+14155550123' } as const;
const HOSTED = { key: 'k', plaidFlow: 'hosted_link', linkTokenRequest: LINK_TOKEN_REQUEST } as const;

function refusal(request: object, rules: StartRules = RULES): InputError {
  try {
    sessionInput(request, rules);
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

describe('a request to start a session', () => {
  it('with a link token alone gets a key that does not tell the token', () => {
    const { key, plaidFlow } = sessionInput({ linkToken: LINK_TOKEN }, RULES);
    expect(key).toBe(plaidSessionHash(ID));
    expect(key).toMatch(/^[0-9a-f]{32}$/);
    expect(plaidFlow).toBe('link_delivery');
  });

  it('is of the user that it names, or else of the one that its link token request names', () => {
    const userId = (request: StartRequest) => sessionInput({ key: 'k', ...request }, RULES).userId;
    const { user: _, ...withoutUser } = LINK_TOKEN_REQUEST;
    expect([
      userId({ linkToken: LINK_TOKEN }),
      userId({ linkToken: LINK_TOKEN, userId: 'person-2' }),
      userId({ linkTokenRequest: LINK_TOKEN_REQUEST }),
      userId({ linkTokenRequest: { ...withoutUser, user_id: 'usr_3' } }),
      userId({ linkTokenRequest: LINK_TOKEN_REQUEST, userId: 'person-2' }),
    ]).toEqual([undefined, 'person-2', 'person-1', 'usr_3', 'person-2']);
  });

  it('has a hash of its user for search attributes, or the user id itself where that is wanted', () => {
    const request = { linkToken: LINK_TOKEN, userId: 'person-1' };
    expect(sessionInput(request, RULES).userAttribute).toBe(userHash('person-1'));
    expect(sessionInput(request, { ...RULES, userAttribute: 'clear' }).userAttribute).toBe('person-1');
    expect(sessionInput({ linkToken: LINK_TOKEN }, RULES).userAttribute).toBeUndefined();
    const { requestDigest } = sessionInput(request, RULES);
    expect(sessionInput(request, { ...RULES, userAttribute: 'clear' }).requestDigest).toBe(requestDigest);
  });

  it('is refused a user id in clear that no search attribute can hold', () => {
    const request = { linkToken: LINK_TOKEN, userId: 'x'.repeat(256) };
    expect(sessionInput(request, RULES).userAttribute).toMatch(/^[0-9a-f]{32}$/);
    expect(refusal(request, { ...RULES, userAttribute: 'clear' }).message).toBe(
      'userId: has more than 255 characters, the most that a search attribute holds; give a shorter one, or set HOSTED_LINK_USER_ATTRIBUTE to hash',
    );
  });

  it('is the same request whatever its fairness key, which is no part of the session', () => {
    const plain = sessionInput({ linkToken: LINK_TOKEN }, RULES);
    expect(sessionInput({ linkToken: LINK_TOKEN, fairnessKey: 'customer-7' }, RULES)).toEqual(plain);
    expect(sessionInput({ linkToken: LINK_TOKEN, fairnessKey: 'é'.repeat(32) }, RULES)).toEqual(plain);
  });

  it.each([
    ['empty', ''],
    ['longer than 64 bytes', 'é'.repeat(33)],
  ])('is refused with a fairness key that is %s', (_what, fairnessKey) => {
    expect(refusal({ linkToken: LINK_TOKEN, fairnessKey }).message).toBe(
      'fairnessKey: not a fairness key; give 1 to 64 bytes, or leave it out',
    );
  });

  it('of hosted_link may name the recipient in both places and allow duplicates, and one in update mode needs no products', () => {
    const user = { client_user_id: 'person-1', phone_number: SMS.address };
    const sent = { ...HOSTED, linkTokenRequest: { ...LINK_TOKEN_REQUEST, user }, delivery: SMS };
    expect(sessionInput(sent, RULES)).toMatchObject({ plaidFlow: 'hosted_link', delivery: SMS });
    expect(sessionInput({ ...HOSTED, allowDuplicates: true }, RULES)).toMatchObject({
      allowDuplicates: true,
    });
    const { products: _, ...linkTokenRequest } = LINK_TOKEN_REQUEST;
    const update = { itemId: 'item-1' };
    for (const plaidFlow of ['hosted_link', 'link_delivery'] as const) {
      const input = sessionInput({ key: 'k', plaidFlow, linkTokenRequest, update }, RULES);
      expect(input).toMatchObject({ plaidFlow, update });
    }
  });

  it('has the same digest however its fields are ordered, and another when a field differs', () => {
    const digest = (request: StartRequest) => sessionInput({ key: 'k', ...request }, RULES).requestDigest;
    const [first, second] = [
      { linkTokenRequest: LINK_TOKEN_REQUEST },
      { linkTokenRequest: Object.fromEntries(Object.entries(LINK_TOKEN_REQUEST).reverse()) },
    ];
    expect(digest(first)).toBe(digest(second));
    expect(digest(first)).not.toBe(
      digest({ linkTokenRequest: { ...LINK_TOKEN_REQUEST, client_name: 'Other' } }),
    );
    expect(digest(first)).not.toBe(digest({ ...first, notify: ['w'] }));
  });

  it.each([
    [
      'both a token and a request',
      { key: 'k', linkToken: LINK_TOKEN, linkTokenRequest: LINK_TOKEN_REQUEST },
      'linkToken',
    ],
    ['neither', { key: 'k' }, 'linkToken'],
    ['a request without a key', { linkTokenRequest: LINK_TOKEN_REQUEST }, 'key'],
    ['a malformed key', { key: 'a b', linkToken: LINK_TOKEN }, 'key'],
    ['a key that is too long', { key: 'k'.repeat(129), linkToken: LINK_TOKEN }, 'key'],
    ['something else than a link token', { linkToken: 'public-sandbox-1' }, 'linkToken'],
    ['a link token of another environment', { linkToken: `link-production-${ID}` }, 'linkToken'],
    [
      'a phone number that is not in E.164',
      { linkToken: LINK_TOKEN, delivery: { method: 'SMS', address: '415 555 0123' } },
      'delivery.address',
    ],
    [
      'an e-mail address that is none',
      { linkToken: LINK_TOKEN, delivery: { method: 'EMAIL', address: 'person' } },
      'delivery.address',
    ],
    [
      'an unknown way to send',
      { linkToken: LINK_TOKEN, delivery: { method: 'FAX', address: '+14155550123' } },
      'delivery.method',
    ],
    ['an unknown field', { linkToken: LINK_TOKEN, webhook: 'https://example.com' }, 'input'],
    ['a time in the past', { linkToken: LINK_TOKEN, expiresAt: '2020-01-01T00:00:00Z' }, 'expiresAt'],
    ['a time too far ahead', { linkToken: LINK_TOKEN, expiresAt: '2999-01-01T00:00:00Z' }, 'expiresAt'],
    ['something else than a time', { linkToken: LINK_TOKEN, expiresAt: 'tomorrow' }, 'expiresAt'],
    [
      'a time that Plaid will tell',
      { key: 'k', linkTokenRequest: LINK_TOKEN_REQUEST, expiresAt: '2999-01-01T00:00:00Z' },
      'expiresAt',
    ],
    [
      'one of our own workflows to notify',
      { linkToken: LINK_TOKEN, notify: ['token-exchange/k'] },
      'notify[0]',
    ],
    [
      'more workflows to notify than ten',
      { linkToken: LINK_TOKEN, notify: Array.from({ length: 11 }, String) },
      'notify',
    ],
    [
      'a secret in its link token request',
      { key: 'k', linkTokenRequest: { ...LINK_TOKEN_REQUEST, secret: 'x' } },
      'request.secret',
    ],
    [
      'a link token for hosted_link, whose URL cannot be had again',
      { plaidFlow: 'hosted_link', linkToken: LINK_TOKEN },
      'linkToken',
    ],
    ['a link token for update mode', { linkToken: LINK_TOKEN, update: { itemId: 'item-1' } }, 'linkToken'],
    [
      'duplicates allowed where Plaid itself makes the items',
      { linkToken: LINK_TOKEN, allowDuplicates: true },
      'allowDuplicates',
    ],
    [
      'duplicates allowed in update mode',
      { ...HOSTED, update: { itemId: 'item-1' }, allowDuplicates: true },
      'allowDuplicates',
    ],
    [
      'an update of nothing',
      { key: 'k', linkTokenRequest: LINK_TOKEN_REQUEST, update: { itemId: '' } },
      'update.itemId',
    ],
    [
      'a first name, which hosted_link cannot greet by',
      { ...HOSTED, delivery: { ...SMS, firstName: 'Ada' } },
      'delivery.firstName',
    ],
    [
      'another phone number of the user than hosted_link is to send to',
      {
        ...HOSTED,
        linkTokenRequest: {
          ...LINK_TOKEN_REQUEST,
          user: { client_user_id: 'person-1', phone_number: '+14155550199' },
        },
        delivery: SMS,
      },
      'request.user.phone_number',
    ],
    [
      'no user whom hosted_link could send to',
      {
        ...HOSTED,
        linkTokenRequest: { ...LINK_TOKEN_REQUEST, user: undefined, user_id: 'usr_1' },
        delivery: SMS,
      },
      'request.user',
    ],
    [
      'a link for longer than 21 days',
      {
        ...HOSTED,
        linkTokenRequest: { ...LINK_TOKEN_REQUEST, hosted_link: { url_lifetime_seconds: 21 * 86_400 + 1 } },
      },
      'request.hosted_link.url_lifetime_seconds',
    ],
  ])(
    'with %s is refused by the name of the field, with a remedy and without the value',
    (_what, request, field) => {
      const error = refusal(request);
      expect(error.field).toBe(field);
      expect(error.message).toMatch(/^[^:]+: .+; .+/);
      expect(error.message).not.toContain(ID);
      expect(error.message).not.toContain('415 555 0123');
    },
  );

  it('may notify only workflows under the prefixes that are allowed', () => {
    const rules = { ...RULES, notifyPrefixes: ['orders/'] };
    expect(sessionInput({ linkToken: LINK_TOKEN, notify: ['orders/42'] }, rules).notify).toEqual([
      'orders/42',
    ]);
    expect(refusal({ linkToken: LINK_TOKEN, notify: ['payroll/1'] }, rules).message).toContain(
      'HOSTED_LINK_NOTIFY_PREFIXES',
    );
  });
});
