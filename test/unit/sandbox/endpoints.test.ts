import type { Answer, Bench } from '../../../testing/plaid-calls';
import { CLIENT_ID, LINK_TOKEN_REQUEST, SECRET, startBench } from '../../../testing/plaid-calls';

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}';
const MINUTE = 60_000;
const START = Date.parse('2030-01-01T00:00:00Z');

let bench: Bench;
let clock: number;

beforeEach(async () => {
  clock = START;
  bench = await startBench({ now: () => clock });
});
afterEach(() => bench.close());

function expectError(answer: Answer, type: string, code: string, status = 400): void {
  expect(answer.json).toMatchObject({
    error_type: type,
    error_code: code,
    error_message: expect.any(String),
    display_message: null,
    request_id: expect.stringMatching(/^[A-Za-z0-9]{15}$/),
  });
  expect(answer.status).toBe(status);
}

async function finishedSession(items = 1): Promise<string> {
  const sessionId = await bench.deliver();
  bench.sandbox.session(sessionId).complete({ items });
  return sessionId;
}

async function accessTokenOf(sessionId: string): Promise<string> {
  const { json } = await bench.post('/link_delivery/get', { link_delivery_session_id: sessionId });
  return json.access_tokens[0];
}

describe('credentials', () => {
  const body = { ...LINK_TOKEN_REQUEST };

  test('are taken from the headers', async () => {
    expect((await bench.post('/link/token/create', body)).status).toBe(200);
  });

  test('are taken from the body as well', async () => {
    const answer = await bench.send(
      'POST',
      '/link/token/create',
      { 'content-type': 'application/json' },
      JSON.stringify({ ...body, client_id: CLIENT_ID, secret: SECRET }),
    );
    expect(answer.status).toBe(200);
  });

  test.each([
    ['client id', { 'plaid-client-id': 'somebody_else' }],
    ['secret', { 'plaid-secret': 'a_wrong_secret' }],
  ])('with a wrong %s are refused as INVALID_API_KEYS', async (_which, headers) => {
    expectError(await bench.post('/link/token/create', body, headers), 'INVALID_INPUT', 'INVALID_API_KEYS');
  });

  test('that are missing are named', async () => {
    const answer = await bench.send(
      'POST',
      '/item/get',
      { 'content-type': 'application/json', 'plaid-client-id': CLIENT_ID },
      '{"access_token":"x"}',
    );
    expectError(answer, 'INVALID_REQUEST', 'MISSING_FIELDS');
    expect(answer.json.error_message).toContain('secret');
    expect(answer.json.error_message).not.toContain('client_id');
  });

  test('are checked before the request is', async () => {
    const answer = await bench.post('/item/get', { nonsense: 1 }, { 'plaid-secret': 'a_wrong_secret' });
    expectError(answer, 'INVALID_INPUT', 'INVALID_API_KEYS');
  });
});

describe('every endpoint', () => {
  test.each([
    ['no JSON', '{"link_token":'],
    ['nothing', ''],
    ['an array', '[]'],
    ['a string', '"text"'],
    ['null', 'null'],
  ])('refuses a body that is %s as INVALID_BODY', async (_what, body) => {
    expectError(await bench.post('/link_delivery/get', body), 'INVALID_REQUEST', 'INVALID_BODY');
  });

  test.each(['text/plain', 'application/x-www-form-urlencoded'])(
    'refuses %s as INVALID_HEADERS',
    async (type) => {
      const answer = await bench.post('/item/get', '{}', { 'content-type': type });
      expectError(answer, 'INVALID_REQUEST', 'INVALID_HEADERS');
    },
  );

  test('refuses another version of the API', async () => {
    const answer = await bench.post('/item/get', {}, { 'plaid-version': '2019-05-29' });
    expectError(answer, 'INVALID_REQUEST', 'INCOMPATIBLE_API_VERSION');
  });

  test('answers POST only', async () => {
    expectError(await bench.send('GET', '/item/get'), 'INVALID_REQUEST', 'NOT_FOUND', 404);
    expectError(await bench.post('/transfer/get', {}), 'INVALID_REQUEST', 'NOT_FOUND', 404);
  });

  test('gives each answer a request id of its own', async () => {
    const [first, second] = [
      await bench.post('/link/token/create', LINK_TOKEN_REQUEST),
      await bench.post('/link/token/create', LINK_TOKEN_REQUEST),
    ];
    expect(first.json.request_id).not.toBe(second.json.request_id);
  });

  test('carries a bad value in its error message, as a careless server would', async () => {
    const { json } = await bench.post('/item/get', { access_token: 'access-sandbox-made-up' });
    expect(json.error_message).toContain('access-sandbox-made-up');
  });
});

