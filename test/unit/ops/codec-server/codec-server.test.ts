import { createConnection, createServer } from 'node:net';
import { request as httpRequest } from 'node:http';
import { type CodecAuditEntry, auditLine } from '../../../../src/ops/codec-server/audit';
import { type CodecServer, startCodecServer } from '../../../../src/ops/codec-server/codec-server';
import { InputError } from '../../../../src/domain/input-error';
import { parseKeyRing } from '../../../../src/secrets/key-ring';
import { SELF_SIGNED } from '../../../../testing/self-signed';
import { until } from '../../../../testing/until';
import { keys, vectors } from '../../codec/vectors.json';

const ring = parseKeyRing(
  Object.entries(keys)
    .map(([id, key]) => `${id}:${key}`)
    .join(','),
  'TEST_KEYS',
);
const WEB_UI = 'http://localhost:8233';

let server: CodecServer;
let audited: CodecAuditEntry[] = [];

/** Unmasked, since the vectors are no JSON; masking has a file of its own. */
const options = {
  ring,
  origins: [WEB_UI, 'https://temporal.example'],
  unmasked: true,
  address: { host: '127.0.0.1', port: 0 },
  audit: (entry: CodecAuditEntry) => void audited.push(entry),
};

beforeAll(async () => {
  server = await startCodecServer(options);
});

beforeEach(() => {
  audited = [];
});

afterAll(() => server.close());

