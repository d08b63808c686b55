import fc from 'fast-check';
import type { Answer } from '../../../testing/plaid-calls';
import { CLIENT_ID, LINK_TOKEN_REQUEST, SECRET, startBench, type Bench } from '../../../testing/plaid-calls';

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.close());

const HEADERS = { 'content-type': 'application/json', 'plaid-client-id': CLIENT_ID, 'plaid-secret': SECRET };
const PATHS = [
  '/link-tokens',
  '/sessions',
  '/items',
  '/switches',
  '/clock',
  '/faults',
  '/webhook-faults',
  '/webhooks',
  '/webhook-keys',
];

const value = fc.oneof(
  fc.constantFrom<unknown>(
    'open',
    'complete',
    'connect',
    'exit',
    'expire',
    'rotate',
    'require_login',
    'reset_before_work',
  ),
  fc.constantFrom<unknown>(1e308, -1, 0, 1.5, 2 ** 53, 'http://127.0.0.1:1/x', 'http://[', '__proto__', ''),
  fc.constantFrom<unknown>(
    { kind: 'html', status: 200 },
    { kind: 'lose' },
    { webhook_type: 'A', webhook_code: 'B' },
  ),
  fc.jsonValue({ maxDepth: 2 }),
);
const body = fc.dictionary(
  fc.constantFrom(
    ...[
      'move',
      'session',
      'institutionId',
      'accounts',
      'items',
      'status',
      'error',
      'itemId',
      'lifetimeMs',
      'webhook',
    ],
    ...[
      'advanceMs',
      'url',
      'keyId',
      'endpoint',
      'fault',
      'times',
      'where',
      'tokensOnce',
      'tokenShape',
      '__proto__',
    ],
  ),
  value,
  { maxKeys: 4 },
);

test.each([
  ['/clock', { advanceMs: 2 ** 53 }],
  ['/clock', { advanceMs: 1e308 }],
  ['/link-tokens', { lifetimeMs: 1e308 }],
])('a time that no date can be is refused by %s, and breaks nothing: %j', async (path, given) => {
  expect((await bench.send('POST', `/control${path}`, HEADERS, JSON.stringify(given))).status).toBe(400);
  expect((await bench.post('/link/token/create', LINK_TOKEN_REQUEST)).status).toBe(200);
});

/** A fault that was planned by chance is not to answer the tests of others. */
const removeFaults = (): Promise<Answer> => bench.send('DELETE', '/control/faults', HEADERS);

test('the control API takes any request, or refuses it by what is wrong, and never breaks', async () => {
  const seen = new Set<number>();
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...PATHS),
      fc.oneof(body, fc.jsonValue({ maxDepth: 2 })),
      async (path, given) => {
        const { status } = await bench.send('POST', `/control${path}`, HEADERS, JSON.stringify(given));
        seen.add(status);
        expect([200, 400, 409]).toContain(status);
        await removeFaults();
      },
    ),
    { numRuns: 300 },
  );
  expect(seen).toContain(200);
  expect(seen).toContain(400);
  expect((await bench.send('GET', '/control/ledger', HEADERS)).status).toBe(200);
});

test('and so do the endpoints of Plaid, in Plaid’s shape', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(
        '/link/token/create',
        '/link/token/get',
        '/link_delivery/create',
        '/link_delivery/get',
        '/item/get',
      ),
      fc.oneof(
        fc.dictionary(
          fc.constantFrom('link_token', 'access_token', 'user', 'products', 'hosted_link', 'client_name'),
          value,
        ),
        fc.jsonValue({ maxDepth: 2 }),
      ),
      async (path, given) => {
        const { status, json } = await bench.post(path, given);
        expect([200, 400, 404]).toContain(status);
        if (status !== 200)
          expect(json).toMatchObject({ error_type: expect.any(String), error_code: expect.any(String) });
      },
    ),
    { numRuns: 300 },
  );
});
