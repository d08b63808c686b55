import { createPlaidClient } from '../../../src/plaid/client';
import { PlaidApiError, PlaidBadAnswerError } from '../../../src/plaid/errors';
import type { PlaidClient } from '../../../src/plaid/plaid';
import { Secret } from '../../../src/secrets/secret';
import {
  answerJson,
  CLIENT_ID,
  clientOf,
  httpServer,
  PLAID_SECRET,
  rejection,
} from '../../../testing/loopback';

let server: Awaited<ReturnType<typeof httpServer>>;
let client: PlaidClient;
let answer: Parameters<typeof httpServer>[0];

beforeAll(async () => {
  server = await httpServer((response, request) => answer(response, request));
  client = clientOf(server.url, { answerBytes: 10_000 });
});

afterAll(async () => {
  await client.close();
  await server.close();
});

beforeEach(() => {
  server.requests.length = 0;
});

const ACCESS_TOKEN = 'access-sandbox-7c1a2f4e-0000-4000-8000-000000000001';
const PUBLIC_TOKEN = 'public-sandbox-7c1a2f4e-0000-4000-8000-000000000002';
const LINK_TOKEN = 'link-sandbox-7c1a2f4e-0000-4000-8000-000000000003';
const SESSION_ID = '7c1a2f4e-0000-4000-8000-000000000003';
const REQUEST_ID = 'Hk3jUq9sLm2PxYz';

function answers(httpStatus: number, body: unknown): void {
  answer = (response) => answerJson(response, httpStatus, body);
}

function answersText(httpStatus: number, body: string | Buffer, contentType = 'application/json'): void {
  answer = (response) => void response.writeHead(httpStatus, { 'content-type': contentType }).end(body);
}

function sentBody(): unknown {
  return JSON.parse(server.requests[0]!.body);
}

describe('a request', () => {
  test('is one POST with the keys in headers, the API version and our name', async () => {
    answers(200, { request_id: REQUEST_ID });
    await client.itemRemove(new Secret(ACCESS_TOKEN));
    expect(server.requests).toHaveLength(1);
    const { method, path, headers } = server.requests[0]!;
    expect([method, path]).toEqual(['POST', '/item/remove']);
    expect(headers).toMatchObject({
      'plaid-client-id': CLIENT_ID,
      'plaid-secret': PLAID_SECRET,
      'plaid-version': '2020-09-14',
      'content-type': 'application/json',
    });
    expect(headers['user-agent']).toMatch(/^hosted-link\/\d+\.\d+\.\d+/);
    expect(sentBody()).toEqual({ access_token: ACCESS_TOKEN });
  });

  test('uses a connection again that another has left open', async () => {
    const ports = new Set<number | undefined>();
    answer = (response) => {
      ports.add(response.socket?.remotePort);
      answerJson(response, 200, { request_id: REQUEST_ID });
    };
    for (let call = 0; call < 10; call++) await client.itemRemove(new Secret(ACCESS_TOKEN));
    // Two: the next call may be made before undici has taken the first connection back.
    expect(ports.size).toBeLessThanOrEqual(2);
  });

  test('is not sent on to where a redirect points', async () => {
    answer = (response) => void response.writeHead(307, { location: `${server.url}/elsewhere` }).end();
    const error = await rejection(client.itemGet(new Secret(ACCESS_TOKEN)));
    expect(error).toBeInstanceOf(PlaidBadAnswerError);
    expect(error).toMatchObject({ httpStatus: 307, problem: 'body: empty, expected JSON' });
    expect(server.requests).toHaveLength(1);
  });
});

describe('keys that cannot be sent', () => {
  test.each([
    ['PLAID_CLIENT_ID', '', 'good'],
    ['PLAID_CLIENT_ID', 'with space', 'good'],
    ['PLAID_SECRET', 'good', ''],
    ['PLAID_SECRET', 'good', 'ends-with-a-line-end\n'],
    ['PLAID_SECRET', 'good', 'schlüssel'],
  ])('are refused by the name of the setting: %s', (field, clientId, secret) => {
    const create = () => createPlaidClient({ clientId, secret: new Secret(secret), environment: 'sandbox' });
    expect(create).toThrow(expect.objectContaining({ code: 'INVALID_INPUT', field }));
    expect(create).not.toThrow(/line-end|schlüssel|with space/);
  });
});

