import { type IncomingMessage, request as httpRequest } from 'node:http';
import { once } from 'node:events';
import type { JWTPayload } from 'jose' with { 'resolution-mode': 'import' };
import {
  type CodecAccessOptions,
  createAccessCheck,
  type JwtAccess,
} from '../../../../src/ops/codec-server/access';
import { type CodecAuditEntry, auditLine } from '../../../../src/ops/codec-server/audit';
import { type CodecServer, startCodecServer } from '../../../../src/ops/codec-server/codec-server';
import { generateKeyRingText, parseKeyRing } from '../../../../src/secrets/key-ring';
import { Secret } from '../../../../src/secrets/secret';
import {
  AUDIENCE,
  type IdentityProvider,
  ISSUER,
  startIdentityProvider,
} from '../../../../testing/identity-provider';
import { until } from '../../../../testing/until';

const WEB_UI = 'http://localhost:8233';
const TOKEN = 'fictitious-token-0123456789abcdef0123';
const ring = parseKeyRing(generateKeyRingText('codec'), 'TEST_KEYS');

let provider: IdentityProvider;
const servers: CodecServer[] = [];
const audited: CodecAuditEntry[] = [];

beforeAll(async () => {
  provider = await startIdentityProvider();
});

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
  audited.length = 0;
  provider.status = 200;
});

afterAll(() => provider.close());

function jwt(more: Partial<JwtAccess> = {}): CodecAccessOptions {
  return {
    jwt: { keySetUrl: provider.url, issuer: ISSUER, audience: AUDIENCE, namespace: 'default', ...more },
  };
}

async function start(access: CodecAccessOptions): Promise<CodecServer> {
  const checkAccess = createAccessCheck(access);
  const audit = (entry: CodecAuditEntry) => void audited.push(entry);
  const server = await startCodecServer({
    ring,
    origins: [WEB_UI],
    address: { host: '127.0.0.1', port: 0 },
    checkAccess,
    audit,
  });
  servers.push(server);
  return server;
}

async function call(
  { url }: CodecServer,
  token: string | undefined,
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string; challenge: string | null }> {
  const response = await fetch(`${url}/decode`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-namespace': 'default',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: '{"payloads":[{}]}',
  });
  const text = await response.text();
  return { status: response.status, text, challenge: response.headers.get('www-authenticate') };
}

async function auditOf(count: number): Promise<CodecAuditEntry[]> {
  await until('the calls are audited', () => audited.length >= count);
  return audited;
}

describe('a bearer token', () => {
  const access = {
    tokens: new Map([
      ['cli', new Secret(TOKEN)],
      ['next', new Secret(`${TOKEN}-next`)],
    ]),
  };

  test('lets its holder decode, under the name that the audit shows', async () => {
    const server = await start(access);
    expect(await call(server, TOKEN)).toMatchObject({ status: 200, text: '{"payloads":[{}]}' });
    expect(await call(server, `${TOKEN}-next`)).toMatchObject({ status: 200 });
    expect((await auditOf(2)).map(({ who }) => who)).toEqual(['cli', 'next']);
  });

  test.each([
    ['missing', undefined],
    ['unknown', 'fictitious-token-9999999999abcdef9999'],
    ['cut off', TOKEN.slice(0, -1)],
    ['longer', `${TOKEN}x`],
    ['in another case', TOKEN.toUpperCase()],
    ['empty', ''],
  ])('that is %s is refused', async (_name, token) => {
    const server = await start(access);
    const { status, text, challenge } = await call(server, token);
    expect({ status, challenge }).toEqual({ status: 401, challenge: 'Bearer' });
    expect(text).toMatch(/^(a bearer token is missing|the bearer token is not known); [^;]+\n$/);
    expect(text).not.toContain(TOKEN.slice(0, 20));
  });

  test('counts in no other scheme', async () => {
    const server = await start(access);
    const basic = Buffer.from(`cli:${TOKEN}`).toString('base64');
    expect(await call(server, undefined, { authorization: `Basic ${basic}` })).toMatchObject({ status: 401 });
    expect(await call(server, undefined, { authorization: TOKEN })).toMatchObject({ status: 401 });
  });

  test("is asked for before the body is read, and a page's preflight without it passes", async () => {
    const server = await start(access);
    const big = await fetch(`${server.url}/decode`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ payloads: [{ data: 'A'.repeat(5_000_000) }] }),
    });
    expect(big.status).toBe(401);
    const preflight = await fetch(`${server.url}/decode`, { method: 'OPTIONS', headers: { origin: WEB_UI } });
    expect(preflight.status).toBe(204);
  });

  test('takes the place of the check of the Host header, which a proxy changes', async () => {
    const { url } = await start(access);
    const headers = {
      host: 'codec.example',
      authorization: `Bearer ${TOKEN}`,
      'content-type': 'application/json',
    };
    const sent = httpRequest(`${url}/decode`, { method: 'POST', headers }).end('{"payloads":[]}');
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    response.resume();
    expect(response.statusCode).toBe(200);
  });
});

