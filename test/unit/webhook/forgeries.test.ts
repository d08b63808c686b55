import { createHash, createHmac, generateKeyPairSync, type KeyObject, sign as signBytes } from 'node:crypto';
import { type Bench, callback, pretty, startBench } from '../../../testing/webhook-bench';

let bench: Bench;
beforeEach(async () => {
  bench = await startBench();
});
afterEach(() => bench.close());

const BODY = callback('ON_SUCCESS');
const MINUTE_MS = 60_000;

const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });

const hashOf = (body: string): string => createHash('sha256').update(body).digest('hex');
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A signature of two numbers side by side, as DER has them. */
function inDer(signature: Buffer): Buffer {
  const numbers = [signature.subarray(0, 32), signature.subarray(32)].map((number) =>
    Buffer.concat([Buffer.of(0x02, 33, 0), number]),
  );
  return Buffer.concat([Buffer.of(0x30, 70), ...numbers]);
}

/** The id of the key that the sandbox signs with. */
function keyId(): string {
  const [header] = bench.sandbox.webhooks.sign('').split('.');
  return (JSON.parse(Buffer.from(header!, 'base64url').toString()) as { kid: string }).kid;
}

const claimsNow = (body = BODY): object => ({
  iat: Math.floor(bench.clock.now / 1_000),
  request_body_sha256: hashOf(body),
});

function es256(header: object, claims: object, key: KeyObject = stranger.privateKey): string {
  const signed = `${part(header)}.${part(claims)}`;
  const signature = signBytes('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

async function publicJwk(id: string): Promise<Record<string, string>> {
  const answer = await fetch(`${bench.sandbox.url}/webhook_verification_key/get`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_id: 'webhook-client', secret: 'webhook-plaid-secret-91c2', key_id: id }),
  });
  return ((await answer.json()) as { key: Record<string, string> }).key;
}

async function expectRefused(reason: string, body: string, token: string | null): Promise<void> {
  const answer = await bench.post(body, { token });
  expect([answer.status, await answer.text()]).toEqual([401, `webhook refused: ${reason}\n`]);
  expect(bench.hints).toEqual([]);
  expect(bench.receiver.counts()).toMatchObject({ refused: 1, hinted: 0 });
}

test('what the sandbox signs is good for another library, used as its documentation says', async () => {
  const { importJWK, jwtVerify } = await import('jose');
  const token = bench.sandbox.webhooks.sign(BODY);
  const key = await importJWK(await publicJwk(keyId()), 'ES256');
  const { payload } = await jwtVerify(token, key, {
    algorithms: ['ES256'],
    maxTokenAge: '5 min',
    currentDate: new Date(bench.clock.now),
  });
  expect(payload['request_body_sha256']).toBe(hashOf(BODY));
});

test('a webhook of Plaid’s is answered with 200 and hints its session', async () => {
  const answer = await bench.post(BODY);
  expect([answer.status, await answer.text()]).toEqual([200, '']);
  expect(bench.hints).toEqual(['shop-1']);
});

