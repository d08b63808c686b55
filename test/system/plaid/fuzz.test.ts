import fc from 'fast-check';
import { inspect } from 'node:util';
import { classify, errorRetryDelayMs } from '../../../src/plaid/error-classes';
import { PlaidApiError, PlaidBadAnswerError, type PlaidError } from '../../../src/plaid/errors';
import type { PlaidClient } from '../../../src/plaid/plaid';
import { Secret } from '../../../src/secrets/secret';
import { clientOf, httpServer } from '../../../testing/loopback';

/** In every generated text: nothing of an answer's values may show in an error. */
const MARK = 'v@lue';

const text = fc.string().map((tail) => `${MARK}${tail}`);
const { json: value } = fc.letrec<{ json: unknown; list: unknown[]; object: object }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 3 },
    text,
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    tie('list'),
    tie('object'),
  ),
  list: fc.array(tie('json'), { maxLength: 3 }),
  object: fc.dictionary(
    fc.oneof(text, fc.constantFrom('__proto__', 'constructor', 'then', 'toJSON')),
    tie('json'),
    {
      maxKeys: 3,
    },
  ),
}));

/** A good value for a field, mostly; else any, or none. */
const field = (good: fc.Arbitrary<unknown>) =>
  fc.oneof(
    { weight: 8, arbitrary: good },
    { weight: 1, arbitrary: value },
    { weight: 1, arbitrary: fc.constant(undefined) },
  );
const requestId = field(fc.constant('Hk3jUq9sLm2PxYz'));
const dateTime = field(fc.constant('2026-03-07T12:00:00.123456789Z'));
const texts = field(fc.array(text, { maxLength: 3 }));

const errorAnswer = fc.record({
  error_type: field(
    fc.constantFrom('API_ERROR', 'INVALID_INPUT', 'RATE_LIMIT_EXCEEDED', 'NEW_ERROR', 'constructor'),
  ),
  error_code: field(
    fc.constantFrom('INVALID_API_KEYS', 'NEW_CODE', 'plaid-internal-error', 'name', 'to-string'),
  ),
  error_message: field(text),
  request_id: requestId,
});

/** A visit as `/link/token/get` shows it, in any mixture of its shapes. */
const institution = field(fc.record({ institution_id: field(text), name: field(text) }));
const accounts = field(
  fc.array(fc.record({ id: text, name: field(text), mask: field(text) }), { maxLength: 2 }),
);
const exit = field(fc.option(fc.record({ error: field(fc.option(errorAnswer)), metadata: value })));
const linkSession = fc.record({
  link_session_id: field(text),
  started_at: dateTime,
  finished_at: field(fc.option(fc.constant('2026-03-07T12:00:00.123456789Z'))),
  results: field(
    fc.option(
      fc.record({
        item_add_results: field(
          fc.array(fc.record({ public_token: field(text), accounts, institution }), { maxLength: 2 }),
        ),
        cra_item_add_results: value,
        document_income_results: value,
      }),
    ),
  ),
  on_success: field(
    fc.option(
      fc.record({ public_token: field(text), metadata: field(fc.record({ accounts, institution })) }),
    ),
  ),
  exit,
  on_exit: exit,
  events: field(
    fc.array(fc.record({ event_name: field(fc.constantFrom('HANDOFF', 'EXIT')), event_metadata: value })),
  ),
});

type Call = (client: PlaidClient) => Promise<unknown>;
const token = new Secret('token');