describe('/link/token/create', () => {
  const create = (more: object): Promise<Answer> =>
    bench.post('/link/token/create', { ...LINK_TOKEN_REQUEST, ...more });

  test('makes a link token that lives for four hours', async () => {
    const { status, json } = await create({});
    expect(status).toBe(200);
    expect(json).toEqual({
      link_token: expect.stringMatching(new RegExp(`^link-sandbox-${UUID}$`)),
      expiration: '2030-01-01T04:00:00.000Z',
      request_id: expect.any(String),
    });
  });

  test('with hosted_link gives a URL that lives for 30 minutes', async () => {
    const { json } = await create({ hosted_link: {} });
    const id = json.link_token.slice('link-sandbox-'.length);
    expect(json.hosted_link_url).toBe(`${bench.sandbox.url}/hl/${id}`);
    expect(json.expiration).toBe('2030-01-01T00:30:00.000Z');
    expect((await bench.send('GET', `/hl/${id}`)).status).toBe(200);
  });

  test.each([
    ['sms', { phone_number: '+14155550123' }, '2030-01-02T00:00:00.000Z'],
    ['email', { email_address: 'pat@example.com' }, '2030-01-08T00:00:00.000Z'],
  ])('with delivery by %s keeps the URL alive as long as Plaid does', async (method, address, expiration) => {
    await create({ user: { client_user_id: 'u1', ...address }, hosted_link: { delivery_method: method } });
    const [session] = bench.sandbox.ledger().toJSON().sessions;
    expect(session!.expiresAt).toBe(expiration);
    expect(session!.messages).toEqual({ SMS: 0, EMAIL: 0, [method.toUpperCase()]: 1 });
    expect(session!.addressees).toEqual(Object.values(address));
  });

  test('takes the lifetime from url_lifetime_seconds', async () => {
    const { json } = await create({ hosted_link: { url_lifetime_seconds: 90 } });
    expect(json.expiration).toBe('2030-01-01T00:01:30.000Z');
  });

  test('takes the fields that Plaid knows', async () => {
    const { status } = await create({
      optional_products: ['identity'],
      webhook: 'https://app.example/hook',
      redirect_uri: 'https://app.example/back',
      transactions: { days_requested: 90 },
      account_filters: {},
      enable_multi_item_link: true,
      user: { client_user_id: 'u1', legal_name: 'Pat', name: null, some_later_field: 1 },
      hosted_link: { completion_redirect_uri: 'https://app.example/done', is_mobile_app: false },
    });
    expect(status).toBe(200);
  });

  test('refuses a field that Plaid does not know, by name', async () => {
    const answer = await create({ colour: 'blue', shape: 'round' });
    expectError(answer, 'INVALID_REQUEST', 'UNKNOWN_FIELDS');
    expect(answer.json.error_message).toMatch(/colour, shape$/);
  });

  test.each(['client_name', 'language', 'country_codes', 'user', 'products'])(
    'asks for %s',
    async (field) => {
      const answer = await create({ [field]: undefined });
      expectError(answer, 'INVALID_REQUEST', 'MISSING_FIELDS');
      expect(answer.json.error_message).toMatch(new RegExp(`: ${field}$`));
    },
  );

  test.each([
    ['an empty client_name', { client_name: '' }],
    ['an unknown country', { country_codes: ['ZZ'] }],
    ['an e-mail address as client_user_id', { user: { client_user_id: 'pat@example.com' } }],
    ['a phone number as client_user_id', { user: { client_user_id: '+1 415 555 0123' } }],
    ['a phone number that is not E.164', { user: { client_user_id: 'u1', phone_number: '415-555-0123' } }],
    ['a malformed e-mail address', { user: { client_user_id: 'u1', email_address: 'pat' } }],
    ['a webhook that is no URL', { webhook: 'app.example' }],
    ['a redirect_uri with a query string', { redirect_uri: 'https://app.example/?a=1' }],
    ['an unknown delivery method', { hosted_link: { delivery_method: 'pigeon' } }],
    ['a lifetime of nothing', { hosted_link: { url_lifetime_seconds: 0 } }],
    ['a lifetime over 21 days', { hosted_link: { url_lifetime_seconds: 21 * 86_400 + 1 } }],
    ['a javascript: redirect', { hosted_link: { completion_redirect_uri: 'javascript:alert(1)' } }],
    ['a data: redirect', { hosted_link: { completion_redirect_uri: 'data:text/html,hello' } }],
    ['a redirect without scheme', { hosted_link: { completion_redirect_uri: '//app.example' } }],
  ])('refuses %s as INVALID_FIELD', async (_what, more) => {
    expectError(await create(more), 'INVALID_REQUEST', 'INVALID_FIELD');
  });

  test('refuses balance as a product', async () => {
    expectError(await create({ products: ['balance'] }), 'INVALID_INPUT', 'INVALID_PRODUCT');
  });

  test.each([
    ['sms', 'user.phone_number'],
    ['email', 'user.email_address'],
  ])('asks for an address to deliver by %s', async (method, field) => {
    const answer = await create({ hosted_link: { delivery_method: method } });
    expectError(answer, 'INVALID_REQUEST', 'MISSING_FIELDS');
    expect(answer.json.error_message).toContain(field);
  });
});