describe('/link/token/create', () => {
  const request = {
    client_name: 'Shop',
    language: 'en',
    user: { client_user_id: 'u1' },
    unknown: { kept: [1] },
  };

  test('passes the request on as it is and gives the link token', async () => {
    answers(200, {
      link_token: LINK_TOKEN,
      expiration: '2026-03-07T18:00:00.123456789Z',
      request_id: REQUEST_ID,
      more: 1,
    });
    await expect(client.linkTokenCreate(request)).resolves.toEqual({
      linkToken: LINK_TOKEN,
      expiration: '2026-03-07T18:00:00.123456789Z',
      hostedUrl: undefined,
      requestId: REQUEST_ID,
    });
    expect(sentBody()).toEqual(request);
  });

  test('gives the hosted URL, and sends the access token of an item to be mended', async () => {
    answers(200, {
      link_token: LINK_TOKEN,
      expiration: '2026-03-07T18:00:00Z',
      hosted_link_url: 'https://secure.plaid.com/hl/xyz',
      request_id: REQUEST_ID,
    });
    const hosted = { ...request, hosted_link: {} };
    await expect(client.linkTokenCreate(hosted, new Secret(ACCESS_TOKEN))).resolves.toMatchObject({
      hostedUrl: 'https://secure.plaid.com/hl/xyz',
    });
    expect(sentBody()).toEqual({ ...hosted, access_token: ACCESS_TOKEN });
  });

  test('refuses a hosted URL that is none', async () => {
    answers(200, {
      link_token: LINK_TOKEN,
      expiration: '2026-03-07T18:00:00Z',
      hosted_link_url: 'javascript:alert(1)',
      request_id: REQUEST_ID,
    });
    await expect(client.linkTokenCreate(request)).rejects.toMatchObject({
      code: 'BAD_ANSWER',
      problem: expect.stringMatching(/^hosted_link_url: /) as string,
    });
  });

  test('refuses an expiration that is no time', async () => {
    answers(200, { link_token: LINK_TOKEN, expiration: 'soon', request_id: REQUEST_ID });
    await expect(client.linkTokenCreate(request)).rejects.toMatchObject({
      code: 'BAD_ANSWER',
      problem: 'expiration: expected a date and time in ISO 8601',
      requestId: REQUEST_ID,
    });
  });
});

describe('/link_delivery/create', () => {
  const body = {
    link_delivery_url: 'https://secure.plaid.com/link/xyz',
    link_delivery_session_id: SESSION_ID,
    request_id: REQUEST_ID,
  };

  test('sends the link token alone when nobody is to be told', async () => {
    answers(200, body);
    await expect(client.linkDeliveryCreate({ linkToken: LINK_TOKEN })).resolves.toEqual({
      url: 'https://secure.plaid.com/link/xyz',
      sessionId: SESSION_ID,
      requestId: REQUEST_ID,
    });
    expect(sentBody()).toEqual({ link_token: LINK_TOKEN });
  });

  test('names the recipient where Plaid expects it', async () => {
    answers(200, body);
    const recipient = { method: 'SMS', address: '+14155550123', firstName: 'Ada' } as const;
    await client.linkDeliveryCreate({ linkToken: LINK_TOKEN, recipient });
    expect(sentBody()).toEqual({
      link_token: LINK_TOKEN,
      options: {
        recipient: { communication_methods: [{ method: 'SMS', address: '+14155550123' }], first_name: 'Ada' },
      },
    });
  });

  test.each(['javascript:alert(1)', 'data:text/html,x', '/relative'])(
    'refuses a link that is no web address: %s',
    async (url) => {
      answers(200, { ...body, link_delivery_url: url });
      const error = await rejection(client.linkDeliveryCreate({ linkToken: LINK_TOKEN }));
      expect(error).toMatchObject({
        code: 'BAD_ANSWER',
        problem: expect.stringMatching(/^link_delivery_url: /),
      });
      expect(String(error)).not.toContain(url);
    },
  );
});

