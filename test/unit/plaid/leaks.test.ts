import type { ServerResponse } from 'node:http';
import { inspect } from 'node:util';
import { createPlaidClient } from '../../../src/plaid/client';
import { PlaidError } from '../../../src/plaid/errors';
import type { PlaidClient } from '../../../src/plaid/plaid';
import { Secret } from '../../../src/secrets/secret';
import {
  answerJson,
  CLIENT_ID,
  clientOf,
  httpServer,
  type Loopback,
  PLAID_SECRET,
  rejection,
  type SeenRequest,
  tcpServer,
} from '../../../testing/loopback';

const ACCESS_TOKEN = 'access-sandbox-11111111-aaaa-4000-8000-00000000000a';
const PUBLIC_TOKEN = 'public-sandbox-22222222-bbbb-4000-8000-00000000000b';
const SESSION_ID = '33333333-cccc-4000-8000-00000000000c';
const LINK_TOKEN = `link-sandbox-${SESSION_ID}`;
const PHONE = '+14155550199';
const FIRST_NAME = 'Grizelda';
const WEBHOOK = 'https://app.example/plaid?key=4f1b7c02';
const CLIENT_USER_ID = 'person-4711-of-the-shop';

/** Every value that goes to Plaid, and every word that only its requests and headers have. */
const SECRETS = [
  CLIENT_ID,
  PLAID_SECRET,
  ACCESS_TOKEN,
  PUBLIC_TOKEN,
  SESSION_ID,
  PHONE,
  FIRST_NAME,
  CLIENT_USER_ID,
  WEBHOOK,
  'application/json',
  'plaid-secret',
].flatMap((secret) => [
  secret,
  Buffer.from(secret).toString('base64').replace(/=+$/, ''),
  Buffer.from(secret).toString('hex'),
]);

const CALLS: Record<string, (client: PlaidClient) => Promise<unknown>> = {
  linkTokenCreate: (client) =>
    client.linkTokenCreate({
      client_name: 'Shop',
      user: { client_user_id: CLIENT_USER_ID, phone_number: PHONE },
    }),
  linkTokenCreateForUpdate: (client) => client.linkTokenCreate({}, new Secret(ACCESS_TOKEN)),
  linkTokenGet: (client) => client.linkTokenGet(LINK_TOKEN),
  linkDeliveryCreate: (client) =>
    client.linkDeliveryCreate({
      linkToken: LINK_TOKEN,
      recipient: { method: 'SMS', address: PHONE, firstName: FIRST_NAME },
    }),
  linkDeliveryGet: (client) => client.linkDeliveryGet(SESSION_ID),
  itemPublicTokenExchange: (client) => client.itemPublicTokenExchange(new Secret(PUBLIC_TOKEN)),
  itemGet: (client) => client.itemGet(new Secret(ACCESS_TOKEN)),
  itemRemove: (client) => client.itemRemove(new Secret(ACCESS_TOKEN)),
  itemWebhookUpdate: (client) => client.itemWebhookUpdate(new Secret(ACCESS_TOKEN), WEBHOOK),
  webhookVerificationKeyGet: (client) => client.webhookVerificationKeyGet(CLIENT_USER_ID),
};

/** All that a request held, as one string. */
function everything({ headers, body }: SeenRequest): string {
  return `${JSON.stringify(headers)} ${body}`;
}

type Answer = (response: ServerResponse, request: SeenRequest) => void;

/** Servers that hand back what they were sent, in every part of an answer that reaches the client's errors. */
const ECHOES: Record<string, Answer> = {
  'as the messages of a Plaid error': (response, request) =>
    answerJson(response, 400, {
      error_type: 'INVALID_REQUEST',
      error_code: 'INVALID_FIELD',
      error_message: everything(request),
      display_message: everything(request),
      causes: [everything(request)],
      request_id: 'Hk3jUq9s',
    }),
  'as the type of a Plaid error': (response, request) =>
    answerJson(response, 400, {
      error_type: PLAID_SECRET,
      error_code: everything(request),
      request_id: ACCESS_TOKEN,
    }),
  'as the code of a Plaid error': (response) =>
    answerJson(response, 400, {
      error_type: 'API_ERROR',
      error_code: ACCESS_TOKEN,
      request_id: PUBLIC_TOKEN,
    }),
  'as the request id': (response, request) => answerJson(response, 200, { request_id: everything(request) }),
  'as values of a wrong shape': (response, request) =>
    answerJson(response, 200, {
      status: [everything(request)],
      created_at: everything(request),
      link_token: { [ACCESS_TOKEN]: PLAID_SECRET },
      link_sessions: [{ [ACCESS_TOKEN]: everything(request), results: PUBLIC_TOKEN }],
      link_delivery_url: `javascript:${PLAID_SECRET}`,
      access_token: [ACCESS_TOKEN],
      item: everything(request),
      request_id: 7,
    }),
  'as a page': (response, request) => void response.writeHead(502).end(`<html>${everything(request)}</html>`),
  'as broken JSON': (response, request) =>
    void response.writeHead(200).end(`{"request_id": ${everything(request)}`),
  'as a status text and headers': (response, request) => {
    response
      .writeHead(500, PLAID_SECRET, { 'x-echo': Buffer.from(everything(request)).toString('base64') })
      .end();
  },
  'as half a body': (response, request) => {
    response.writeHead(200, { 'content-length': 100_000 }).write(everything(request));
    response.destroy();
  },
  'as too large a body': (response, request) =>
    void response.writeHead(200).end(everything(request).repeat(1_000)),
  'before it drops the connection': (response, request) => {
    response.socket!.end(`${everything(request)}\r\n\r\n`);
  },
  'and stops': (response, request) => void response.writeHead(200).write(everything(request)),
};