describe('/link_delivery/create', () => {
  const create = (linkToken: string, recipient?: object): Promise<Answer> =>
    bench.post('/link_delivery/create', {
      link_token: linkToken,
      ...(recipient && { options: { recipient } }),
    });
  const bySms = { communication_methods: [{ method: 'SMS', address: '+14155550123' }], first_name: 'Pat' };

  test('answers with the URL, and the link token without its prefix as session id', async () => {
    const linkToken = bench.sandbox.issueLinkToken();
    const { status, json } = await create(linkToken);
    const id = linkToken.slice('link-sandbox-'.length);
    expect(status).toBe(200);
    expect(json).toEqual({
      link_delivery_session_id: id,
      link_delivery_url: `${bench.sandbox.url}/hl/${id}`,
      request_id: expect.any(String),
    });
  });

  test('gives the same session again, and sends another message', async () => {
    const linkToken = bench.sandbox.issueLinkToken();
    const first = await create(linkToken, bySms);
    const second = await create(linkToken, bySms);
    await create(linkToken);
    expect(second.json.link_delivery_url).toBe(first.json.link_delivery_url);
    const { sessions } = bench.sandbox.ledger().toJSON();
    expect(sessions).toHaveLength(1);
    expect(sessions[0]!.messages).toEqual({ SMS: 2, EMAIL: 0 });
    expect(sessions[0]!.addressees).toEqual(['+14155550123', '+14155550123']);
  });

  test('keeps a delivered link alive as long as Plaid does, unless its lifetime was chosen', async () => {
    await create(bench.sandbox.issueLinkToken(), bySms);
    await create(bench.sandbox.issueLinkToken({ lifetimeMs: MINUTE }), bySms);
    expect(
      bench.sandbox
        .ledger()
        .toJSON()
        .sessions.map((session) => session.expiresAt),
    ).toEqual(['2030-01-02T00:00:00.000Z', '2030-01-01T00:01:00.000Z']);
  });

  test.each([
    ['unknown', () => 'link-sandbox-99ace160-3cf7-4e51-a083-403633425815'],
    ['malformed', () => 'hello'],
    ['of another environment', () => 'link-production-99ace160-3cf7-4e51-a083-403633425815'],
    [
      'expired',
      () => {
        const linkToken = bench.sandbox.issueLinkToken({ lifetimeMs: MINUTE });
        clock += MINUTE;
        return linkToken;
      },
    ],
  ])('refuses a link token that is %s as INVALID_LINK_TOKEN', async (_what, linkToken) => {
    expectError(await create(linkToken()), 'INVALID_INPUT', 'INVALID_LINK_TOKEN');
  });

  test('asks for link_token', async () => {
    expectError(await bench.post('/link_delivery/create', {}), 'INVALID_REQUEST', 'MISSING_FIELDS');
  });

  test.each([
    ['an unknown field', { colour: 'blue' }, 'colour'],
    ['an unknown field inside', { options: { recipient: { nickname: 'P' } } }, 'options.recipient.nickname'],
  ])('refuses %s as UNKNOWN_FIELDS', async (_what, more, name) => {
    const linkToken = bench.sandbox.issueLinkToken();
    const answer = await bench.post('/link_delivery/create', { link_token: linkToken, ...more });
    expectError(answer, 'INVALID_REQUEST', 'UNKNOWN_FIELDS');
    expect(answer.json.error_message).toContain(name);
  });

  test.each([
    ['a phone number that is not E.164', { method: 'SMS', address: '4155550123' }],
    ['a malformed e-mail address', { method: 'EMAIL', address: 'pat@' }],
    ['a phone number for an e-mail', { method: 'EMAIL', address: '+14155550123' }],
    ['an unknown method', { method: 'PIGEON', address: '+14155550123' }],
  ])('refuses %s as INVALID_FIELD, and sends nothing', async (_what, method) => {
    const linkToken = bench.sandbox.issueLinkToken();
    expectError(
      await create(linkToken, { communication_methods: [method] }),
      'INVALID_REQUEST',
      'INVALID_FIELD',
    );
    expect(bench.sandbox.ledger().toJSON().sessions).toEqual([]);
  });
});

