import { createSecretKey, randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import {
  type CallbackBody,
  type CallbackRefusal,
  type CallbackToVerify,
  verifyCallback,
} from 'hosted-link/callbacks';
import { Webhook } from 'standardwebhooks';
import { NoAnswerError } from '../../../src/http/bounded-post';
import { CallbackSender } from '../../../src/callbacks/sender';
import { callbackSignature } from '../../../src/callbacks/signature';
import { parseKeyRing } from '../../../src/secrets/key-ring';
import { httpServer, type Loopback, rejection, type SeenRequest } from '../../../testing/loopback';

const BODY: CallbackBody = {
  key: 'user-42',
  plaidFlow: 'link_delivery',
  state: 'COMPLETED',
  itemIds: ['item-1', 'item-2'],
  sequence: 1,
};

const newSecret = () => randomBytes(32).toString('base64');
const [NEW, OLD, OTHER] = [newSecret(), newSecret(), newSecret()];

describe('a callback as it is sent', () => {
  let receiver: Loopback & { requests: SeenRequest[] };
  let answer: (response: ServerResponse) => void;
  let sender: CallbackSender;

  beforeEach(async () => {
    answer = (response) => void response.writeHead(204).end();
    receiver = await httpServer((response) => answer(response));
    sender = senderTo(`${receiver.url}/plaid?tenant=7`, `new:${NEW},old:${OLD}`);
  });
  afterEach(async () => {
    await sender.close();
    await receiver.close();
  });

  function senderTo(url: string, keys: string): CallbackSender {
    return new CallbackSender({ url, keys: parseKeyRing(keys, 'keys') }, 'sandbox');
  }
  const sent = () => receiver.requests.at(-1)!;
  const toVerify = (): CallbackToVerify => ({
    headers: sent().headers,
    rawBody: sent().body,
    secrets: [NEW],
  });

  it('has the five fields of its body, three headers of Standard Webhooks, and nothing else', async () => {
    expect(await sender.send({ ...BODY, personal: 'never' } as CallbackBody)).toBe(204);
    const { method, path, headers, body } = sent();
    expect([method, path]).toEqual(['POST', '/plaid?tenant=7']);
    expect(JSON.parse(body)).toEqual(BODY);
    expect(headers).toEqual({
      host: new URL(receiver.url).host,
      connection: 'keep-alive',
      'content-type': 'application/json',
      'content-length': String(body.length),
      'webhook-id': expect.stringMatching(/^callback_[0-9a-f]{32}$/),
      'webhook-timestamp': expect.stringMatching(/^\d{10}$/),
      'webhook-signature': expect.stringMatching(/^v1,[A-Za-z0-9+/]{43}= v1,[A-Za-z0-9+/]{43}=$/),
    });
  });

  it.each([
    ['the newer', NEW],
    ['the older', OLD],
  ])("is verified by Standard Webhooks' own library with %s of two keys", async (_which, secret) => {
    await sender.send(BODY);
    const headers = sent().headers as Record<string, string>;
    expect(new Webhook(`whsec_${secret}`).verify(sent().body, headers)).toEqual(BODY);
    expect(() => new Webhook(`whsec_${OTHER}`).verify(sent().body, headers)).toThrow('No matching signature');
    expect(() => new Webhook(`whsec_${secret}`).verify(`${sent().body} `, headers)).toThrow();
  });

  it('is verified by ours, whichever key its receiver has, as text and as bytes, and from headers of fetch', async () => {
    await sender.send(BODY);
    const { headers, body } = sent();
    const expected = { ...BODY, id: headers['webhook-id'] };
    for (const secrets of [[NEW], [OLD], [OTHER, NEW], [`whsec_${OLD}`]]) {
      expect(verifyCallback({ headers, rawBody: body, secrets })).toEqual(expected);
    }
    const rawBody = Buffer.from(body);
    expect(verifyCallback({ headers, rawBody, secrets: [NEW] })).toEqual(expected);
    const ofFetch = new Headers(Object.entries(headers as Record<string, string>));
    expect(verifyCallback({ headers: ofFetch, rawBody, secrets: [NEW] })).toEqual(expected);
    const upperCase = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]),
    );
    expect(verifyCallback({ headers: upperCase, rawBody, secrets: [NEW] })).toEqual(expected);
  });

  it('has the same id however often it is sent, and another one than every other callback', async () => {
    const idOf = async (body: CallbackBody) => {
      await sender.send(body);
      return sent().headers['webhook-id'];
    };
    expect(await idOf(BODY)).toBe(await idOf(BODY));
    const ids = [await idOf(BODY), await idOf({ ...BODY, sequence: 2 }), await idOf({ ...BODY, key: 'b' })];
    expect(new Set(ids).size).toBe(3);
  });

  it.each([200, 302, 404, 410, 500])('tells the status %i, and follows no redirect', async (status) => {
    answer = (response) => void response.writeHead(status, { location: '/elsewhere' }).end('what it says');
    expect(await sender.send(BODY)).toBe(status);
    expect(receiver.requests.map(({ path }) => path)).toEqual(['/plaid?tenant=7']);
  });

  it('takes a status for an answer, however much comes after it', async () => {
    answer = (response) => {
      response.writeHead(200);
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(64 * 1024)));
      };
      response.on('drain', more);
      more();
    };
    expect(await sender.send(BODY)).toBe(200);
  });

  it('that nobody answers tells a code, and nothing of the URL', async () => {
    answer = (response) => void response.destroy();
    const cut = (await rejection(sender.send(BODY))) as NoAnswerError;
    expect(cut).toBeInstanceOf(NoAnswerError);
    await receiver.close();
    const refused = (await rejection(sender.send(BODY))) as NoAnswerError;
    expect([cut.reason, refused.reason]).toEqual(['UND_ERR_SOCKET', 'ECONNREFUSED']);
    expect(JSON.stringify([cut, refused, cut.stack, refused.stack])).not.toContain('tenant');
    receiver = await httpServer((response) => answer(response));
  });

  it('is refused when anything of it was changed, and when it is none', async () => {
    await sender.send(BODY);
    const { headers } = sent();
    const signature = headers['webhook-signature'] as string;
    const cases: [CallbackRefusal, Partial<CallbackToVerify>][] = [
      ['signature', { rawBody: sent().body.replace('COMPLETED', 'EXPIRED') }],
      ['signature', { secrets: [OTHER] }],
      ['signature', { headers: { ...headers, 'webhook-id': 'callback_another' } }],
      [
        'signature',
        { headers: { ...headers, 'webhook-timestamp': String(Number(headers['webhook-timestamp']) + 1) } },
      ],
      ['signature', { headers: { ...headers, 'webhook-signature': signature.replaceAll('v1,', 'v1a,') } }],
      ['signature', { headers: { ...headers, 'webhook-signature': 'v1,' } }],
      ['signature', { headers: { ...headers, 'webhook-signature': signature.slice(0, 20) } }],
      ['headers_missing', { headers: { ...headers, 'webhook-signature': undefined } }],
      ['headers_missing', { headers: { ...headers, 'webhook-id': '' } }],
      ['headers_missing', { headers: {} }],
      ['headers_malformed', { headers: { ...headers, 'webhook-timestamp': 'now' } }],
      ['headers_malformed', { headers: { ...headers, 'webhook-timestamp': '-1' } }],
      ['headers_malformed', { headers: { ...headers, 'webhook-signature': [signature, signature] } }],
      [
        'headers_malformed',
        { headers: { ...headers, 'webhook-signature': `${signature} `.repeat(100) + signature } },
      ],
    ];
    for (const [reason, change] of cases) {
      expect(() => verifyCallback({ ...toVerify(), ...change })).toThrow(`callback refused: ${reason}`);
    }
  });
});

