import type { Answer, Bench } from '../../../testing/plaid-calls';
import { LINK_TOKEN_REQUEST, startBench } from '../../../testing/plaid-calls';

const MINUTE = 60_000;
const START = Date.parse('2030-01-01T00:00:00Z');

let bench: Bench;
let clock: number;
let accessToken: string;
let itemId: string;

beforeEach(async () => {
  clock = START;
  bench = await startBench({ now: () => clock });
  const { json } = await bench.post('/link/token/create', {
    ...LINK_TOKEN_REQUEST,
    hosted_link: {},
    webhook: 'https://app.example/first',
  });
  bench.sandbox.session(json.link_token).complete({ institutionId: 'ins_990002', accounts: ['car-loan'] });
  const [publicToken] = bench.sandbox.ledger().toJSON().secrets.publicTokens;
  const exchanged = await bench.post('/item/public_token/exchange', { public_token: publicToken });
  ({ access_token: accessToken, item_id: itemId } = exchanged.json);
});
afterEach(() => bench.close());

const { products: _products, ...WITHOUT_PRODUCTS } = LINK_TOKEN_REQUEST;

const update = (more: object = {}): Promise<Answer> =>
  bench.post('/link/token/create', {
    ...WITHOUT_PRODUCTS,
    access_token: accessToken,
    hosted_link: {},
    ...more,
  });

async function item(): Promise<Record<string, unknown>> {
  return (await bench.post('/item/get', { access_token: accessToken })).json.item;
}

describe('a link token in update mode', () => {
  test('needs no products and lives for 30 minutes, however it is delivered', async () => {
    for (const hostedLink of [{}, { delivery_method: 'sms' }]) {
      const { status, json } = await update({
        hosted_link: hostedLink,
        user: { client_user_id: 'u1', phone_number: '+14155550123' },
      });
      expect(status).toBe(200);
      expect(json.expiration).toBe('2030-01-01T00:30:00.000Z');
    }
    const { json } = await update({ hosted_link: undefined });
    expect(json.expiration).toBe('2030-01-01T00:30:00.000Z');
  });

  test('lives as long as was asked for', async () => {
    const { json } = await update({ hosted_link: { url_lifetime_seconds: 3_600 } });
    expect(json.expiration).toBe('2030-01-01T01:00:00.000Z');
  });

  test.each([
    [
      'was never issued',
      'INVALID_INPUT',
      'INVALID_ACCESS_TOKEN',
      () => (accessToken = 'access-sandbox-made-up'),
    ],
    [
      'belongs to a removed item',
      'ITEM_ERROR',
      'ITEM_NOT_FOUND',
      () => bench.post('/item/remove', { access_token: accessToken }),
    ],
  ])('is refused when the access token %s', async (_what, type, code, prepare) => {
    await prepare();
    const { status, json } = await update();
    expect([status, json.error_type, json.error_code]).toEqual([400, type, code]);
  });

  test("reports to the item's webhook, and not to the one in its request", async () => {
    await bench.post('/item/webhook/update', {
      access_token: accessToken,
      webhook: 'https://app.example/moved',
    });
    const { json } = await update({ webhook: 'https://app.example/ignored' });
    const got = await bench.post('/link/token/get', { link_token: json.link_token });
    expect(got.json.metadata).toMatchObject({ webhook: 'https://app.example/moved', initial_products: [] });
  });
});