describe('/link_delivery/get', () => {
  const get = (sessionId: string): Promise<Answer> =>
    bench.post('/link_delivery/get', { link_delivery_session_id: sessionId });

  test('tells the status of a session that is under way', async () => {
    const sessionId = await bench.deliver();
    const statuses = [(await get(sessionId)).json.status];
    bench.sandbox.session(sessionId).open();
    statuses.push((await get(sessionId)).json.status);
    bench.sandbox.session(sessionId).exit();
    const { json } = await get(sessionId);
    expect([...statuses, json.status]).toEqual(['CREATED', 'OPENED', 'EXITED']);
    expect(json).toEqual({
      status: 'EXITED',
      created_at: '2030-01-01T00:00:00.000Z',
      completed_at: null,
      request_id: expect.any(String),
    });
  });

  test('gives access tokens and item ids when it is finished', async () => {
    const sessionId = await finishedSession(3);
    const { json } = await get(sessionId);
    expect(json).toEqual({
      status: 'COMPLETED',
      created_at: '2030-01-01T00:00:00.000Z',
      completed_at: '2030-01-01T00:00:00.000Z',
      access_tokens: Array(3).fill(expect.stringMatching(new RegExp(`^access-sandbox-${UUID}$`))),
      item_ids: Array(3).fill(expect.stringMatching(/^[A-Za-z0-9]{37}$/)),
      request_id: expect.any(String),
    });
    expect(json.item_ids).toEqual([...json.item_ids].sort());
    expect((await get(sessionId)).json.access_tokens).toEqual(json.access_tokens);
  });

  test('gives public tokens in the older shape', async () => {
    const sessionId = await bench.deliver(
      bench.sandbox.issueLinkToken({ tokenShape: 'public_tokens', items: 2 }),
    );
    bench.sandbox.session(sessionId).complete();
    const { json } = await get(sessionId);
    expect(json.public_tokens).toEqual(
      Array(2).fill(expect.stringMatching(new RegExp(`^public-sandbox-${UUID}$`))),
    );
    expect(json).not.toHaveProperty('access_tokens');
    expect(json).not.toHaveProperty('item_ids');
  });

  test('says EXPIRED from the moment of expiration on', async () => {
    const sessionId = await bench.deliver(bench.sandbox.issueLinkToken({ lifetimeMs: MINUTE }));
    clock += MINUTE - 1;
    expect((await get(sessionId)).json.status).toBe('CREATED');
    clock += 1;
    expect((await get(sessionId)).json.status).toBe('EXPIRED');
  });

  test('refuses an unknown session, and one that was never delivered', async () => {
    expectError(await get('99ace160-3cf7-4e51-a083-403633425815'), 'INVALID_INPUT', 'INVALID_LINK_TOKEN');
    const { json } = await bench.post('/link/token/create', { ...LINK_TOKEN_REQUEST, hosted_link: {} });
    const id = json.link_token.slice('link-sandbox-'.length);
    expectError(await get(id), 'INVALID_INPUT', 'INVALID_LINK_TOKEN');
  });

  test('asks for its one field', async () => {
    expectError(await bench.post('/link_delivery/get', {}), 'INVALID_REQUEST', 'MISSING_FIELDS');
  });
});