describe('verifying a callback', () => {
  const signed = (body: string, timestampSeconds: number): CallbackToVerify => {
    const [id, timestamp] = ['callback_1', String(timestampSeconds)];
    const key = createSecretKey(Buffer.from(NEW, 'base64'));
    const signature = callbackSignature({ id, timestamp, body }, key).toString('base64');
    return {
      headers: { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` },
      rawBody: body,
      secrets: [NEW],
    };
  };
  const now = () => Math.floor(Date.now() / 1_000);

  it('refuses one that is older than five minutes, or from a clock so far ahead, unless told otherwise', () => {
    const body = JSON.stringify(BODY);
    for (const offset of [-290, 290]) {
      expect(verifyCallback(signed(body, now() + offset))).toEqual({ id: 'callback_1', ...BODY });
    }
    expect(() => verifyCallback(signed(body, now() - 310))).toThrow('too_old');
    expect(() => verifyCallback(signed(body, now() + 310))).toThrow('from_the_future');
    const hour = { ...signed(body, now() - 3_000), toleranceSeconds: 3_600 };
    expect(verifyCallback(hour).key).toBe('user-42');
    expect(() => verifyCallback({ ...signed(body, now() - 20), toleranceSeconds: 10 })).toThrow('too_old');
  });

  it.each([
    '',
    'no JSON',
    '[]',
    '{}',
    JSON.stringify({ ...BODY, sequence: 0 }),
    JSON.stringify({ ...BODY, itemIds: [1] }),
  ])('refuses the body %j, though it is signed', (body) => {
    expect(() => verifyCallback(signed(body, now()))).toThrow('callback refused: body');
  });

  it('takes fields and states that a later version has added', () => {
    const later = { ...BODY, state: 'A_LATER_ONE', added: true };
    expect(verifyCallback(signed(JSON.stringify(later), now())).state).toBe('A_LATER_ONE');
  });

  it.each([[[]], [['']], [['short']], [['not base64!']], [['whsec_']], [[NEW, `id:${OLD}`]]])(
    'names what is wrong with the secrets, and none of them (%#)',
    (secrets: string[]) => {
      const verify = () => verifyCallback({ ...signed(JSON.stringify(BODY), now()), secrets });
      expect(verify).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
      try {
        verify();
      } catch (error) {
        for (const secret of secrets.filter((one) => one !== '')) expect(String(error)).not.toContain(secret);
      }
    },
  );
});