describe('/link_delivery/get', () => {
  const open = { status: 'OPENED', created_at: '2026-03-07T12:00:00Z', request_id: REQUEST_ID };
  const reveal = (secrets: Secret[]) => secrets.map((secret) => secret.reveal());

  test('gives access tokens and item ids', async () => {
    answers(200, {
      ...open,
      status: 'COMPLETED',
      completed_at: '2026-03-07T12:05:00Z',
      access_tokens: [ACCESS_TOKEN],
      item_ids: ['item-1'],
    });
    const session = await client.linkDeliveryGet(SESSION_ID);
    expect(session).toMatchObject({
      status: 'COMPLETED',
      createdAt: '2026-03-07T12:00:00Z',
      completedAt: '2026-03-07T12:05:00Z',
      itemIds: ['item-1'],
      publicTokens: [],
      requestId: REQUEST_ID,
    });
    expect(reveal(session.accessTokens)).toEqual([ACCESS_TOKEN]);
    expect(sentBody()).toEqual({ link_delivery_session_id: SESSION_ID });
  });

  test('gives as many access tokens and item ids as there are, also of unequal number', async () => {
    answers(200, { ...open, access_tokens: [ACCESS_TOKEN, `${ACCESS_TOKEN}b`], item_ids: ['item-1'] });
    const session = await client.linkDeliveryGet(SESSION_ID);
    expect(session.accessTokens).toHaveLength(2);
    expect(session.itemIds).toEqual(['item-1']);
  });

  test.each([
    ['missing', {}],
    ['null', { access_tokens: null, item_ids: null, completed_at: null, public_tokens: null }],
    ['empty', { access_tokens: [], item_ids: [] }],
  ])('takes %s tokens for none', async (_case, tokens) => {
    answers(200, { ...open, ...tokens });
    await expect(client.linkDeliveryGet(SESSION_ID)).resolves.toMatchObject({
      accessTokens: [],
      itemIds: [],
      publicTokens: [],
      completedAt: undefined,
    });
  });

  test('gives the public tokens of the older shape', async () => {
    answers(200, { ...open, status: 'COMPLETED', public_tokens: [PUBLIC_TOKEN] });
    const session = await client.linkDeliveryGet(SESSION_ID);
    expect(reveal(session.publicTokens)).toEqual([PUBLIC_TOKEN]);
    expect(session.accessTokens).toEqual([]);
  });

  test('accepts a status that Plaid added later', async () => {
    answers(200, { ...open, status: 'HANDED_OVER' });
    await expect(client.linkDeliveryGet(SESSION_ID)).resolves.toMatchObject({ status: 'HANDED_OVER' });
  });

  test('does not lose tokens for the lack of a request id', async () => {
    answers(200, { ...open, access_tokens: [ACCESS_TOKEN], request_id: undefined });
    const session = await client.linkDeliveryGet(SESSION_ID);
    expect(session).toMatchObject({ requestId: 'unknown' });
    expect(session.accessTokens).toHaveLength(1);
  });

  test.each([
    [{ status: 7 }, 'status: expected string, received number'],
    [{ status: undefined }, 'status: expected string, received undefined'],
    [{ access_tokens: 'x' }, 'access_tokens: expected array, received string'],
    [{ access_tokens: ['token', null] }, 'access_tokens[1]: expected string, received null'],
    [{ item_ids: [{}] }, 'item_ids[0]: expected string, received object'],
    [{ public_tokens: [''] }, 'public_tokens[0]: expected string to have >=1 characters'],
  ])('refuses a wrong shape by its path: %j', async (change, problem) => {
    answers(200, { ...open, ...change });
    await expect(client.linkDeliveryGet(SESSION_ID)).rejects.toMatchObject({
      code: 'BAD_ANSWER',
      endpoint: '/link_delivery/get',
      httpStatus: 200,
      problem,
      requestId: REQUEST_ID,
    });
  });
});

describe('/item/public_token/exchange', () => {
  test('gives the access token, wrapped, and the item id', async () => {
    answers(200, { access_token: ACCESS_TOKEN, item_id: 'item-1', request_id: REQUEST_ID });
    const item = await client.itemPublicTokenExchange(new Secret(PUBLIC_TOKEN));
    expect(item).toMatchObject({ itemId: 'item-1', requestId: REQUEST_ID });
    expect(item.accessToken.reveal()).toBe(ACCESS_TOKEN);
    expect(sentBody()).toEqual({ public_token: PUBLIC_TOKEN });
  });
});