describe('/link_delivery/get with tokens shown only once', () => {
  let strict: Bench;
  beforeEach(async () => {
    strict = await startBench({ tokensOnce: true });
  });
  afterEach(() => strict.close());

  test.each(['access_tokens', 'public_tokens'] as const)(
    'shows %s to the first get alone',
    async (tokenShape) => {
      const sessionId = await strict.deliver(strict.sandbox.issueLinkToken({ tokenShape }));
      const get = (): Promise<Answer> =>
        strict.post('/link_delivery/get', { link_delivery_session_id: sessionId });
      await get();
      strict.sandbox.session(sessionId).complete();
      expect((await get()).json[tokenShape]).toHaveLength(1);
      const { json } = await get();
      expect(json.status).toBe('COMPLETED');
      expect(json[tokenShape]).toBeNull();
      expect(strict.sandbox.ledger().toJSON().sessions[0]!.timesTokensShown).toBe(1);
    },
  );
});

describe('/item/public_token/exchange', () => {
  const exchange = (publicToken: string): Promise<Answer> =>
    bench.post('/item/public_token/exchange', { public_token: publicToken });
  async function publicToken(): Promise<string> {
    const sessionId = await bench.deliver(bench.sandbox.issueLinkToken({ tokenShape: 'public_tokens' }));
    bench.sandbox.session(sessionId).complete();
    const { json } = await bench.post('/link_delivery/get', { link_delivery_session_id: sessionId });
    return json.public_tokens[0];
  }

  test('makes an item, once', async () => {
    const token = await publicToken();
    expect(bench.sandbox.ledger().toJSON().items).toEqual([]);
    const { status, json } = await exchange(token);
    expect(status).toBe(200);
    expect(json).toEqual({
      access_token: expect.stringMatching(new RegExp(`^access-sandbox-${UUID}$`)),
      item_id: expect.stringMatching(/^[A-Za-z0-9]{37}$/),
      request_id: expect.any(String),
    });
    expectError(await exchange(token), 'INVALID_INPUT', 'INVALID_PUBLIC_TOKEN');
    const { publicTokens, items } = bench.sandbox.ledger().toJSON();
    expect(publicTokens).toEqual([
      expect.objectContaining({ itemId: json.item_id, exchanges: { succeeded: 1, refused: 1 } }),
    ]);
    expect(items).toHaveLength(1);
  });

  test('refuses a public token that is 30 minutes old', async () => {
    const [young, old] = [await publicToken(), await publicToken()];
    clock += 30 * MINUTE - 1;
    expect((await exchange(young)).status).toBe(200);
    clock += 1;
    expectError(await exchange(old), 'INVALID_INPUT', 'INVALID_PUBLIC_TOKEN');
  });

  test('refuses an unknown public token', async () => {
    expectError(await exchange('public-sandbox-made-up'), 'INVALID_INPUT', 'INVALID_PUBLIC_TOKEN');
  });

  test('asks for its one field', async () => {
    expectError(await bench.post('/item/public_token/exchange', {}), 'INVALID_REQUEST', 'MISSING_FIELDS');
  });
});

