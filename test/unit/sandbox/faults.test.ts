import { setTimeout as wait } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { Fault, LedgerJson } from '../../../src/sandbox';
import type { Answer, Bench } from '../../../testing/plaid-calls';
import { CLIENT_ID, SECRET, startBench } from '../../../testing/plaid-calls';

let bench: Bench;
let publicToken: string;

beforeEach(async () => {
  bench = await startBench({ tokenShape: 'public_tokens' });
  const sessionId = await bench.deliver();
  bench.sandbox.session(sessionId).complete();
  [publicToken] = bench.sandbox.ledger().toJSON().secrets.publicTokens as [string];
});
afterEach(() => bench.close());

const EXCHANGE = '/item/public_token/exchange';
const exchange = (): Promise<Answer> => bench.post(EXCHANGE, { public_token: publicToken });
const itemsMade = (): LedgerJson['items'] => bench.sandbox.ledger().toJSON().items;

/** Waits until `condition` holds. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await wait(5);
}

describe('a fault that refuses before the work', () => {
  test.each<[string, Fault, (answer: Answer) => void]>([
    [
      "is Plaid's error with the status, type and code asked for",
      { kind: 'plaid_error', status: 429, errorType: 'RATE_LIMIT_EXCEEDED', errorCode: 'RATE_LIMIT' },
      ({ status, json }) => {
        expect(status).toBe(429);
        expect(json).toMatchObject({ error_type: 'RATE_LIMIT_EXCEEDED', error_code: 'RATE_LIMIT' });
        expect(json.request_id).toEqual(expect.any(String));
        expect(json.error_message).toContain(publicToken);
      },
    ],
    [
      'is a page instead of JSON',
      { kind: 'html', status: 502 },
      ({ status, headers, text }) => {
        expect(status).toBe(502);
        expect(headers['content-type']).toMatch(/^text\/html/);
        expect(text).toMatch(/^<!doctype html>/);
      },
    ],
  ])('%s', async (_what, fault, check) => {
    bench.sandbox.fault(EXCHANGE, fault);
    check(await exchange());
    expect(itemsMade()).toEqual([]);
    expect((await exchange()).status).toBe(200);
  });

  test.each<Fault>([
    {
      kind: 'plaid_error',
      status: 500,
      errorType: 'API_ERROR',
      errorCode: 'INTERNAL_SERVER_ERROR',
      afterWork: true,
    },
    { kind: 'html', status: 504, afterWork: true },
  ])('can come after it as well: $kind', async (fault) => {
    bench.sandbox.fault(EXCHANGE, fault);
    expect((await exchange()).status).toBe(fault.kind === 'html' ? 504 : 500);
    expect(itemsMade()).toHaveLength(1);
    expect((await exchange()).json.error_code).toBe('INVALID_PUBLIC_TOKEN');
  });
});

test('a truncated answer is whole HTTP with half the JSON, after the work', async () => {
  bench.sandbox.fault(EXCHANGE, { kind: 'truncated_json' });
  const { status, headers, text, json } = await exchange();
  expect(status).toBe(200);
  expect(headers['content-type']).toMatch(/^application\/json/);
  expect(text).toMatch(/^\{"access_token":/);
  expect(json).toBeUndefined();
  expect(itemsMade()).toHaveLength(1);
});

test('an oversized answer is whole and as large as asked for, after the work', async () => {
  bench.sandbox.fault(EXCHANGE, { kind: 'oversized_answer', bytes: 3_000_000 });
  const { status, text, json } = await exchange();
  expect(status).toBe(200);
  expect(text.length).toBeGreaterThan(3_000_000);
  expect(json.item_id).toBe(itemsMade()[0]!.itemId);
});

test.each([
  ['before the work leaves nothing behind', 'reset_before_work', 0],
  ['after the work leaves the item behind', 'reset_after_work', 1],
] as const)('a reset %s', async (_what, kind, items) => {
  bench.sandbox.fault(EXCHANGE, { kind });
  await expect(exchange()).rejects.toThrow(/ECONNRESET|other side closed/);
  expect(itemsMade()).toHaveLength(items);
});

test('a reset in the answer comes after its head and a part of its body, after the work', async () => {
  bench.sandbox.fault(EXCHANGE, { kind: 'reset_in_answer' });
  const dispatcher = new Agent();
  const { statusCode, headers, body } = await request(bench.sandbox.url + EXCHANGE, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'plaid-client-id': CLIENT_ID, 'plaid-secret': SECRET },
    body: JSON.stringify({ public_token: publicToken }),
    dispatcher,
  });
  expect(statusCode).toBe(200);
  let received = '';
  const read = async () => {
    for await (const piece of body) received += String(piece);
  };
  await expect(read()).rejects.toThrow(/ECONNRESET|other side closed|length does not match/);
  expect(received).toMatch(/^\{"access_token":/);
  expect(received.length).toBeLessThan(Number(headers['content-length']));
  expect(itemsMade()).toHaveLength(1);
  await dispatcher.destroy();
});

test('a delay before the work does the work when it ends', async () => {
  bench.sandbox.fault(EXCHANGE, { kind: 'delay_before_work', holdMs: 50 });
  const started = Date.now();
  expect((await exchange()).status).toBe(200);
  expect(Date.now() - started).toBeGreaterThanOrEqual(49);
});

test('a delay before the work does nothing for a client that has gone', async () => {
  const dispatcher = new Agent();
  const gone = new AbortController();
  const leave = (): true => {
    gone.abort();
    return true;
  };
  bench.sandbox.fault(EXCHANGE, { kind: 'delay_before_work', holdMs: 50 }, { matching: leave });
  const call = request(bench.sandbox.url + EXCHANGE, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'plaid-client-id': CLIENT_ID, 'plaid-secret': SECRET },
    body: JSON.stringify({ public_token: publicToken }),
    signal: gone.signal,
    dispatcher,
  });
  await expect(call).rejects.toThrow('aborted');
  await dispatcher.destroy();
  // Held as long and later, so that the first one's time is over when this one's is.
  bench.sandbox.fault(EXCHANGE, { kind: 'delay_before_work', holdMs: 50 });
  expect((await exchange()).status).toBe(200);
  expect(itemsMade()).toHaveLength(1);
});

test('a delay after the work keeps the answer back, not the work', async () => {
  bench.sandbox.fault(EXCHANGE, { kind: 'delay_after_work', holdMs: 100 });
  let answered = false;
  const started = Date.now();
  const answer = exchange().finally(() => (answered = true));
  await until(() => itemsMade().length === 1);
  expect(answered).toBe(false);
  expect((await answer).status).toBe(200);
  expect(Date.now() - started).toBeGreaterThanOrEqual(99);
});

test.each([
  ['slow headers', { kind: 'slow_headers', pieceMs: 20 }, 5],
  ['a slow body', { kind: 'slow_body', pieceMs: 20 }, 15],
] as const)('%s come in pieces, whole in the end, after the work', async (_what, fault, pauses) => {
  bench.sandbox.fault(EXCHANGE, fault);
  const started = Date.now();
  const { status, headers, json } = await exchange();
  expect(Date.now() - started).toBeGreaterThanOrEqual(pauses * 19);
  expect(status).toBe(200);
  expect(headers['content-type']).toMatch(/^application\/json/);
  expect(json).toEqual({
    access_token: expect.any(String),
    item_id: itemsMade()[0]!.itemId,
    request_id: expect.any(String),
  });
});

test('slow headers are no answer yet, and a slow body is one that does not end', async () => {
  const dispatcher = new Agent({ headersTimeout: 200, bodyTimeout: 200 });
  const get = () =>
    request(`${bench.sandbox.url}/item/get`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
      dispatcher,
    });
  bench.sandbox.fault('/item/get', { kind: 'slow_headers', pieceMs: 3_600_000 });
  await expect(get()).rejects.toMatchObject({ code: 'UND_ERR_HEADERS_TIMEOUT' });
  bench.sandbox.fault('/item/get', { kind: 'slow_body', pieceMs: 3_600_000 });
  const { statusCode, body } = await get();
  expect(statusCode).toBe(400);
  await expect(body.text()).rejects.toMatchObject({ code: 'UND_ERR_BODY_TIMEOUT' });
  await dispatcher.destroy();
});

test('what is not ASCII survives a slow answer', async () => {
  bench.sandbox.fault('/item/get', { kind: 'slow_body', pieceMs: 1 });
  const { json } = await bench.post('/item/get', { access_token: 'Zoë 🏦' });
  expect(json.error_message).toContain('Zoë 🏦');
});

test('closing ends what is held', async () => {
  bench.sandbox.fault(EXCHANGE, { kind: 'delay_after_work', holdMs: 3_600_000 });
  const answer = exchange().catch((error: Error) => error);
  await until(() => itemsMade().length === 1);
  await bench.sandbox.close();
  expect(await answer).toBeInstanceOf(Error);
});

describe('a planned fault', () => {
  const fault: Fault = { kind: 'html', status: 503 };
  const get = async (): Promise<number> => {
    const { json } = await bench.post('/link/token/create', { product: 1 });
    return json ? 400 : 503;
  };

  test('meets one request by default', async () => {
    bench.sandbox.fault('/link/token/create', fault);
    expect([await get(), await get()]).toEqual([503, 400]);
  });

  test('meets as many as asked for', async () => {
    bench.sandbox.fault('/link/token/create', fault, { times: 2 });
    expect([await get(), await get(), await get()]).toEqual([503, 503, 400]);
  });

  test('without end lasts until it is removed', async () => {
    const remove = bench.sandbox.fault('/link/token/create', fault, { times: Infinity });
    expect([await get(), await get(), await get()]).toEqual([503, 503, 503]);
    remove();
    expect(await get()).toBe(400);
  });

  test.each([0, -1, 1.5, NaN])('cannot meet %p requests', (times) => {
    expect(() => bench.sandbox.fault('/link/token/create', fault, { times })).toThrow(/times must be/);
  });

  test.each([-1, Infinity, NaN])('cannot hold a request for %p ms', (ms) => {
    expect(() => bench.sandbox.fault(EXCHANGE, { kind: 'delay_before_work', holdMs: ms })).toThrow(
      /holdMs must be/,
    );
    expect(() => bench.sandbox.outage({ kind: 'slow_body', pieceMs: ms })).toThrow(/pieceMs must be/);
  });

  test.each([-1, 0.5])('cannot add %p bytes', (bytes) => {
    expect(() => bench.sandbox.fault(EXCHANGE, { kind: 'oversized_answer', bytes })).toThrow(/bytes must be/);
  });

  test('meets its own endpoint only', async () => {
    bench.sandbox.fault(EXCHANGE, fault);
    expect(await get()).toBe(400);
    expect((await exchange()).status).toBe(503);
  });

  test('meets the requests that it is meant for only', async () => {
    bench.sandbox.fault(EXCHANGE, fault, {
      matching: (body) => body.public_token === 'public-sandbox-other',
    });
    expect((await exchange()).status).toBe(200);
    expect((await bench.post(EXCHANGE, { public_token: 'public-sandbox-other' })).status).toBe(503);
  });

  test('is met in the order of planning, one per request', async () => {
    bench.sandbox.fault(EXCHANGE, { kind: 'html', status: 501 });
    bench.sandbox.fault(EXCHANGE, { kind: 'html', status: 502 });
    expect([(await exchange()).status, (await exchange()).status]).toEqual([501, 502]);
  });

  test('closes a route to an account that may not use it', async () => {
    bench.sandbox.fault('/link_delivery/create', {
      kind: 'plaid_error',
      status: 400,
      errorType: 'INVALID_INPUT',
      errorCode: 'UNAUTHORIZED_ROUTE_ACCESS',
    });
    const answer = await bench.post('/link_delivery/create', { link_token: bench.sandbox.issueLinkToken() });
    expect(answer.json).toMatchObject({
      error_type: 'INVALID_INPUT',
      error_code: 'UNAUTHORIZED_ROUTE_ACCESS',
    });
  });
});

test('an outage meets every endpoint until it ends, and leaves the hosted page alone', async () => {
  const sessionId = await bench.deliver();
  const end = bench.sandbox.outage();
  for (const endpoint of [
    '/link/token/create',
    '/link_delivery/get',
    EXCHANGE,
    '/item/get',
    '/item/remove',
  ]) {
    expect((await bench.post(endpoint, {})).status).toBe(503);
  }
  expect((await bench.send('GET', `/hl/${sessionId}`)).status).toBe(200);
  end();
  expect((await exchange()).status).toBe(200);
});