const ENDPOINTS: [string, Call, fc.Arbitrary<unknown>][] = [
  [
    '/link/token/create',
    (client) => client.linkTokenCreate({}),
    fc.record({
      link_token: field(text),
      expiration: dateTime,
      hosted_link_url: field(fc.constant('https://secure.plaid.com/hl/x')),
      request_id: requestId,
    }),
  ],
  [
    '/link/token/get',
    (client) => client.linkTokenGet('x'),
    fc.record({
      link_token: field(text),
      created_at: dateTime,
      expiration: dateTime,
      link_sessions: field(fc.array(linkSession, { maxLength: 2 })),
      metadata: value,
      request_id: requestId,
    }),
  ],
  [
    '/link_delivery/create',
    (client) => client.linkDeliveryCreate({ linkToken: 'x' }),
    fc.record({
      link_delivery_url: field(fc.constant('https://secure.plaid.com/x')),
      link_delivery_session_id: field(text),
      request_id: requestId,
    }),
  ],
  [
    '/link_delivery/get',
    (client) => client.linkDeliveryGet('x'),
    fc.record({
      status: field(text),
      created_at: dateTime,
      completed_at: dateTime,
      access_tokens: texts,
      item_ids: texts,
      public_tokens: texts,
      request_id: requestId,
    }),
  ],
  [
    '/item/public_token/exchange',
    (client) => client.itemPublicTokenExchange(token),
    fc.record({ access_token: field(text), item_id: field(text), request_id: requestId }),
  ],
  [
    '/item/get',
    (client) => client.itemGet(token),
    fc.record({
      item: field(
        fc.record({ item_id: field(text), institution_id: field(text), institution_name: field(text) }),
      ),
      request_id: requestId,
    }),
  ],
  ['/item/remove', (client) => client.itemRemove(token), fc.record({ request_id: requestId })],
  [
    '/item/webhook/update',
    (client) => client.itemWebhookUpdate(token, 'https://app.example/plaid'),
    fc.record({ item: value, request_id: requestId }),
  ],
  [
    '/webhook_verification_key/get',
    (client) => client.webhookVerificationKeyGet('x'),
    fc.record({
      key: field(
        fc.record({
          alg: field(fc.constant('ES256')),
          crv: field(fc.constant('P-256')),
          kty: field(fc.constant('EC')),
          use: field(fc.constant('sig')),
          kid: field(text),
          x: field(fc.constant('A'.repeat(43))),
          y: field(fc.constant('A'.repeat(43))),
          expired_at: field(fc.option(fc.integer())),
        }),
      ),
      request_id: requestId,
    }),
  ],
];

const httpStatus = fc.constantFrom(200, 200, 200, 201, 208, 302, 400, 401, 404, 429, 500, 503);

let next: { httpStatus: number; body: string | Buffer };
let server: Awaited<ReturnType<typeof httpServer>>;
let client: PlaidClient;

beforeAll(async () => {
  server = await httpServer((response) => void response.writeHead(next.httpStatus).end(next.body));
  client = clientOf(server.url);
});

afterAll(async () => {
  await client.close();
  await server.close();
});

/** How a call ended; fails when it ended in any way but the three that a call may end with once there is an answer. */
async function outcomeOf(call: Call, answer: typeof next): Promise<'read' | PlaidError> {
  next = answer;
  try {
    await call(client);
    return 'read';
  } catch (error) {
    if (!(error instanceof PlaidApiError || error instanceof PlaidBadAnswerError)) throw error;
    expect(error.httpStatus).toBe(answer.httpStatus);
    expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain(MARK);
    expect(['transient', 'permanent', 'operator', 'person']).toContain(classify(error));
    expect(errorRetryDelayMs(error, 3, 0.5)).toBeGreaterThan(0);
    return error;
  }
}

describe.each(ENDPOINTS)('%s', (_endpoint, call, answer) => {
  test('reads any answer near to its own shape, or says that it cannot, without a value of it', async () => {
    const outcomes = new Set<string>();
    await fc.assert(
      fc.asyncProperty(httpStatus, answer, async (status, body) => {
        const outcome = await outcomeOf(call, { httpStatus: status, body: JSON.stringify(body) });
        if (outcome === 'read') expect(status).toBeLessThan(300);
        outcomes.add(outcome === 'read' ? outcome : outcome.code);
      }),
      { numRuns: 150 },
    );
    expect([...outcomes].sort()).toEqual(['BAD_ANSWER', 'read']);
  });

  test('understands any error near to the shape of Plaid, or says that it cannot, without a value of it', async () => {
    const outcomes = new Set<string>();
    await fc.assert(
      fc.asyncProperty(httpStatus, errorAnswer, async (status, body) => {
        const outcome = await outcomeOf(call, { httpStatus: status, body: JSON.stringify(body) });
        outcomes.add(outcome === 'read' ? outcome : outcome.code);
      }),
      { numRuns: 100 },
    );
    expect(outcomes).toContain('PLAID_ERROR');
    expect(outcomes).toContain('BAD_ANSWER');
  });

  test('never breaks on any JSON, or on any bytes', async () => {
    await fc.assert(
      fc.asyncProperty(
        httpStatus,
        fc.oneof(
          value.map((json) => JSON.stringify(json)),
          fc.json(),
          fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
        ),
        async (status, body) => void (await outcomeOf(call, { httpStatus: status, body })),
      ),
      { numRuns: 100 },
    );
  });
});