describe('/item/get', () => {
  test('gives the item with its institution', async () => {
    const item = {
      item_id: 'item-1',
      institution_id: 'ins_1',
      institution_name: 'First Bank',
      webhook: null,
    };
    answers(200, { item, status: null, request_id: REQUEST_ID });
    await expect(client.itemGet(new Secret(ACCESS_TOKEN))).resolves.toEqual({
      itemId: 'item-1',
      institutionId: 'ins_1',
      institutionName: 'First Bank',
      hasError: false,
      requestId: REQUEST_ID,
    });
  });

  test.each([[{ error_type: 'ITEM_ERROR', error_code: 'ITEM_LOGIN_REQUIRED' }], [{}], ['broken']])(
    'tells of an error of the item, whatever its shape: %j',
    async (error) => {
      answers(200, { item: { item_id: 'item-1', error }, request_id: REQUEST_ID });
      await expect(client.itemGet(new Secret(ACCESS_TOKEN))).resolves.toMatchObject({ hasError: true });
      answers(200, { item: { item_id: 'item-1', error: null }, request_id: REQUEST_ID });
      await expect(client.itemGet(new Secret(ACCESS_TOKEN))).resolves.toMatchObject({ hasError: false });
    },
  );

  test('gives an item without an institution', async () => {
    answers(200, { item: { item_id: 'item-1', institution_id: null }, request_id: REQUEST_ID });
    await expect(client.itemGet(new Secret(ACCESS_TOKEN))).resolves.toMatchObject({
      institutionId: undefined,
      institutionName: undefined,
    });
  });

  test('names the path into the item when its shape is wrong', async () => {
    answers(200, { item: { institution_id: 'ins_1' }, request_id: REQUEST_ID });
    await expect(client.itemGet(new Secret(ACCESS_TOKEN))).rejects.toMatchObject({
      problem: 'item.item_id: expected string, received undefined',
    });
  });
});

describe('/item/webhook/update', () => {
  test('sends where the item’s webhooks are to go, and gives the request id', async () => {
    const item = { item_id: 'item-1', webhook: 'https://app.example/plaid' };
    answers(200, { item, request_id: REQUEST_ID });
    const update = client.itemWebhookUpdate(new Secret(ACCESS_TOKEN), 'https://app.example/plaid');
    await expect(update).resolves.toEqual({ requestId: REQUEST_ID });
    expect(server.requests[0]!.path).toBe('/item/webhook/update');
    expect(sentBody()).toEqual({ access_token: ACCESS_TOKEN, webhook: 'https://app.example/plaid' });
  });
});

describe('/webhook_verification_key/get', () => {
  const key = {
    alg: 'ES256',
    created_at: 1560466150,
    crv: 'P-256',
    expired_at: null,
    kid: 'bfbd5111-8e33-4643-8ced-b2e642a72f3c',
    kty: 'EC',
    use: 'sig',
    x: 'hKXLGIjWvCBv-cP5euCTxl8g9GLG9zHo_3pO5NN1DwQ',
    y: 'shhexqPB7YffGn6fR6h2UhTSuCtPmfzQJ6ENVIoO4Ys',
  };

  test.each([
    [null, false],
    [1573510000, true],
  ])('gives the point of the key, and whether it has expired: %s', async (expired_at, expired) => {
    answers(200, { key: { ...key, expired_at }, request_id: REQUEST_ID });
    await expect(client.webhookVerificationKeyGet(key.kid)).resolves.toEqual({
      keyId: key.kid,
      x: key.x,
      y: key.y,
      expired,
      requestId: REQUEST_ID,
    });
    expect(sentBody()).toEqual({ key_id: key.kid });
  });

  test.each([
    ['key.alg', { alg: 'HS256' }],
    ['key.kty', { kty: 'oct' }],
    ['key.crv', { crv: 'P-384' }],
    ['key.use', { use: 'enc' }],
    ['key.x', { x: 'AA' }],
    ['key.expired_at', { expired_at: undefined }],
  ])('refuses a key of another kind: %s', async (path, change) => {
    answers(200, { key: { ...key, ...change }, request_id: REQUEST_ID });
    const error = await rejection(client.webhookVerificationKeyGet(key.kid));
    expect(error).toMatchObject({
      code: 'BAD_ANSWER',
      problem: expect.stringContaining(`${path}: expected`),
    });
  });
});