function decode(body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${server.url}/decode`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-namespace': 'default', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

function metadataOf(encoding: string, keyId: string): Record<string, string> {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  return { encoding: base64(encoding), 'encryption-key-id': base64(keyId) };
}

function textOf({ data }: { data: string }): string {
  return Buffer.from(data, 'base64').toString();
}

/** `fetch` does not let its caller set Host. */
function statusForHost(host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { host, 'content-type': 'application/json' };
    httpRequest(`${server.url}/decode`, { method: 'POST', headers }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode));
    })
      .once('error', reject)
      .end('{"payloads":[]}');
  });
}

describe('codec server', () => {
  test('decodes a list of payloads as Web UI sends it, in order, clear ones untouched', async () => {
    const clear = { metadata: { encoding: 'anNvbi9wbGFpbg==' }, data: 'ImNsZWFyIg==' };
    const payloads = [clear, ...vectors.map(({ encrypted }) => encrypted)];
    const response = await decode({ payloads }, { origin: WEB_UI });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    expect(await response.json()).toEqual({ payloads: [clear, ...vectors.map(({ plain }) => plain)] });
  });

  test('what lies outside the encrypted part of a payload survives: where its data is stored', async () => {
    const payloads = [
      { metadata: { encoding: 'anNvbi9wbGFpbg==' }, externalPayloads: [{ sizeBytes: '9007199254740993' }] },
    ];
    expect(await (await decode({ payloads })).json()).toEqual({ payloads });
  });

  test('a program that sends no origin, such as the Temporal CLI, may decode', async () => {
    const response = await decode({ payloads: [vectors[0]!.encrypted] });
    expect(response.status).toBe(200);
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  });

  test('an empty list gives an empty list', async () => {
    expect(await (await decode({ payloads: [] })).json()).toEqual({ payloads: [] });
    // As the Temporal CLI writes it for a signal without arguments.
    expect(await (await decode({})).json()).toEqual({ payloads: [] });
  });

  describe('pages of other origins', () => {
    test.each([WEB_UI, 'https://temporal.example'])('%s passes the preflight', async (origin) => {
      const response = await fetch(`${server.url}/decode`, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization,authorization-extras,content-type,x-namespace',
        },
      });
      expect(response.status).toBe(204);
      expect(response.headers.get('access-control-allow-origin')).toBe(origin);
      expect(response.headers.get('access-control-allow-methods')).toBe('POST');
      expect(response.headers.get('access-control-allow-headers')?.split(', ').sort()).toEqual([
        'authorization',
        'authorization-extras',
        'content-type',
        'x-namespace',
      ]);
      expect(response.headers.get('vary')).toBe('Origin');
    });

    test.each(['http://localhost:8234', 'https://localhost:8233', 'http://evil.example', 'null', ''])(
      'origin "%s" is refused, with and without a preflight',
      async (origin) => {
        const preflight = await fetch(`${server.url}/decode`, {
          method: 'OPTIONS',
          headers: { origin, 'access-control-request-method': 'POST' },
        });
        const response = await decode({ payloads: [vectors[0]!.encrypted] }, { origin });
        for (const refused of [preflight, response]) {
          expect(refused.status).toBe(403);
          expect(refused.headers.get('access-control-allow-origin')).toBeNull();
          expect(await refused.text()).toMatch(/^origin is not allowed; /);
        }
      },
    );

    test('a form, which needs no preflight, cannot post payloads', async () => {
      const body = JSON.stringify({ payloads: [vectors[0]!.encrypted] });
      for (const contentType of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data'])
        expect((await decode(body, { 'content-type': contentType })).status).toBe(415);
    });

    test('an error is readable for the page', async () => {
      const response = await decode({ payloads: 'none' }, { origin: WEB_UI });
      expect(response.status).toBe(400);
      expect(response.headers.get('access-control-allow-origin')).toBe(WEB_UI);
    });
  });

  test('another name that points to loopback is refused', async () => {
    const { port } = new URL(server.url);
    const statuses = await Promise.all(
      [
        `localhost:${port}`,
        `127.0.0.1:${port}`,
        `[::1]:${port}`,
        'rebound.example',
        `localhost.evil:${port}`,
      ].map(statusForHost),
    );
    expect(statuses).toEqual([200, 200, 200, 403, 403]);
  });

  test('does not encrypt, and answers nothing but POST /decode', async () => {
    const headers = { 'content-type': 'application/json' };
    const init = { method: 'POST', headers, body: '{"payloads":[]}' };
    expect((await fetch(`${server.url}/encode`, init)).status).toBe(404);
    expect((await fetch(`${server.url}/`, init)).status).toBe(404);
    expect((await fetch(`${server.url}/decode`)).status).toBe(404);
  });

  describe('a payload that cannot be decoded', () => {
    const unknown = { ...vectors[0]!.encrypted, metadata: metadataOf('binary/encrypted', 'gone-1') };
    const forged = { metadata: metadataOf('binary/encrypted', 'key-2026'), data: 'Z2FyYmFnZQ==' };
    const nameless = { metadata: metadataOf('binary/encrypted', '\x1b[2J\nspoofed'), data: '' };

    test('is shown as such in its place, with the id of its key, and the others are decoded', async () => {
      const response = await decode({ payloads: [unknown, vectors[0]!.encrypted, forged, nameless] });
      expect(response.status).toBe(200);
      const { payloads } = (await response.json()) as { payloads: { data: string; metadata: object }[] };
      expect(payloads[1]).toEqual(vectors[0]!.plain);
      expect(payloads[0]!.metadata).toEqual({ encoding: 'anNvbi9wbGFpbg==' });
      expect(textOf(payloads[0]!)).toMatch(
        /^"\[undecodable: payload is encrypted under key id gone-1, .*\]"$/,
      );
      expect(textOf(payloads[2]!)).toMatch(
        /^"\[undecodable: payload cannot be decrypted with key id key-2026: /,
      );
      expect(textOf(payloads[3]!)).toContain('key id (missing or unreadable)');
    });

    test('is told to the audit, with reasons that name the keys', async () => {
      await decode({ payloads: [unknown, unknown, vectors[0]!.encrypted, forged] });
      await until('the call is audited', () => audited.length > 0);
      expect(audited).toEqual([
        expect.objectContaining({
          outcome: 'DECODED',
          payloads: 4,
          undecodable: 3,
          reasons: [expect.stringContaining('gone-1'), expect.stringContaining('key-2026')],
        }),
      ]);
      expect(JSON.parse(auditLine(audited[0]!))).toMatchObject({ level: 'warn' });
    });
  });

  describe('a bad request gets a plain message', () => {
    test.each([
      ['no JSON', '{"payloads":[', /JSON/],
      ['no list', { payloads: { data: '' } }, /^payloads: .*array/],
      ['data that is not base64', { payloads: [{ data: '?' }] }, /^payloads\[0\]\.data: not base64/],
      ['data of an impossible length', { payloads: [{}, { data: 'A' }] }, /^payloads\[1\]: not a Payload/],
      [
        'metadata that is not text',
        { payloads: [{ metadata: { encoding: 1 } }] },
        /^payloads\[0\]\.metadata\./,
      ],
      ['a prototype', '{"__proto__": {}, "payloads": []}', /not valid JSON/],
    ])('%s', async (_name, body, message) => {
      const response = await decode(body);
      expect(response.status).toBe(400);
      expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
      expect(await response.text()).toMatch(message);
    });

    test('more than 10,000 payloads', async () => {
      const response = await decode({ payloads: Array.from({ length: 10_001 }, () => ({})) });
      expect(response.status).toBe(400);
      expect(await response.text()).toMatch(/^payloads: more than 10000; /);
    });

    test('more than 4 MiB', async () => {
      const data = Buffer.alloc(3_200_000).toString('base64');
      expect((await decode({ payloads: [{ data }] })).status).toBe(413);
    });

    test('just under 4 MiB is decoded', async () => {
      const data = Buffer.alloc(3_100_000).toString('base64');
      const answer = (await (await decode({ payloads: [{ data }] })).json()) as {
        payloads: { data: string }[];
      };
      expect(answer.payloads[0]!.data === data).toBe(true);
    });
  });

  describe('start and close', () => {
    test('listens on loopback only, unless told otherwise', () => {
      expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    });

    test.each(['0.0.0.0', '::', '192.0.2.1', 'codec.example'])(
      'on %s, which is not loopback, it does not listen before its callers are named',
      async (host) => {
        const start = startCodecServer({ ...options, address: { host, port: 0 } });
        await expect(start).rejects.toThrow(InputError);
        await expect(start).rejects.toThrow(
          /^--address: not loopback, .*HOSTED_LINK_CODEC_TOKENS or HOSTED_LINK_CODEC_JWKS_URL$/,
        );
      },
    );

    test('a certificate that is none is named', async () => {
      const start = startCodecServer({ ...options, tls: { cert: 'no PEM', key: SELF_SIGNED.key } });
      await expect(start).rejects.toThrow(InputError);
      await expect(start).rejects.toThrow(/^HOSTED_LINK_CODEC_TLS_CERT_FILE: not a certificate in PEM, or /);
    });

    test.each(['localhost:8233', 'http://localhost:8233/', 'http://u:p@localhost:8233', '*', ''])(
      '"%s" is not an origin',
      async (origin) => {
        const start = startCodecServer({ ...options, origins: [origin] });
        await expect(start).rejects.toThrow(InputError);
        await expect(start).rejects.toThrow(/^--origin: not an origin; /);
      },
    );

    test('names an address that is in use', async () => {
      const other = createServer();
      await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
      const { port } = other.address() as { port: number };
      await expect(startCodecServer({ ...options, address: { host: '127.0.0.1', port } })).rejects.toThrow(
        `--address: 127.0.0.1:${port} is in use`,
      );
      await new Promise((resolve) => other.close(resolve));
    });

    test('refuses an address of another machine', async () => {
      const start = startCodecServer({
        ...options,
        address: { host: '192.0.2.1', port: 0 },
        checkAccess: async () => 'anybody',
      });
      await expect(start).rejects.toThrow(/^--address: 192\.0\.2\.1:0 is not an address of this machine/);
    });

    test('close ends an idle connection, so that it cannot keep the process', async () => {
      const own = await startCodecServer(options);
      const socket = createConnection(Number(new URL(own.url).port), '127.0.0.1');
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
      await new Promise((resolve) => socket.once('data', resolve));
      await own.close();
      await closed;
      await expect(fetch(own.url)).rejects.toThrow();
    });
  });
});