describe('refused is', () => {
  test('a webhook without a token', () => expectRefused('token_missing', BODY, null));

  test.each([
    ['no token at all', 'open sesame'],
    ['two parts', 'e30.e30'],
    ['a header that is no JSON', 'bm90IGpzb24.e30.e30'],
    ['an endless token', `${part({ alg: 'ES256', kid: 'k' })}.${'A'.repeat(5_000)}.AA`],
    ['two tokens', 'e30.e30.e30, e30.e30.e30'],
    ['no key id', `${part({ alg: 'ES256' })}.e30.AA`],
    ['a key id that is a path', `${part({ alg: 'ES256', kid: '../../item/remove' })}.e30.AA`],
    ['an extension to understand', `${part({ alg: 'ES256', kid: 'k', crit: ['b64'], b64: false })}.e30.AA`],
  ])('a token that is malformed: %s', (_name, token) => expectRefused('token_malformed', BODY, token));

  test('alg none, signed with nothing', () =>
    expectRefused('token_malformed', BODY, `${part({ alg: 'none', kid: keyId() })}.${part(claimsNow())}.`));

  test('alg none, with some signature', () =>
    expectRefused('algorithm', BODY, `${part({ alg: 'none', kid: keyId() })}.${part(claimsNow())}.AA`));

  test('HS256 with the public key as the secret', async () => {
    const jwk = await publicJwk(keyId());
    const signed = `${part({ alg: 'HS256', kid: keyId() })}.${part(claimsNow())}`;
    const mac = createHmac('sha256', JSON.stringify(jwk)).update(signed).digest('base64url');
    await expectRefused('algorithm', BODY, `${signed}.${mac}`);
  });

  test.each(['ES384', 'RS256', 'es256', 'EdDSA'])('alg %s', (alg) =>
    expectRefused('algorithm', BODY, es256({ alg, kid: keyId() }, claimsNow())),
  );

  test('a key of somebody else’s that Plaid does not know', () =>
    expectRefused('key_unknown', BODY, es256({ alg: 'ES256', kid: 'mine' }, claimsNow())));

  test('a key of somebody else’s under the id of Plaid’s', () =>
    expectRefused('signature', BODY, es256({ alg: 'ES256', kid: keyId() }, claimsNow())));

  test('a key of somebody else’s that the token brings along', () => {
    const jwk = stranger.publicKey.export({ format: 'jwk' });
    return expectRefused('signature', BODY, es256({ alg: 'ES256', kid: keyId(), jwk }, claimsNow()));
  });

  test.each([
    ['in another form than JSON Web Tokens have it', inDer],
    ['a byte short', (signature: Buffer) => signature.subarray(0, 63)],
    ['a byte long', (signature: Buffer) => Buffer.concat([signature, Buffer.of(0)])],
    ['of nothing but zeros', () => Buffer.alloc(64)],
  ])('a signature %s', (_name, change: (signature: Buffer) => Buffer) => {
    const [header, claims, signature] = bench.sandbox.webhooks.sign(BODY).split('.');
    const changed = change(Buffer.from(signature!, 'base64url'));
    return expectRefused('signature', BODY, `${header}.${claims}.${changed.toString('base64url')}`);
  });

  test('a signature of Plaid’s under the id of another of its keys', async () => {
    const [, claims, signature] = bench.sandbox.webhooks.sign(BODY).split('.');
    bench.sandbox.webhooks.rotateKey();
    await expectRefused(
      'signature',
      BODY,
      `${part({ alg: 'ES256', kid: keyId(), typ: 'JWT' })}.${claims}.${signature}`,
    );
  });

  test('claims that were changed', () => {
    const [header, , signature] = bench.sandbox.webhooks.sign(BODY).split('.');
    return expectRefused('signature', BODY, `${header}.${part({ ...claimsNow(), more: 1 })}.${signature}`);
  });

  test('a key that has expired', () => {
    bench.sandbox.webhooks.expireKey();
    return expectRefused('key_expired', BODY, bench.sandbox.webhooks.sign(BODY));
  });

  test('a body of which one byte was changed', () =>
    expectRefused(
      'body_changed',
      BODY.replace('ON_SUCCESS', 'ON_SUCCESs'),
      bench.sandbox.webhooks.sign(BODY),
    ));

  test('a body that was parsed and written anew', () =>
    expectRefused('body_changed', JSON.stringify(JSON.parse(BODY)), bench.sandbox.webhooks.sign(BODY)));

  test('a body that was emptied', () => expectRefused('body_changed', '', bench.sandbox.webhooks.sign(BODY)));
});

describe('the time of signing', () => {
  test.each([
    ['5 minutes ago is accepted', 5 * MINUTE_MS, 200, ''],
    ['5 minutes and a second ago is refused', 5 * MINUTE_MS + 1_000, 401, 'webhook refused: too_old\n'],
    ['a minute ahead of us is accepted', -MINUTE_MS, 200, ''],
    [
      'a minute and a second ahead of us is refused',
      -MINUTE_MS - 1_000,
      401,
      'webhook refused: from_the_future\n',
    ],
  ])('%s', async (_name, passedMs, status, text) => {
    const token = bench.sandbox.webhooks.sign(BODY);
    bench.clock.now += passedMs;
    const answer = await bench.post(BODY, { token });
    expect([answer.status, await answer.text()]).toEqual([status, text]);
  });
});

describe('the checks come in order:', () => {
  const TOO_LARGE = pretty({ padding: 'x'.repeat(300_000) });

  test('size before token', async () => {
    expect((await bench.post(TOO_LARGE, { token: null })).status).toBe(413);
  });

  test('algorithm before key, so that no forgery of this kind makes a call to Plaid', async () => {
    bench.sandbox.outage();
    await expectRefused('algorithm', BODY, es256({ alg: 'ES384', kid: 'mine' }, claimsNow()));
  });

  test('signature before time', async () => {
    await expectRefused('signature', BODY, es256({ alg: 'ES256', kid: keyId() }, { ...claimsNow(), iat: 1 }));
  });

  test('time before body', async () => {
    const token = bench.sandbox.webhooks.sign(BODY);
    bench.clock.now += 6 * MINUTE_MS;
    await expectRefused('too_old', 'another body', token);
  });
});