describe('a public token that is exchanged again', () => {
  async function exchangeTwice(secondExchange: 'same_item' | 'another_item'): Promise<Answer[]> {
    bench.sandbox.set({ secondExchange });
    const { json } = await bench.post('/sandbox/public_token/create', {
      institution_id: 'ins_990001',
      initial_products: ['auth'],
    });
    const answers = [];
    for (let count = 0; count < 3; count += 1) {
      answers.push(await bench.post('/item/public_token/exchange', { public_token: json.public_token }));
    }
    return answers;
  }

  test('gives the same item once more, if the sandbox is told so', async () => {
    const [first, second, third] = await exchangeTwice('same_item');
    const { access_token, item_id } = first!.json;
    expect([second!.json, third!.json]).toMatchObject(Array(2).fill({ access_token, item_id }));
    expect(bench.sandbox.ledger().toJSON().items).toHaveLength(1);
  });

  test('makes another item, if the sandbox is told so', async () => {
    const answers = await exchangeTwice('another_item');
    expect(new Set(answers.map(({ json }) => json.item_id)).size).toBe(3);
    const { items, publicTokens } = bench.sandbox.ledger().toJSON();
    expect(items.map(({ live }) => live)).toEqual([true, true, true]);
    expect(publicTokens[0]!.exchanges).toEqual({ succeeded: 3, refused: 0 });
  });

  test('is refused once it has expired, whatever the sandbox was told', async () => {
    const [first] = await exchangeTwice('same_item');
    expect(first!.status).toBe(200);
    clock += 30 * MINUTE;
    const [publicToken] = bench.sandbox.ledger().toJSON().secrets.publicTokens;
    const answer = await bench.post('/item/public_token/exchange', { public_token: publicToken });
    expectError(answer, 'INVALID_INPUT', 'INVALID_PUBLIC_TOKEN');
  });
});

describe('/sandbox/public_token/create', () => {
  const create = (more: object = {}): Promise<Answer> =>
    bench.post('/sandbox/public_token/create', {
      institution_id: 'ins_990004',
      initial_products: ['auth'],
      options: { webhook: 'https://app.example/hook', override_username: 'user_good' },
      ...more,
    });

  test('makes a public token without a Link session', async () => {
    const { json } = await create();
    expect(bench.sandbox.ledger().toJSON().sessions).toEqual([]);
    const exchanged = await bench.post('/item/public_token/exchange', { public_token: json.public_token });
    const { access_token: accessToken } = exchanged.json;
    const got = await bench.post('/item/get', { access_token: accessToken });
    expect(got.json.item).toMatchObject({
      institution_id: 'ins_990004',
      webhook: 'https://app.example/hook',
    });
  });

  test('refuses a bank that does not exist, and a request without products', async () => {
    expectError(await create({ institution_id: 'ins_1' }), 'INVALID_INPUT', 'INVALID_INSTITUTION');
    expectError(await create({ initial_products: [] }), 'INVALID_REQUEST', 'INVALID_FIELD');
  });

  test('is there in the sandbox environment only, as its neighbours are', async () => {
    const production = await startBench({ environment: 'production' });
    try {
      for (const path of ['public_token/create', 'item/reset_login', 'item/fire_webhook']) {
        expectError(await production.post(`/sandbox/${path}`, {}), 'INVALID_REQUEST', 'SANDBOX_ONLY');
      }
    } finally {
      await production.close();
    }
  });
});