/** Everything that can be reached from `root`: keys, values, symbols, getters, prototypes of our own. */
function reachable(root: unknown): string[] {
  const texts: string[] = [];
  const seen = new Set<unknown>();
  const queue = [root];
  while (queue.length > 0) {
    const value = queue.pop();
    if (typeof value === 'function' || (typeof value === 'object' && value !== null)) {
      if (seen.has(value) || value === Object.prototype || value === Function.prototype) continue;
      seen.add(value);
      if (Buffer.isBuffer(value)) texts.push(value.toString('latin1'));
      queue.push(Object.getPrototypeOf(value));
      for (const key of Reflect.ownKeys(value)) {
        texts.push(String(key));
        const { get, value: held } = Object.getOwnPropertyDescriptor(value, key)!;
        queue.push(get ? resultOf(get, root) : held);
      }
    } else {
      texts.push(String(value));
    }
  }
  return texts;
}

/** What a getter gives for the error; those of functions ("caller") refuse it. */
function resultOf(get: () => unknown, root: unknown): unknown {
  try {
    return get.call(root);
  } catch (refusal) {
    return refusal;
  }
}

function everyText(error: Error): string {
  return [
    ...reachable(error),
    inspect(error, { depth: Infinity, showHidden: true, getters: true, maxStringLength: Infinity }),
    JSON.stringify(error),
    JSON.stringify(error, Object.getOwnPropertyNames(error)),
    String(error),
    error.stack,
  ].join('\n');
}

function leaksOf(text: string): string[] {
  return SECRETS.filter((secret) => text.toLowerCase().includes(secret.toLowerCase()));
}

async function expectNoLeak(name: string, client: PlaidClient): Promise<void> {
  const error = await rejection(CALLS[name]!(client));
  expect(error).toBeInstanceOf(PlaidError);
  expect(leaksOf(everyText(error as Error))).toEqual([]);
}

const LIMITS = { connectMs: 100, headersMs: 100, bodyMs: 100, totalMs: 150, answerBytes: 50_000 };

describe.each(Object.keys(ECHOES))('a server that hands the request back %s', (how) => {
  let server: Loopback;
  let client: PlaidClient;

  beforeAll(async () => {
    server = await httpServer(ECHOES[how]!);
    client = clientOf(server.url, LIMITS);
  });

  afterAll(async () => {
    await client.close();
    await server.close();
  });

  test.each(Object.keys(CALLS))('leaves nothing of it in the error of %s', (name) =>
    expectNoLeak(name, client),
  );
});

describe('a connection that fails', () => {
  test.each([
    [
      'is refused',
      async () => tcpServer(() => undefined).then(async (server) => (await server.close(), server)),
    ],
    ['never begins TLS', () => tcpServer(() => undefined, 'https')],
    ['is reset', () => tcpServer((socket) => socket.once('data', () => socket.resetAndDestroy()))],
    ['never answers', () => tcpServer(() => undefined)],
  ])('and %s leaves nothing of the request in the error', async (_how, start) => {
    const server = await start();
    const client = clientOf(server.url, LIMITS);
    await Promise.all(Object.keys(CALLS).map((name) => expectNoLeak(name, client)));
    await client.close();
    await server.close().catch(() => undefined);
  });
});

test('the client itself shows no secret', async () => {
  const client = clientOf('http://127.0.0.1:9');
  expect(leaksOf(inspect(client, { depth: Infinity, showHidden: true }))).toEqual([]);
  expect(leaksOf(JSON.stringify(client))).toEqual([]);
  await client.close();
});

test('a base URL with a password is refused without showing it', () => {
  const create = () =>
    createPlaidClient({
      clientId: CLIENT_ID,
      secret: new Secret(PLAID_SECRET),
      environment: 'sandbox',
      baseUrl: `https://user:${PLAID_SECRET}@example.com`,
    });
  expect(create).toThrow(/^PLAID_BASE_URL: /);
  let thrown: unknown;
  try {
    create();
  } catch (error) {
    thrown = error;
  }
  expect(leaksOf(everyText(thrown as Error))).toEqual([]);
});

describe('the scan of these tests', () => {
  class Hiding extends Error {
    constructor(readonly held: unknown) {
      super('quiet');
    }
  }
  const nonEnumerable = Object.defineProperty(new Error('quiet'), 'hidden', {
    value: Buffer.from(PLAID_SECRET),
  });

  test.each([
    ['a message', new Error(`Bearer ${PLAID_SECRET}`)],
    ['a cause', new Error('quiet', { cause: new Error('quiet', { cause: { token: ACCESS_TOKEN } }) })],
    ['a property that is not enumerable', nonEnumerable],
    ['a symbol', Object.assign(new Hiding(1), { [Symbol('x')]: { deep: [PUBLIC_TOKEN] } })],
    ['base64', new Hiding(Buffer.from(PLAID_SECRET).toString('base64'))],
    ['a key', new Hiding({ [ACCESS_TOKEN]: 1 })],
    ['the errors of an aggregate', new AggregateError([new Error(SESSION_ID)], 'quiet')],
  ])('finds a secret in %s', (_where, error) => {
    expect(leaksOf(everyText(error))).not.toEqual([]);
  });

  test('finds none where there is none', () => {
    expect(leaksOf(everyText(new Hiding('quiet')))).toEqual([]);
  });
});
