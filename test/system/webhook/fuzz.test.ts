import { request } from 'node:http';
import fc from 'fast-check';
import { type Bench, SESSION_ID, startBench } from '../../../testing/webhook-bench';

/** All statuses that the receiver documents. */
const DOCUMENTED = [200, 401, 404, 413, 415, 503];
/** Node's own: what is no HTTP, an expectation that nobody knows, and headers that are too large. */
const NOT_HTTP = [400, 417, 431];

let bench: Bench;
beforeAll(async () => {
  bench = await startBench({ itemWebhookUrl: undefined });
});
afterAll(() => bench.close());

/** Nothing that came may have been an error of ours. */
afterEach(() => expect(bench.log()).not.toMatch(/"level":"(error|fatal)"/));

interface Sent {
  method: string;
  path: string;
  headers: Record<string, string | string[]>;
  body: Buffer;
}

/** Sends what `fetch` would refuse to send. Gives the status; undefined when the receiver hung up. */
function send({ method, path, headers, body }: Sent): Promise<number | undefined> {
  return new Promise((resolve) => {
    const sent = request(new URL(bench.receiver.url), { method, path, headers, agent: false }, (answer) => {
      answer.resume().once('end', () => resolve(answer.statusCode));
    });
    sent.once('error', () => resolve(undefined));
    sent.end(body);
  });
}

const pathname = '/webhooks/plaid';

/** What Node's client lets through as the value of a header. */
const headerValue = fc
  .string({
    unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
    maxLength: 40,
  })
  .map((value) => value.replace(/\x7f/g, ''));
const headerName = fc.oneof(
  fc.constantFrom(
    'plaid-verification',
    'content-encoding',
    'expect',
    'accept',
    'x-forwarded-for',
    '__proto__',
  ),
  fc
    .stringMatching(/^[a-z-]{1,20}$/)
    .filter((name) => !/^(connection|upgrade|transfer-encoding|content-length|trailer)$/.test(name)),
);
const anyHeaders = fc.dictionary(headerName, fc.oneof(headerValue, fc.array(headerValue, { maxLength: 3 })), {
  maxKeys: 6,
});
const anyBytes = fc.uint8Array({ maxLength: 500 }).map((bytes) => Buffer.from(bytes));
const contentType = fc.oneof(
  { weight: 4, arbitrary: fc.constant('application/json') },
  fc.constantFrom('application/json; charset=x', 'text/plain', 'application/json/x', ';', 'APPLICATION/JSON'),
  headerValue,
);

describe('the receiver', () => {
  test('answers any request with a status that it documents', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          method: fc.constantFrom('POST', 'POST', 'POST', 'GET', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'),
          path: fc.oneof(
            { weight: 3, arbitrary: fc.constant(pathname) },
            fc.webPath().map((path) => path || '/'),
            fc.constantFrom(
              `${pathname}?x=%`,
              `${pathname}/`,
              '/%',
              '/%00',
              '//',
              '/../webhooks/plaid',
              '/__proto__',
            ),
          ),
          headers: anyHeaders,
          body: anyBytes,
          contentType,
        }),
        async ({ contentType: type, headers, ...sent }) => {
          const status = await send({ ...sent, headers: { ...headers, 'content-type': type } });
          if (status !== undefined) expect([...DOCUMENTED, ...NOT_HTTP]).toContain(status);
        },
      ),
      { numRuns: 400 },
    );
  });

  /** A token that is made of good parts and bad ones. */
  const part = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }).map((value) => Buffer.from(JSON.stringify(value)).toString('base64url')),
    fc
      .record({ alg: fc.constantFrom('ES256', 'none', 7), kid: fc.constantFrom('k', '__proto__', 7, null) })
      .map((header) => Buffer.from(JSON.stringify(header)).toString('base64url')),
    fc.base64String({ maxLength: 40 }),
    fc.constantFrom('', '.', 'e30', '%'),
  );
  const token = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('.'));

  test('answers 401 or 503 to any token that Plaid has not signed', async () => {
    await fc.assert(
      fc.asyncProperty(token, anyBytes, async (forged, body) => {
        const headers = { 'content-type': 'application/json', 'plaid-verification': forged };
        expect([401, 503]).toContain(await send({ method: 'POST', path: pathname, headers, body }));
      }),
      { numRuns: 300 },
    );
  });

  /** JSON near to what Plaid sends. */
  const value = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.constantFrom('LINK', 'LINK_DELIVERY', 'EVENTS', 'LINK_CALLBACK', 'DELIVERY_STATUS'),
    },
    fc.constantFrom('SESSION_FINISHED', 'ITEM_ADD_RESULT', 'sandbox', 'production', 'FAILURE', 'SMS'),
    fc.constantFrom<unknown>(SESSION_ID, `link-sandbox-${SESSION_ID}`, [{ event_name: 'EXIT' }], [null], {}),
    fc.constant({ callback_type: 'ON_EXIT', communication_method: 7, delivery_status: 'FAILURE' }),
    fc.jsonValue({ maxDepth: 2 }),
  );
  const webhook = fc.oneof(
    {
      weight: 5,
      arbitrary: fc
        .dictionary(
          fc.constantFrom(
            ...[
              'webhook_type',
              'webhook_code',
              'environment',
              'link_token',
              'events',
              'link_delivery_session_id',
            ],
            ...['link_callback_metadata', 'link_delivery_metadata', '__proto__', 'constructor'],
          ),
          value,
        )
        .map((body) => Buffer.from(JSON.stringify(body))),
    },
    fc.json().map((body) => Buffer.from(body)),
    anyBytes,
  );

  test('answers 200 to whatever Plaid has signed, counts it once, and signals no session but the one in it', async () => {
    const before = bench.receiver.counts();
    const runs = 500;
    let sent = 0;
    await fc.assert(
      fc.asyncProperty(webhook, async (body) => {
        sent += 1;
        const token = bench.sandbox.webhooks.sign(body as unknown as string);
        const headers = { 'content-type': 'application/json', 'plaid-verification': token };
        expect(await send({ method: 'POST', path: pathname, headers, body })).toBe(200);
      }),
      { numRuns: runs, endOnFailure: true },
    );
    const total = (counts: object) =>
      Object.values(counts as Record<string, number>).reduce((sum, n) => sum + n, 0);
    const after = bench.receiver.counts();
    expect(total(after) - total(before)).toBe(sent);
    expect(after.unavailable).toBe(before.unavailable);
    for (const [key, method] of bench.deliveryFailures)
      expect([key, ['SMS', 'EMAIL', 'UNKNOWN'].includes(method)]).toEqual(['shop-1', true]);
    expect(new Set(bench.hints).size).toBeLessThanOrEqual(1);
  });
});