describe("Plaid's own error", () => {
  test('comes with its type, code, status and request id, without its messages', async () => {
    answers(400, {
      error_type: 'INVALID_INPUT',
      error_code: 'INVALID_LINK_TOKEN',
      error_message: `link token ${LINK_TOKEN} is bad`,
      display_message: null,
      request_id: REQUEST_ID,
    });
    const error = await rejection(client.linkDeliveryCreate({ linkToken: LINK_TOKEN }));
    expect(error).toBeInstanceOf(PlaidApiError);
    expect(error).toMatchObject({
      code: 'PLAID_ERROR',
      endpoint: '/link_delivery/create',
      errorType: 'INVALID_INPUT',
      errorCode: 'INVALID_LINK_TOKEN',
      httpStatus: 400,
      requestId: REQUEST_ID,
    });
    expect((error as Error).message).not.toContain(LINK_TOKEN);
  });

  test.each([
    ['with an unknown type', 'NEW_ERROR', 'NEW_CODE', REQUEST_ID, REQUEST_ID],
    ['with a code in lower case', 'API_ERROR', 'plaid-internal-error', REQUEST_ID, REQUEST_ID],
    ['without a request id', 'API_ERROR', 'INTERNAL_SERVER_ERROR', undefined, undefined],
    ['with a broken request id', 'API_ERROR', 'INTERNAL_SERVER_ERROR', [1], undefined],
  ])('is understood %s', async (_case, errorType, errorCode, sentId, requestId) => {
    answers(500, { error_type: errorType, error_code: errorCode, request_id: sentId });
    const error = await rejection(client.itemGet(new Secret(ACCESS_TOKEN)));
    expect(error).toBeInstanceOf(PlaidApiError);
    expect(error).toMatchObject({ errorType, errorCode, httpStatus: 500, requestId });
  });

  test.each([
    [208, 'OAUTH_ERROR', 'OAUTH_STATE_ID_ALREADY_PROCESSED'],
    [200, 'API_ERROR', 'INTERNAL_SERVER_ERROR'],
  ])('is one with a status of success too: %d', async (httpStatus, errorType, errorCode) => {
    answers(httpStatus, { error_type: errorType, error_code: errorCode, request_id: REQUEST_ID });
    const error = await rejection(client.itemRemove(new Secret(ACCESS_TOKEN)));
    expect(error).toBeInstanceOf(PlaidApiError);
    expect(error).toMatchObject({ errorType, errorCode, httpStatus, requestId: REQUEST_ID });
  });
});

test.each([200, 201, 202, 208])(
  'an answer with HTTP %d is a success when it is no error',
  async (httpStatus) => {
    answers(httpStatus, { access_token: ACCESS_TOKEN, item_id: 'item-1', request_id: REQUEST_ID });
    const exchange = client.itemPublicTokenExchange(new Secret('public-sandbox-1'));
    await expect(exchange).resolves.toMatchObject({ itemId: 'item-1' });
  },
);

describe('an answer that is not JSON of Plaid', () => {
  const page = '<!doctype html><title>502 Bad Gateway</title>';
  test.each([
    [502, page, 'body: HTML, expected JSON'],
    [200, page, 'body: HTML, expected JSON'],
    [200, '', 'body: empty, expected JSON'],
    [500, '', 'body: empty, expected JSON'],
    [200, '{"request_id": "Hk3jUq9s', 'body: not JSON, expected JSON'],
    [200, Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), 'body: not UTF-8, expected JSON'],
    [200, 'null', 'body: expected object, received null'],
    [200, '[]', 'body: expected object, received array'],
    [403, '{"message": "forbidden"}', 'error_type: expected string, received undefined'],
    [429, '"slow down"', 'body: expected object, received string'],
    [200, '{}', 'request_id: expected string, received undefined'],
  ])('is a bad answer with its HTTP status %d: %s', async (httpStatus, body, problem) => {
    answersText(httpStatus, body);
    const error = await rejection(client.itemRemove(new Secret(ACCESS_TOKEN)));
    expect(error).toBeInstanceOf(PlaidBadAnswerError);
    expect(error).toMatchObject({ code: 'BAD_ANSWER', httpStatus, problem, requestId: undefined });
  });

  test('is read as JSON whatever content type it names', async () => {
    answersText(200, `\ufeff{"request_id": "${REQUEST_ID}"}`, 'text/html');
    await expect(client.itemRemove(new Secret(ACCESS_TOKEN))).resolves.toEqual({ requestId: REQUEST_ID });
  });

  test.each(['with its length', 'in chunks'])('is a bad answer when it is too large, %s', async (how) => {
    const body = JSON.stringify({ request_id: REQUEST_ID, padding: 'x'.repeat(20_000) });
    answer = (response) => {
      response.writeHead(200, how === 'in chunks' ? {} : { 'content-length': body.length });
      response.write(body.slice(0, 9_000));
      response.end(body.slice(9_000));
    };
    await expect(client.itemRemove(new Secret(ACCESS_TOKEN))).rejects.toMatchObject({
      code: 'BAD_ANSWER',
      httpStatus: 200,
      problem: 'body: too large',
    });
  });

  test('is awaited through informational answers before it', async () => {
    answer = (response) => {
      response.writeEarlyHints({ link: '</x>; rel=preload' });
      answerJson(response, 200, { request_id: REQUEST_ID });
    };
    await expect(client.itemRemove(new Secret(ACCESS_TOKEN))).resolves.toEqual({ requestId: REQUEST_ID });
  });
});