describe('/item/get and /item/remove', () => {
  test('tell the item and its bank, until it is removed', async () => {
    const sessionId = await bench.deliver();
    bench.sandbox.session(sessionId).complete({ institutionId: 'ins_990002' });
    const accessToken = await accessTokenOf(sessionId);
    const got = await bench.post('/item/get', { access_token: accessToken });
    const [item] = bench.sandbox.ledger().toJSON().items;
    expect(got.json.item).toMatchObject({
      item_id: item!.itemId,
      institution_id: 'ins_990002',
      institution_name: 'Meadowlark Credit Union',
      webhook: null,
      error: null,
      consent_expiration_time: null,
      update_type: 'background',
    });
    expect(got.json.status).toBeNull();

    clock += MINUTE;
    const removed = await bench.post('/item/remove', { access_token: accessToken, reason_code: 'OTHER' });
    expect(removed.json).toEqual({ request_id: expect.any(String) });
    for (const endpoint of ['/item/get', '/item/remove']) {
      expectError(await bench.post(endpoint, { access_token: accessToken }), 'ITEM_ERROR', 'ITEM_NOT_FOUND');
    }
    expect(bench.sandbox.ledger().toJSON().items[0]).toMatchObject({
      live: false,
      removedAt: '2030-01-01T00:01:00.000Z',
    });
  });

  test.each(['/item/get', '/accounts/get', '/item/remove'])(
    '%s refuses an access token that was never issued',
    async (endpoint) => {
      const answer = await bench.post(endpoint, { access_token: 'access-sandbox-made-up' });
      expectError(answer, 'INVALID_INPUT', 'INVALID_ACCESS_TOKEN');
    },
  );

  test('/item/remove refuses an unknown reason', async () => {
    const accessToken = await accessTokenOf(await finishedSession());
    const answer = await bench.post('/item/remove', { access_token: accessToken, reason_code: 'BORED' });
    expectError(answer, 'INVALID_REQUEST', 'INVALID_FIELD');
    expect(bench.sandbox.ledger().toJSON().items[0]!.live).toBe(true);
  });
});

describe('/accounts/get', () => {
  test("tells what is in the accounts that the person chose, also while the item's login is wanted", async () => {
    const sessionId = await bench.deliver();
    bench.sandbox.session(sessionId).complete({ institutionId: 'ins_990004', accounts: ['current', 'card'] });
    const accessToken = await accessTokenOf(sessionId);
    const get = async (options?: object) =>
      await bench.post('/accounts/get', { access_token: accessToken, ...(options && { options }) });
    const [item] = bench.sandbox.ledger().toJSON().items;
    bench.sandbox.item(item!.itemId).requireLogin();

    const { json } = await get();
    expect(json.item).toMatchObject({
      item_id: item!.itemId,
      error: { error_code: 'ITEM_LOGIN_REQUIRED' },
    });
    expect(json.accounts).toEqual([
      {
        account_id: expect.any(String),
        balances: {
          current: 640.31,
          available: 590.31,
          limit: null,
          iso_currency_code: 'USD',
          unofficial_currency_code: null,
        },
        mask: '2260',
        name: 'Current Account',
        official_name: null,
        type: 'depository',
        subtype: 'checking',
      },
      expect.objectContaining({
        name: 'Blue Card',
        balances: expect.objectContaining({ current: 312.18, available: 1687.82, limit: 2000 }),
      }),
    ]);

    const [, card] = json.accounts;
    expect((await get({ account_ids: [card.account_id] })).json.accounts).toEqual([card]);
    expectError(await get({ account_ids: ['made-up'] }), 'INVALID_INPUT', 'INVALID_ACCOUNT_ID');
  });
});

test('the environment stands in every token', async () => {
  const other = await startBench({ environment: 'production' });
  try {
    const linkToken = other.sandbox.issueLinkToken();
    expect(linkToken).toMatch(/^link-production-/);
    const sessionId = await other.deliver(linkToken);
    other.sandbox.session(sessionId).complete();
    expect(other.sandbox.ledger().toJSON().secrets.accessTokens[0]).toMatch(/^access-production-/);
  } finally {
    await other.close();
  }
});
