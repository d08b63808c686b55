import type { Answer } from '../../../testing/plaid-calls';
import { CLIENT_ID, SECRET } from '../../../testing/plaid-calls';
import { startWebhookBench, type WebhookBench } from '../../../testing/sandbox-webhooks';

let bench: WebhookBench;
beforeEach(async () => {
  bench = await startWebhookBench();
});
afterEach(() => bench.close());

const CREDENTIALS = { 'plaid-client-id': CLIENT_ID, 'plaid-secret': SECRET };
const HEADERS = { 'content-type': 'application/json', ...CREDENTIALS };

const control = (path: string, body: unknown, headers: Record<string, string> = HEADERS): Promise<Answer> =>
  bench.send('POST', `/control${path}`, headers, JSON.stringify(body));
const look = (path: string): Promise<Answer> => bench.send('GET', `/control${path}`, CREDENTIALS);
const remove = (path: string): Promise<Answer> => bench.send('DELETE', `/control${path}`, CREDENTIALS);

describe('over the control API', () => {
  test('a session goes from its link token to its items', async () => {
    const { json: made } = await control('/link-tokens', { items: 2, webhook: bench.url });
    await bench.deliver(made.linkToken);
    const statuses: string[] = [];
    for (const move of ['open', 'exit', 'complete']) {
      statuses.push((await control('/sessions', { session: made.linkToken, move })).json.status);
    }
    expect(statuses).toEqual(['OPENED', 'EXITED', 'COMPLETED']);
    const ledger = await look('/ledger');
    expect(ledger.json).toEqual(JSON.parse(JSON.stringify(bench.sandbox.ledger())));
    expect(ledger.json.items).toHaveLength(2);
    await bench.taken(2);
    const { json } = await look('/webhooks');
    expect(json.deliveries.map((delivery: { body: string }) => delivery.body)).toEqual(
      bench.requests.map(({ body }) => body),
    );
  });

  test('a hosted session connects bank after bank, leaves with an error, and expires', async () => {
    const { linkToken } = await bench.hosted();
    const move = (body: object) => control('/sessions', { session: linkToken, ...body });
    await move({ move: 'connect', institutionId: 'ins_990002', accounts: ['car-loan'] });
    await move({
      move: 'exit',
      status: 'requires_code',
      error: { errorType: 'ITEM_ERROR', errorCode: 'INVALID_MFA' },
    });
    const { json } = await bench.post('/link/token/get', { link_token: linkToken });
    expect(json.link_sessions).toMatchObject([
      {
        results: { item_add_results: [{ accounts: [{ mask: '7730' }] }] },
        exit: { error: { error_code: 'INVALID_MFA' }, metadata: { status: 'requires_code' } },
      },
    ]);
    expect((await move({ move: 'expire' })).json).toEqual({ status: 'EXPIRED' });
    expect(await move({ move: 'finish' })).toMatchObject({ status: 409, json: { error: /EXPIRED/ } });
  });

  test('an item asks for its person', async () => {
    const { person } = await bench.hosted();
    person.complete();
    const [publicToken] = bench.sandbox.ledger().toJSON().secrets.publicTokens;
    const { json } = await bench.post('/item/public_token/exchange', { public_token: publicToken });
    const moved = await control('/items', { itemId: json.item_id, move: 'require_login' });
    expect(moved.json).toEqual({ errorCode: 'ITEM_LOGIN_REQUIRED' });
    expect(bench.sandbox.item(json.item_id).errorCode).toBe('ITEM_LOGIN_REQUIRED');
  });

  test('switches are set and seen', async () => {
    const { json } = await control('/switches', { tokensOnce: true, secondExchange: 'same_item' });
    expect(json).toMatchObject({
      tokensOnce: true,
      secondExchange: 'same_item',
      tokenShape: 'access_tokens',
    });
    expect((await look('/switches')).json).toEqual(bench.sandbox.switches);
  });

  test('the clock is put forward', async () => {
    expect((await look('/clock')).json).toEqual({ now: '2030-05-01T12:00:00.000Z' });
    const { json } = await control('/clock', { advanceMs: 90_000 });
    expect(json).toEqual({ now: '2030-05-01T12:01:30.000Z' });
    expect(bench.sandbox.clock.now()).toBe(Date.parse(json.now));
  });

  test('faults are planned for one endpoint, for certain requests, or for all, and removed', async () => {
    const status = async (path: string, body: object = {}) => (await bench.post(path, body)).status;
    const html = (code: number) => ({ kind: 'html', status: code });
    await control('/faults', { endpoint: '/item/get', fault: html(501), times: 2 });
    await control('/faults', { endpoint: '/item/remove', fault: html(502), where: { access_token: 'x' } });
    const { json: outage } = await control('/faults', { fault: html(503), times: 'always' });
    expect([await status('/item/get'), await status('/item/get')]).toEqual([501, 501]);
    expect([await status('/item/get'), await status('/item/remove')]).toEqual([503, 503]);
    expect((await remove(`/faults/${outage.id}`)).json).toEqual({
      removed: 1,
    });
    expect(await status('/item/get')).toBe(400);
    expect(await status('/item/remove')).toBe(400);
    expect(await status('/item/remove', { access_token: 'x' })).toBe(502);
    await control('/faults', { fault: html(503), times: 'always' });
    await control('/webhook-faults', { fault: { kind: 'lose' } });
    await remove('/faults');
    expect(await status('/item/get')).toBe(400);
    await control('/webhooks', { url: bench.url, webhook: { webhook_type: 'T', webhook_code: '1' } });
    await bench.taken(1);
  });

  test('webhooks meet faults, and any webhook is sent', async () => {
    await control('/webhook-faults', { fault: { kind: 'lose' }, where: { webhook_code: '1' } });
    for (const code of ['1', '2']) {
      await control('/webhooks', {
        url: bench.url,
        webhook: { webhook_type: 'T', webhook_code: code, more: [] },
      });
    }
    await bench.taken(1);
    expect(bench.bodies()).toEqual([{ webhook_type: 'T', webhook_code: '2', more: [] }]);
  });

  test('keys are rotated and withdrawn', async () => {
    const { json } = await control('/webhook-keys', { move: 'rotate' });
    const key = async () =>
      (await bench.post('/webhook_verification_key/get', { key_id: json.keyId })).json.key;
    expect((await key()).expired_at).toBeNull();
    await control('/webhook-keys', { move: 'expire', keyId: json.keyId });
    expect((await key()).expired_at).toBe(bench.sandbox.clock.now() / 1_000);
    expect(await control('/webhook-keys', { move: 'expire', keyId: 'none' })).toMatchObject({ status: 400 });
  });

  test.each([
    ['/sessions', { session: 'none', move: 'open' }, /No session yet/],
    ['/sessions', { session: 'none', move: 'fly' }, /^move: /],
    ['/sessions', { session: 'none', move: 'open', colour: 'blue' }, /colour/],
    ['/items', { itemId: 'none', move: 'require_login' }, /no item/],
    ['/faults', { endpoint: '/transfer/get', fault: { kind: 'html', status: 500 } }, /^endpoint: /],
    ['/faults', { fault: { kind: 'html' } }, /^fault\.status: missing/],
    ['/faults', { fault: { kind: 'slow_body', pieceMs: -1 } }, /^fault\.pieceMs: /],
    ['/faults', { fault: { kind: 'truncated_json' }, times: 0 }, /^times: /],
    ['/webhook-faults', { fault: { kind: 'delay', byMs: -1 } }, /^fault\.byMs: /],
    ['/switches', { tokensOnce: 'yes' }, /^tokensOnce: /],
    ['/clock', { advanceMs: -1 }, /forward only/],
    ['/clock', [], /expected object/],
    ['/webhooks', { url: 'file:///etc', webhook: {} }, /^url: /],
  ])('%s with %j is refused with what is wrong', async (path, body, message) => {
    const { status, json } = await control(path, body);
    expect(status).toBe(400);
    expect(json).toEqual({ error: expect.stringMatching(message) });
  });

  test('a body that is not JSON is refused', async () => {
    expect(await bench.send('POST', '/control/clock', HEADERS, '{')).toMatchObject({
      status: 400,
      json: { error: 'The request is not JSON.' },
    });
  });
});