describe("the JSON Web Token of Web UI's user", () => {
  test('lets a user decode who may read the namespace, under its subject', async () => {
    const server = await start(jwt());
    expect(await call(server, await provider.sign(), { origin: WEB_UI })).toMatchObject({ status: 200 });
    expect(await auditOf(1)).toEqual([
      {
        who: 'user-1',
        namespace: 'default',
        origin: WEB_UI,
        payloads: 1,
        undecodable: 0,
        reasons: [],
        masked: true,
        outcome: 'DECODED',
        status: 200,
      },
    ]);
  });

  test.each([
    ['default:read', 200],
    ['default:write', 200],
    ['default:Admin', 200],
    ['temporal-system:read', 200],
    ['default:worker', 403],
    ['default:', 403],
    ['default', 403],
    ['other:admin', 403],
    ['default:reader', 403],
    ['DEFAULT:read', 403],
    [17, 403],
  ])('with the permission %p is answered with %p', async (permission, status) => {
    const server = await start(jwt());
    expect(
      await call(server, await provider.sign({ permissions: ['elsewhere:read', permission] })),
    ).toMatchObject({
      status,
    });
  });

  test.each([[undefined], ['default:read'], [{}], [[]]])(
    'with permissions %p may not read',
    async (permissions) => {
      const server = await start(jwt());
      expect(await call(server, await provider.sign({ permissions }))).toMatchObject({
        status: 403,
        text: expect.stringMatching(/^the user may not read this namespace; /),
      });
      expect(await auditOf(1)).toEqual([
        expect.objectContaining({ who: 'user-1', outcome: 'REFUSED', status: 403 }),
      ]);
    },
  );

  test.each([['other'], [''], ['default, other']])(
    'is refused when Web UI looks at the namespace "%s", whatever the user may read there',
    async (namespace) => {
      const server = await start(jwt());
      const token = await provider.sign({
        permissions: ['default:read', 'other:read', 'temporal-system:admin'],
      });
      expect(await call(server, token, { 'x-namespace': namespace })).toMatchObject({
        status: 403,
        text: expect.stringMatching(/^X-Namespace is not the namespace that this codec server decodes; /),
      });
    },
  );

  test('of a subject that is named needs no permissions', async () => {
    const server = await start(jwt({ subjects: ['user-2', 'user-3'] }));
    expect(await call(server, await provider.sign({ sub: 'user-3', permissions: undefined }))).toMatchObject({
      status: 200,
    });
    expect(await call(server, await provider.sign({ sub: 'user-4', permissions: undefined }))).toMatchObject({
      status: 403,
    });
  });

  test('of anybody whom issuer and audience let in suffices with the subject *', async () => {
    const server = await start(jwt({ subjects: ['*'] }));
    expect(await call(server, await provider.sign({ permissions: undefined }))).toMatchObject({
      status: 200,
    });
    expect(await call(server, await provider.sign({ aud: 'another' }))).toMatchObject({ status: 401 });
  });

  test.each<[string, JWTPayload, RegExp]>([
    ['expired', { exp: Math.floor(Date.now() / 1000) - 60 }, /^the token has expired; /],
    ['not valid yet', { nbf: Math.floor(Date.now() / 1000) + 600 }, /claim nbf /],
    ['without an end', { exp: undefined }, /claim exp /],
    ['of another issuer', { iss: 'https://login.example' }, /claim iss /],
    ['for another audience', { aud: ['web-ui', 'other'] }, /claim aud /],
    ['without a subject', { sub: undefined }, /claim sub /],
    ['with an endless subject', { sub: 'x'.repeat(257) }, /claim sub /],
  ])('that is %s is refused', async (_name, claims, message) => {
    const server = await start(jwt());
    const { status, text } = await call(server, await provider.sign(claims));
    expect(status).toBe(401);
    expect(text).toMatch(message);
  });

  test('that another key signed, or none, is refused', async () => {
    const { UnsecuredJWT, generateKeyPair } = await import('jose');
    const server = await start(jwt());
    const { privateKey } = await generateKeyPair('ES256');
    const claims = {
      iss: ISSUER,
      aud: AUDIENCE,
      sub: 'user-1',
      exp: 9_999_999_999,
      permissions: ['default:read'],
    };
    const [header, payload, signature] = (await provider.sign()).split('.');
    const forgeries = {
      'another key': await provider.sign({}, { key: privateKey }),
      'an unknown key': await provider.sign({}, { key: privateKey, kid: 'key-99' }),
      'the public key as a shared secret': await provider.sign(
        {},
        { key: Buffer.from(JSON.stringify(provider.keys[0])), alg: 'HS256' },
      ),
      'no key': new UnsecuredJWT(claims).encode(),
      'changed claims': `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`,
      'a cut signature': `${header}.${payload}.${signature!.slice(0, -4)}`,
      'no token at all': 'a.b.c',
    };
    for (const [name, token] of Object.entries(forgeries))
      expect({ name, ...(await call(server, token)) }).toMatchObject({
        name,
        status: 401,
        text: 'the token is not one of the identity provider; sign in again\n',
      });
  });

  test('signed by RSA is accepted as well', async () => {
    const key = await provider.addKey('rsa-1', 'RS256');
    const server = await start(jwt());
    expect(await call(server, await provider.sign({}, { key, alg: 'RS256', kid: 'rsa-1' }))).toMatchObject({
      status: 200,
    });
  });

  test('cannot be told from another while the key set is away: then nobody is let in, and nobody is blamed', async () => {
    provider.status = 500;
    const server = await start(jwt());
    expect(await call(server, await provider.sign())).toMatchObject({
      status: 503,
      text: "the identity provider's keys cannot be had now; try again\n",
    });
    provider.status = 200;
    expect(await call(server, await provider.sign())).toMatchObject({ status: 200 });
    const gone = await start(jwt({ keySetUrl: new URL('http://127.0.0.1:9/') }));
    expect(await call(gone, await provider.sign())).toMatchObject({ status: 503 });
  });

  test('costs one fetch of the keys, however many come', async () => {
    const server = await start(jwt());
    const before = provider.requests;
    await Promise.all(Array.from({ length: 20 }, async () => await call(server, await provider.sign())));
    for (let index = 0; index < 5; index++)
      await call(server, await provider.sign({}, { kid: `made-up-${index}` }));
    expect(provider.requests - before).toBe(1);
  });

  test('and a bearer token for programs may both be set', async () => {
    const server = await start({ ...jwt(), tokens: new Map([['cli', new Secret(TOKEN)]]) });
    expect(await call(server, TOKEN, { 'x-namespace': 'any' })).toMatchObject({ status: 200 });
    expect(await call(server, await provider.sign())).toMatchObject({ status: 200 });
    expect(await call(server, 'neither-a-token-nor-a-json-web-token')).toMatchObject({ status: 401 });
  });
});