describe('a session in update mode', () => {
  test('mends the item, and hands out nothing', async () => {
    const handle = bench.sandbox.item(itemId);
    handle.requireLogin();
    expect((await item()).error).toMatchObject({
      error_type: 'ITEM_ERROR',
      error_code: 'ITEM_LOGIN_REQUIRED',
      error_message: expect.any(String),
      display_message: null,
    });
    expect(handle.errorCode).toBe('ITEM_LOGIN_REQUIRED');

    const { json } = await update();
    bench.sandbox.session(json.link_token).exit();
    expect(handle.errorCode).toBe('ITEM_LOGIN_REQUIRED');
    bench.sandbox.session(json.link_token).complete();
    expect(bench.sandbox.session(json.link_token).status).toBe('COMPLETED');
    expect((await item()).error).toBeNull();

    const { json: got } = await bench.post('/link/token/get', { link_token: json.link_token });
    expect(got.link_sessions[1]).toMatchObject({
      finished_at: expect.any(String),
      exit: null,
      on_success: null,
      results: { item_add_results: [] },
    });
    const { items, publicTokens } = bench.sandbox.ledger().toJSON();
    expect([items.length, publicTokens.length]).toEqual([1, 1]);
  });

  test('connects no other bank, and cannot be finished once the item is gone', async () => {
    const { json } = await update();
    const person = bench.sandbox.session(json.link_token);
    expect(() => person.connect()).toThrow('update mode');
    await bench.post('/item/remove', { access_token: accessToken });
    expect(() => person.finish()).toThrow('has been removed');
  });

  test('asks on its page only for the password at the same bank', async () => {
    bench.sandbox.item(itemId).requireLogin();
    const { json } = await update({ enable_multi_item_link: true });
    const path = new URL(json.hosted_link_url).pathname;
    const page = async (): Promise<string> => (await bench.send('GET', path)).text;
    const submit = (action: string, fields: Record<string, string> = {}): Promise<Answer> =>
      bench.send(
        'POST',
        `${path}/${action}`,
        { 'content-type': 'application/x-www-form-urlencoded', origin: bench.sandbox.url },
        new URLSearchParams(fields).toString(),
      );
    expect(await page()).toContain('<h1>Sign in to Meadowlark Credit Union</h1>');
    await submit('back');
    await submit('credentials', { username: 'user_good', password: 'wrong' });
    const again = await page();
    expect(again).toContain('do not match');
    expect(again).not.toContain('Choose another bank');
    await submit('credentials', { username: 'user_good', password: 'pass_good' });
    await submit('another');
    const review = await page();
    expect(review).toContain('Car Loan');
    expect(review).not.toContain('Share Draft');
    expect(review).not.toContain('Add another bank');
    await submit('finish');
    expect(await page()).toContain('All done');
    expect(bench.sandbox.item(itemId).errorCode).toBeUndefined();
    expect(bench.sandbox.ledger().toJSON().publicTokens).toHaveLength(1);
  });
});

describe("an item's webhook", () => {
  test('is the one of its link token until it is moved or taken away', async () => {
    expect((await item()).webhook).toBe('https://app.example/first');
    const { status, json } = await bench.post('/item/webhook/update', {
      access_token: accessToken,
      webhook: 'https://app.example/second',
    });
    expect(status).toBe(200);
    expect(json).toEqual({
      item: expect.objectContaining({ item_id: itemId, webhook: 'https://app.example/second' }),
      request_id: expect.any(String),
    });
    expect(bench.sandbox.ledger().toJSON().items[0]!.webhook).toBe('https://app.example/second');
    await bench.post('/item/webhook/update', { access_token: accessToken, webhook: null });
    expect((await item()).webhook).toBeNull();
  });

  test('must be a URL, and its item must be there', async () => {
    const call = async (body: object): Promise<string> =>
      (await bench.post('/item/webhook/update', body)).json.error_code;
    expect(await call({ access_token: accessToken, webhook: 'app.example' })).toBe('INVALID_FIELD');
    expect(await call({ webhook: null })).toBe('MISSING_FIELDS');
    expect(await call({ access_token: 'access-sandbox-made-up', webhook: null })).toBe(
      'INVALID_ACCESS_TOKEN',
    );
    clock += MINUTE;
    await bench.post('/item/remove', { access_token: accessToken });
    expect(await call({ access_token: accessToken, webhook: null })).toBe('ITEM_NOT_FOUND');
  });
});

test('an item that does not exist has no handle', () => {
  expect(() => bench.sandbox.item('nothing')).toThrow('no item');
});
