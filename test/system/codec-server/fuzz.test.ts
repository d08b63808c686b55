import { request } from 'node:http';
import type { Payload } from '@temporalio/common';
import fc from 'fast-check';
import { type CodecAuditEntry, auditLine } from '../../../src/ops/codec-server/audit';
import { type CodecServer, startCodecServer } from '../../../src/ops/codec-server/codec-server';
import { CodecError, createPayloadCodec, createWorkerCodec } from '../../../src/codec/payload-codec';
import { generateKeyRingText, parseKeyRing } from '../../../src/secrets/key-ring';

const ring = parseKeyRing(generateKeyRingText('test'), 'TEST_KEYS');
const codec = createPayloadCodec(ring);

const bytes = fc.uint8Array({ maxLength: 120 });
const encoding = fc.oneof(
  { weight: 3, arbitrary: fc.constant(Buffer.from('binary/encrypted')) },
  fc.constantFrom('json/plain', 'binary/null', 'json/protobuf').map((text) => Buffer.from(text)),
  bytes,
);
const keyId = fc.oneof(fc.constant(Buffer.from(ring.primary.id)), bytes);
const anyPayload: fc.Arbitrary<Payload> = fc.record({
  metadata: fc.option(
    fc.record({ encoding, 'encryption-key-id': keyId, extra: bytes }, { requiredKeys: [] }),
  ),
  data: fc.option(bytes),
});

/** A payload that was encrypted, with one byte of it changed, cut off, or added. */
const damaged = fc
  .tuple(fc.uint8Array({ maxLength: 60 }), fc.nat(), fc.integer({ min: 1, max: 255 }), fc.nat({ max: 2 }))
  .map(([data, position, flip, how]) => async () => {
    const [encrypted] = await codec.encode([{ metadata: { encoding: Buffer.from('binary/plain') }, data }]);
    const sealed = Buffer.from(encrypted!.data!);
    const at = position % sealed.length;
    if (how === 0) sealed[at]! ^= flip;
    const changed =
      how === 1 ? sealed.subarray(0, at) : how === 2 ? Buffer.concat([sealed, Buffer.from([flip])]) : sealed;
    return { metadata: encrypted!.metadata, data: changed };
  });

describe('the payload codec', () => {
  test('decodes any payload, hands it through, or refuses it by its named error', async () => {
    await fc.assert(
      fc.asyncProperty(anyPayload, async (payload) => {
        try {
          const [decoded] = await codec.decode([payload]);
          expect(decoded).toBe(payload);
        } catch (error) {
          expect(error).toBeInstanceOf(CodecError);
          expect(['KEY_UNKNOWN', 'DECRYPT_FAILED']).toContain((error as CodecError).code);
        }
        // A worker's gives a payload in any case.
        expect(await createWorkerCodec(ring).decode([payload])).toHaveLength(1);
      }),
      { numRuns: 1_000 },
    );
  });

  test('never decrypts what was changed, cut off or added to', async () => {
    await fc.assert(
      fc.asyncProperty(damaged, async (damage) => {
        await expect(codec.decode([await damage()])).rejects.toMatchObject({ code: 'DECRYPT_FAILED' });
      }),
      { numRuns: 500 },
    );
  });
});

describe('the codec server', () => {
  let server: CodecServer;
  const audited: CodecAuditEntry[] = [];
  beforeAll(async () => {
    server = await startCodecServer({
      ring,
      origins: ['http://localhost:8233'],
      address: { host: '127.0.0.1', port: 0 },
      audit: (entry) => void audited.push(entry),
    });
  });
  afterAll(() => server.close());

  function send(
    method: string,
    path: string,
    headers: Record<string, string>,
    body: string | Uint8Array,
  ): Promise<{ status: number | undefined; text: string }> {
    return new Promise((resolve) => {
      const sent = request(new URL(server.url), { method, path, headers, agent: false }, (answer) => {
        let text = '';
        answer.on('data', (chunk) => (text += String(chunk)));
        answer.once('end', () => resolve({ status: answer.statusCode, text }));
      });
      sent.once('error', () => resolve({ status: undefined, text: '' }));
      sent.end(body);
    });
  }

  const headerValue = fc.string({ maxLength: 40 }).map((text) => text.replace(/[^ -~]/g, ''));
  const headers = fc.dictionary(
    fc.constantFrom(
      'x-namespace',
      'authorization',
      'origin',
      'accept',
      'content-encoding',
      'host',
      '__proto__',
    ),
    fc.oneof(headerValue, fc.constantFrom('http://localhost:8233', 'default', 'Bearer x', 'localhost')),
    { maxKeys: 4 },
  );
  const json = fc.oneof(
    fc.json(),
    fc.jsonValue().map((value) => JSON.stringify({ payloads: value })),
    fc
      .array(
        fc.dictionary(
          fc.constantFrom('metadata', 'data', 'externalPayloads', '__proto__', 'constructor'),
          fc.oneof(
            fc.base64String(),
            fc.dictionary(fc.constantFrom('encoding', 'encryption-key-id', '__proto__'), fc.base64String()),
            fc.jsonValue({ maxDepth: 2 }),
          ),
        ),
        { maxLength: 3 },
      )
      .map((payloads) => JSON.stringify({ payloads })),
  );

  test('answers anything with a status of its own, and never with an error of ours', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('POST', 'POST', 'POST', 'GET', 'OPTIONS', 'PUT', 'HEAD'),
        fc.constantFrom('/decode', '/decode', '/decode', '/encode', '/', '/%', '/decode/../x'),
        headers,
        fc.constantFrom('application/json', 'application/json', 'text/plain', 'x', ''),
        fc.oneof({ weight: 3, arbitrary: json }, bytes),
        async (method, path, sent, type, body) => {
          const { status } = await send(method, path, { ...sent, 'content-type': type }, body);
          if (status !== undefined) expect([200, 204, 400, 403, 404, 415]).toContain(status);
        },
      ),
      { numRuns: 400 },
    );
    for (const entry of audited) expect(JSON.parse(auditLine(entry))).toMatchObject({ status: entry.status });
  });

  test('shows any payloads in their places, or refuses the request', async () => {
    const base64 = (value: Uint8Array) => Buffer.from(value).toString('base64');
    const toJson = ({ metadata, data }: Payload) => ({
      metadata:
        metadata &&
        Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, base64(value)])),
      data: data && base64(data),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(anyPayload, { maxLength: 5 }), async (payloads) => {
        const body = JSON.stringify({ payloads: payloads.map(toJson) });
        const { status, text } = await send('POST', '/decode', { 'content-type': 'application/json' }, body);
        expect(status).toBe(200);
        expect((JSON.parse(text) as { payloads: unknown[] }).payloads).toHaveLength(payloads.length);
      }),
      { numRuns: 200 },
    );
  });
});