describe('the audit', () => {
  test('has a line for each call, also for one that was refused, and none of the content', async () => {
    const server = await start({ tokens: new Map([['cli', new Secret(TOKEN)]]) });
    await call(server, TOKEN);
    await call(server, 'another-token-that-nobody-knows-of');
    await call(server, TOKEN, { origin: 'http://evil.example' });
    await call(server, TOKEN, { 'content-type': 'text/plain' });
    await call(server, TOKEN, { 'x-namespace': 'a"\u00e9 {forged}' });
    await auditOf(5);
    expect(
      audited.map(({ who, namespace, origin, outcome, status }) => [who, namespace, origin, outcome, status]),
    ).toEqual([
      ['cli', 'default', null, 'DECODED', 200],
      [null, 'default', null, 'REFUSED', 401],
      [null, 'default', null, 'REFUSED', 403],
      ['cli', 'default', null, 'REFUSED', 415],
      ['cli', null, null, 'DECODED', 200],
    ]);
    for (const entry of audited) {
      const line = auditLine(entry);
      expect(line).not.toMatch(/\n|fictitious|another-token|evil/);
      expect(JSON.parse(line)).toMatchObject({ level: 'info', msg: 'codec server call', ...entry });
    }
  });

  test('a line of the audit acts on no terminal, whatever an identity provider calls its user', () => {
    const who = 'jo\u001b[2J\u009b1m\u202e\n{"level":"info"}';
    const line = auditLine({
      ...{ who, namespace: 'default', origin: null, payloads: 0, undecodable: 0, reasons: [] },
      ...{ masked: true, outcome: 'DECODED', status: 200 },
    });
    expect(line).toMatch(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+$/u);
    expect(JSON.parse(line)).toMatchObject({ who });
  });
});
