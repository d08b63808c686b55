import { createPayloadCodec } from '../../../../src/codec/payload-codec';
import { type CodecServer, startCodecServer } from '../../../../src/ops/codec-server/codec-server';
import { generateKeyRingText, parseKeyRing } from '../../../../src/secrets/key-ring';
import { testRoughClients } from '../../../../testing/rough-clients';

const ring = parseKeyRing(generateKeyRingText('test'), 'TEST_KEYS');

let server: CodecServer;
beforeAll(async () => {
  server = await startCodecServer({
    ring,
    origins: ['http://localhost:8233'],
    address: { host: '127.0.0.1', port: 0 },
    audit: () => undefined,
  });
});
afterAll(() => server.close());

function decode(body: string | Buffer): Promise<Response> {
  return fetch(`${server.url}/decode`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
}

/** What the server shows of a JSON text that was encrypted. */
async function shown(json: string): Promise<{ status: number; data: string }> {
  const plain = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(json) };
  const [{ metadata, data }] = (await createPayloadCodec(ring).encode([plain])) as [
    { metadata: Record<string, Uint8Array>; data: Uint8Array },
  ];
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  const encrypted = {
    metadata: Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, base64(value)])),
    data: base64(data),
  };
  const answer = await decode(JSON.stringify({ payloads: [encrypted] }));
  const { payloads } = (await answer.json()) as { payloads: [{ data: string }] };
  return { status: answer.status, data: Buffer.from(payloads[0].data, 'base64').toString() };
}

describe('the codec server', () => {
  testRoughClients(() => ({
    url: `${server.url}/decode`,
    limit: 4 * 1024 * 1024,
    good: async () => (await decode('{"payloads":[]}')).status,
  }));

  const DEEP = 1_000_000;

  test.each([
    ['deep lists', `${'['.repeat(DEEP)}${']'.repeat(DEEP)}`],
    ['deep payloads', `{"payloads":${'['.repeat(DEEP)}${']'.repeat(DEEP)}}`],
    ['a prototype', '{"payloads":[{"__proto__":{"data":""}}]}'],
    ['a constructor', '{"payloads":[{"constructor":{"prototype":{"polluted":1}}}]}'],
    ['bytes that are no UTF-8', Buffer.from('{"payloads":[{"data":"\xff\xfe"}]}', 'latin1')],
  ])('refuses %s', async (_what, body) => {
    expect((await decode(body)).status).toBe(400);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  test.each([
    ['nested deeply', `${'['.repeat(500_000)}"+15555550123"${']'.repeat(500_000)}`],
    ['long and without a space', JSON.stringify('a'.repeat(2_000_000))],
  ])('shows no secret of a payload that is %s, and soon', async (_what, json) => {
    const began = Date.now();
    const { status, data } = await shown(json);
    expect(status).toBe(200);
    expect(data).not.toContain('5555550123');
    expect(Date.now() - began).toBeLessThan(20_000);
  });
});
