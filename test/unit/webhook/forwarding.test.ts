import type { ServerResponse } from 'node:http';
import { MAX_FORWARDS } from '../../../src/webhook/forwarder';
import { httpServer, type Loopback, type SeenRequest } from '../../../testing/loopback';
import { until } from '../../../testing/until';
import {
  type Bench,
  callback,
  itemWebhook,
  linkWebhook,
  pretty,
  startBench,
} from '../../../testing/webhook-bench';

const SECOND_MS = 1_000;

type Answer = (response: ServerResponse, request: SeenRequest) => void;

const accepts: Answer = (response) => void response.writeHead(200).end();

let application: Loopback & { requests: SeenRequest[] };
let answer: Answer;
let bench: Bench;

beforeEach(async () => {
  answer = accepts;
  application = await httpServer((response, request) => answer(response, request));
  bench = await startBench({ itemWebhookUrl: `${application.url}/plaid?tenant=7` });
});
afterEach(async () => {
  await bench.close();
  await application.close();
});

const statusOf = async (body: string, token?: string): Promise<number> =>
  (await bench.post(body, token === undefined ? {} : { token })).status;

test('a webhook of an item reaches the application byte for byte, with its token and nothing else of its request', async () => {
  // As no JSON writer of ours would write it.
  const body =
    '{ "webhook_type":"ITEM",\r\n\t"webhook_code":"ERROR", "item_id" : "\\u0069tem-1", "n": 1.0 }\n';
  const token = bench.sandbox.webhooks.sign(body);
  expect(await statusOf(body, token)).toBe(200);
  const [{ method, path, headers, body: received }] = application.requests as [SeenRequest];
  expect([method, path, received]).toEqual(['POST', '/plaid?tenant=7', body]);
  expect(headers).toEqual({
    host: new URL(application.url).host,
    connection: 'keep-alive',
    'content-type': 'application/json',
    'content-length': String(body.length),
    'plaid-verification': token,
  });
  expect(bench.receiver.counts()).toMatchObject({ forwarded: 1, dropped: 0 });
});

test('only what is verified, of this environment and not about a session is forwarded', async () => {
  await statusOf(itemWebhook(), bench.sandbox.webhooks.sign('another body'));
  await statusOf(itemWebhook('item-2').replace('"sandbox"', '"production"'));
  await statusOf(linkWebhook('SESSION_FINISHED'));
  await statusOf(linkWebhook('LAYER_AUTHENTICATION_PASSED'));
  await statusOf(callback('ON_SUCCESS'));
  await statusOf('{}');
  expect(application.requests).toEqual([]);
  expect(bench.receiver.counts()).toMatchObject({ refused: 1, otherEnvironment: 1, ignored: 2, hinted: 2 });
});

test('two events of an item with the same bytes are both forwarded, one that comes again under its token is not', async () => {
  const token = bench.sandbox.webhooks.sign(itemWebhook());
  expect(await statusOf(itemWebhook(), token)).toBe(200);
  bench.clock.now += SECOND_MS;
  expect(await statusOf(itemWebhook())).toBe(200);
  expect(await statusOf(itemWebhook(), token)).toBe(200);
  expect(application.requests).toHaveLength(2);
  expect(bench.receiver.counts()).toMatchObject({ forwarded: 2, duplicate: 1 });
});

test('a second signature of the same token makes no second event', async () => {
  const token = bench.sandbox.webhooks.sign(itemWebhook());
  expect(await statusOf(itemWebhook(), token)).toBe(200);
  expect(await statusOf(itemWebhook(), otherSignature(token))).toBe(200);
  expect(bench.receiver.counts()).toMatchObject({ forwarded: 1, duplicate: 1, refused: 0 });
});

test.each([
  ['an error', (response: ServerResponse) => void response.writeHead(500).end('no')],
  ['a redirect, which is not followed', redirects],
  ['nothing but the end of the connection', (response: ServerResponse) => void response.destroy()],
])(
  'what the application answers with %s is answered with 503, and forwarded when it comes again',
  async (_name, failing) => {
    answer = failing;
    const token = bench.sandbox.webhooks.sign(itemWebhook());
    expect(await statusOf(itemWebhook(), token)).toBe(503);
    answer = accepts;
    expect(await statusOf(itemWebhook(), token)).toBe(200);
    expect(application.requests.map(({ path }) => path)).toEqual(['/plaid?tenant=7', '/plaid?tenant=7']);
    expect(bench.receiver.counts()).toMatchObject({ forwarded: 1, unavailable: 1, duplicate: 0 });
    expect(bench.log()).toContain('the webhook could not be forwarded: ');
    expect(bench.log()).not.toContain('tenant=7');
  },
);

test('an application that is not there is a 503', async () => {
  await application.close();
  expect(await statusOf(itemWebhook())).toBe(503);
  expect(bench.log()).toContain('ECONNREFUSED');
  application = await httpServer(accepts);
});

test('an endless answer of success is taken for one, and not read', async () => {
  let sent = 0;
  answer = (response) => {
    response.writeHead(200);
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(64 * 1024))) sent += 64 * 1024;
    };
    response.on('drain', more);
    more();
  };
  expect(await statusOf(itemWebhook())).toBe(200);
  expect(sent).toBeLessThan(64 * 1024 * 1024);
});

test('no more than a few are under way at once: the others come again, and sessions are hinted all the while', async () => {
  const held: ServerResponse[] = [];
  answer = (response) => void held.push(response);
  const posts = Array.from({ length: MAX_FORWARDS }, (_, index) => statusOf(itemWebhook(`item-${index}`)));
  await until('all of them are under way', () => held.length === MAX_FORWARDS);
  expect(await statusOf(itemWebhook('one-too-many'))).toBe(503);
  expect(bench.log()).toContain('TOO_MANY_UNDER_WAY');
  expect(await statusOf(callback('ON_SUCCESS'))).toBe(200);
  expect(bench.hints).toEqual(['shop-1']);
  for (const response of held) response.end();
  expect(new Set(await Promise.all(posts))).toEqual(new Set([200]));
  answer = accepts;
  expect(await statusOf(itemWebhook('one-too-many'))).toBe(200);
});

test('what is being forwarded when the receiver is closed is answered first', async () => {
  let reached = false;
  answer = (response) => {
    reached = true;
    setTimeout(() => response.end(), SECOND_MS);
  };
  const post = statusOf(pretty({ webhook_type: 'ITEM', webhook_code: 'NEW_ACCOUNTS_AVAILABLE' }));
  await until('the application has it', () => reached);
  const began = Date.now();
  await bench.receiver.close();
  expect(await post).toBe(200);
  // Not kept open by the connection that Plaid would use again.
  expect(Date.now() - began).toBeLessThan(6 * SECOND_MS);
});

function redirects(response: ServerResponse): void {
  response.writeHead(307, { location: '/elsewhere' }).end();
}

/** The order of the curve P-256. */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** The token with the other signature that its key's owner could have made: s turned into n - s. */
function otherSignature(token: string): string {
  const [header, claims, signature] = token.split('.') as [string, string, string];
  const bytes = Buffer.from(signature, 'base64url');
  const s = ORDER - BigInt(`0x${bytes.subarray(32).toString('hex')}`);
  bytes.write(s.toString(16).padStart(64, '0'), 32, 'hex');
  return `${header}.${claims}.${bytes.toString('base64url')}`;
}