describe('the control API serves no page', () => {
  const asked = (headers: Record<string, string>) =>
    control('/clock', { advanceMs: 1 }, { ...HEADERS, ...headers });

  test.each<[string, Record<string, string>]>([
    ['another page', { origin: 'https://evil.example' }],
    ['a page without an origin', { origin: 'null' }],
    ['a link', { referer: 'https://evil.example/page' }],
    ['a browser', { 'sec-fetch-site': 'cross-site' }],
    ['a browser at the same origin', { 'sec-fetch-site': 'same-origin' }],
  ])('of %s', async (_what, headers) => {
    const before = bench.sandbox.clock.now();
    expect((await asked(headers)).status).toBe(403);
    expect((await asked({ ...headers, origin: bench.sandbox.url })).status).toBe(403);
    expect(bench.sandbox.clock.now()).toBe(before);
  });

  test('under another name of this machine', async () => {
    expect((await asked({ host: 'evil.example' })).status).toBe(421);
  });

  test('without the right credentials in headers', async () => {
    const wrong: Record<string, string>[] = [
      { 'plaid-secret': 'wrong' },
      { 'plaid-client-id': 'wrong' },
      { 'plaid-secret': '' },
    ];
    for (const headers of wrong) expect((await asked(headers)).status).toBe(401);
    const inBody = await control(
      '/clock',
      { advanceMs: 1, client_id: CLIENT_ID, secret: SECRET },
      { 'content-type': 'application/json' },
    );
    expect(inBody.status).toBe(401);
    expect((await bench.send('GET', '/control/ledger')).status).toBe(401);
  });

  test('and lets no other origin ask', async () => {
    const answer = await bench.send('OPTIONS', '/control/clock', {
      origin: 'https://evil.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'plaid-secret',
    });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});
