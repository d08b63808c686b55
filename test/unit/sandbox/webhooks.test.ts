import type { ServerResponse } from 'node:http';
import { httpServer } from '../../../testing/loopback';
import { until } from '../../../testing/until';
import { type Bench, LINK_TOKEN_REQUEST, startBench } from '../../../testing/plaid-calls';

const ENDPOINT = '/webhook_verification_key/get';

let clock: number;
let bench: Bench;
let application: Awaited<ReturnType<typeof httpServer>>;
let answer: (response: ServerResponse) => void;

beforeEach(async () => {
  clock = Date.parse('2030-05-01T12:00:00Z');
  answer = (response) => response.end();
  application = await httpServer((response) => answer(response));
  bench = await startBench({ now: () => clock });
});
afterEach(async () => {
  await bench.close();
  await application.close();
});

const received = (): Record<string, unknown>[] =>
  application.requests.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
const attempts = () => bench.sandbox.webhooks.deliveries().map((delivery) => delivery.attempts);
const delivered = (count: number) =>
  until(`${count} webhooks were delivered`, () => {
    const outcomes = bench.sandbox.webhooks.deliveries().map(({ outcome }) => outcome);
    return outcomes.filter((outcome) => outcome === 'DELIVERED').length === count;
  });

/** The header and the claims of a token. */
function partsOf(token: string): { kid: string; iat: number }[] {
  const [header, claims] = token.split('.');
  return [header!, claims!].map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as never);
}

async function deliver(webhook = `${application.url}/hook`): Promise<string> {
  const { json } = await bench.post('/link/token/create', { ...LINK_TOKEN_REQUEST, webhook });
  return bench.deliver(json.link_token as string);
}

test('a person who leaves and comes back to finish makes two webhooks, signed and written as Plaid writes them', async () => {
  const sessionId = await deliver();
  const session = bench.sandbox.session(sessionId);
  session.open();
  session.exit();
  await delivered(1);
  session.complete();
  await delivered(2);
  expect(received()).toMatchObject([
    {
      webhook_type: 'LINK_DELIVERY',
      webhook_code: 'LINK_CALLBACK',
      link_delivery_session_id: sessionId,
      timestamp: '2030-05-01T12:00:00.000Z',
      link_callback_metadata: { callback_type: 'ON_EXIT', event_name: 'EXIT' },
    },
    { link_callback_metadata: { callback_type: 'ON_SUCCESS', event_name: 'HANDOFF' } },
  ]);
  const { path, headers, body } = application.requests[0]!;
  expect([path, headers['content-type']]).toEqual(['/hook', 'application/json']);
  expect(body).toBe(JSON.stringify(JSON.parse(body), undefined, 2));
  expect(body).toContain('\n  "webhook_code"');
  const [header, claims] = partsOf(headers['plaid-verification'] as string);
  expect(header).toEqual({ alg: 'ES256', typ: 'JWT', kid: expect.any(String) });
  expect(claims).toEqual({
    iat: clock / 1_000,
    request_body_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
});

test('a session whose link token names no webhook sends none', async () => {
  bench.sandbox.session(await bench.deliver()).complete();
  const { json } = await bench.post('/link/token/create', { ...LINK_TOKEN_REQUEST, hosted_link: {} });
  bench.sandbox.session(json.link_token as string).complete();
  expect(bench.sandbox.webhooks.deliveries()).toEqual([]);
});

test('nothing is sent to other machines', async () => {
  bench.sandbox.session(await deliver('https://app.example/hook')).complete();
  expect(bench.sandbox.webhooks.deliveries()).toMatchObject([{ outcome: 'SKIPPED', attempts: [] }]);
});

test('a webhook that nobody takes comes again on Plaid’s schedule, for a day, signed anew each time', async () => {
  answer = (response) => response.writeHead(503).end();
  const began = clock;
  bench.sandbox.session(await deliver()).complete();
  for (const seconds of [30, 150, 630, 2_550, 10_230, 40_950]) {
    await until('an attempt has ended', () => attempts()[0]!.length > 0);
    const count = attempts()[0]!.length;
    clock = began + seconds * 1_000;
    await until('the next attempt has ended', () => attempts()[0]!.length > count);
  }
  expect(attempts()[0]!.map(({ at, status }) => [(at - began) / 1_000, status])).toEqual(
    [0, 30, 150, 630, 2_550, 10_230, 40_950].map((seconds) => [seconds, 503]),
  );
  expect(bench.sandbox.webhooks.deliveries()[0]!.outcome).toBe('GIVEN_UP');
  expect(new Set(application.requests.map(({ body }) => body)).size).toBe(1);
  const times = application.requests.map(
    ({ headers }) => partsOf(headers['plaid-verification'] as string)[1]!.iat,
  );
  expect(times.map((iat) => iat - began / 1_000)).toEqual([0, 30, 150, 630, 2_550, 10_230, 40_950]);
});

test('a webhook is taken at its second attempt, also after a connection that was dropped', async () => {
  answer = (response) => response.destroy();
  bench.sandbox.session(await deliver()).complete();
  await until('the first attempt has ended', () => attempts()[0]!.length === 1);
  answer = (response) => response.end();
  clock += 30_000;
  await delivered(1);
  expect(attempts()[0]!.map(({ status }) => status)).toEqual([undefined, 200]);
});

test('a rotated key signs what follows; the one before stays known, and is told to be expired when it is', async () => {
  const keyId = () => partsOf(bench.sandbox.webhooks.sign('{}'))[0]!.kid;
  const first = keyId();
  const second = bench.sandbox.webhooks.rotateKey();
  expect(keyId()).toBe(second);
  bench.sandbox.webhooks.expireKey(first);
  const key = {
    alg: 'ES256',
    crv: 'P-256',
    kty: 'EC',
    use: 'sig',
    x: expect.any(String),
    y: expect.any(String),
    created_at: clock / 1_000,
  };
  expect((await bench.post(ENDPOINT, { key_id: first })).json.key).toEqual({
    ...key,
    kid: first,
    expired_at: clock / 1_000,
  });
  expect((await bench.post(ENDPOINT, { key_id: second })).json.key).toEqual({
    ...key,
    kid: second,
    expired_at: null,
  });
});

test('a key that was never made is refused as Plaid refuses it', async () => {
  const { status, json } = await bench.post(ENDPOINT, { key_id: 'none' });
  expect([status, json.error_code]).toEqual([400, 'INVALID_WEBHOOK_VERIFICATION_KEY_ID']);
  expect((await bench.post(ENDPOINT, {})).json.error_code).toBe('MISSING_FIELDS');
});
