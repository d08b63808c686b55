import { webcrypto } from 'node:crypto';
import { inspect } from 'node:util';
import type { Payload } from '@temporalio/common';
import fc from 'fast-check';
import { CodecError, createPayloadCodec } from '../../../src/codec/payload-codec';
import { generateKeyRingText, type KeyRing, parseKeyRing } from '../../../src/secrets/key-ring';
import { keys, vectors } from './vectors.json';

const vectorRing = parseKeyRing(
  Object.entries(keys)
    .map(([id, key]) => `${id}:${key}`)
    .join(','),
  'TEST_KEYS',
);

function newRing(): KeyRing {
  return parseKeyRing(generateKeyRingText('test'), 'TEST_KEYS');
}

function payloadOf(metadata: Record<string, string>, data?: string): Payload {
  return {
    metadata: Object.fromEntries(Object.entries(metadata).map(([name, text]) => [name, Buffer.from(text)])),
    data: data === undefined ? undefined : Buffer.from(data),
  };
}

type JsonPayload = { metadata: object; data?: string };

function fromJson({ metadata, data }: JsonPayload): Payload {
  return {
    metadata: Object.fromEntries(
      Object.entries(metadata).map(([name, text]) => [name, Buffer.from(String(text), 'base64')]),
    ),
    data: data === undefined ? undefined : Buffer.from(data, 'base64'),
  };
}

/** Metadata and data as plain hex, so that Buffers, Uint8Arrays and absent data compare by content. */
function contentOf(payload: Payload): object {
  return {
    metadata: Object.fromEntries(
      Object.entries(payload.metadata ?? {}).map(([name, bytes]) => [
        name,
        Buffer.from(bytes).toString('hex'),
      ]),
    ),
    data: Buffer.from(payload.data ?? []).toString('hex'),
  };
}

async function rejectionOf(promise: Promise<unknown>): Promise<CodecError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(CodecError);
  return error as CodecError;
}

/** Another implementation of the format's reading side: Web Crypto, and protobuf taken apart by hand. */
async function readIndependently(encrypted: Payload, rawKey: Uint8Array): Promise<Payload> {
  const key = await webcrypto.subtle.importKey('raw', rawKey, 'AES-GCM', false, ['decrypt']);
  const sealed = encrypted.data!;
  const plain = Buffer.from(
    await webcrypto.subtle.decrypt(
      { name: 'AES-GCM', iv: sealed.subarray(0, 12), tagLength: 128 },
      key,
      sealed.subarray(12),
    ),
  );
  const metadata: Record<string, Uint8Array> = {};
  let data: Uint8Array | undefined;
  for (const [number, content] of fieldsOf(plain)) {
    if (number === 2) data = content;
    if (number !== 1) continue;
    const entry = new Map(fieldsOf(content));
    metadata[(entry.get(1) ?? Buffer.alloc(0)).toString()] = entry.get(2) ?? Buffer.alloc(0);
  }
  return { metadata, data };
}

/** The length-delimited fields of a protobuf message. */
function fieldsOf(message: Buffer): [number, Buffer][] {
  const fields: [number, Buffer][] = [];
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = message[at++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    expect(tag & 7).toBe(2);
    const length = varint();
    fields.push([tag >> 3, message.subarray(at, at + length)]);
    at += length;
  }
  return fields;
}

describe('payload codec', () => {
  test.each(vectors)('reads what another implementation encrypted: $name', async ({ plain, encrypted }) => {
    const [decoded] = await createPayloadCodec(vectorRing).decode([fromJson(encrypted)]);
    expect(contentOf(decoded!)).toEqual(contentOf(fromJson(plain)));
  });

  test.each(vectors)('writes what another implementation reads: $name', async ({ plain }) => {
    const [encoded] = await createPayloadCodec(vectorRing).encode([fromJson(plain)]);
    const read = await readIndependently(encoded!, Buffer.from(keys['key-2026'], 'base64'));
    expect(contentOf(read)).toEqual(contentOf(fromJson(plain)));
  });

  test('what it encrypts names its encoding and the primary key, and nothing else', async () => {
    const [encoded] = await createPayloadCodec(vectorRing).encode([
      payloadOf({ encoding: 'json/plain' }, '1'),
    ]);
    const envelope = payloadOf({ encoding: 'binary/encrypted', 'encryption-key-id': 'key-2026' });
    expect(contentOf({ metadata: encoded!.metadata })).toEqual(contentOf(envelope));
    // Nonce, tag and the message of this payload: 2 + (2 + 8 + 2 + 10) for the metadata, 2 + 1 for the data.
    expect(encoded!.data).toHaveLength(12 + 16 + 24 + 3);
  });

  test('any payload comes back as it went in, and in its place', async () => {
    const codec = createPayloadCodec(newRing());
    const bytes = fc.uint8Array({ maxLength: 200 });
    // protobufjs leaves this one name out, lest it change a prototype.
    const name = fc.string().filter((text) => text !== '__proto__');
    const payload = fc.record({ metadata: fc.dictionary(name, bytes), data: bytes });
    await fc.assert(
      fc.asyncProperty(fc.array(payload, { maxLength: 5 }), async (payloads) => {
        const back = await codec.decode(await codec.encode(payloads));
        expect(back.map(contentOf)).toEqual(payloads.map(contentOf));
      }),
      { numRuns: 200 },
    );
  });

  test('the same payload never looks the same twice', async () => {
    const codec = createPayloadCodec(newRing());
    const same = payloadOf({ encoding: 'json/plain' }, '"same"');
    const encoded = await codec.encode(Array.from({ length: 100 }, () => same));
    const nonces = new Set(encoded.map(({ data }) => Buffer.from(data!.subarray(0, 12)).toString('hex')));
    const rests = new Set(encoded.map(({ data }) => Buffer.from(data!.subarray(12)).toString('hex')));
    expect([nonces.size, rests.size]).toEqual([100, 100]);
  });

  test('a payload in another encoding is handed through untouched', async () => {
    const codec = createPayloadCodec(newRing());
    const payloads = [payloadOf({ encoding: 'json/plain' }, '"clear"'), payloadOf({}), { data: null }];
    const decoded = await codec.decode(payloads);
    expect(decoded.map((payload, index) => payload === payloads[index])).toEqual([true, true, true]);
  });

  test('an older key of the ring still decrypts after another became primary', async () => {
    const [older, newer] = [generateKeyRingText('older'), generateKeyRingText('newer')];
    const plain = payloadOf({ encoding: 'json/plain' }, '"kept"');
    const before = await createPayloadCodec(parseKeyRing(older, 'TEST_KEYS')).encode([plain]);
    const after = createPayloadCodec(parseKeyRing(`${newer},${older}`, 'TEST_KEYS'));
    const [decoded] = await after.decode(before);
    expect(contentOf(decoded!)).toEqual(contentOf(plain));
  });

  test('an unknown key is refused by its id', async () => {
    const [encoded] = await createPayloadCodec(vectorRing).encode([payloadOf({}, 'x')]);
    const error = await rejectionOf(createPayloadCodec(newRing()).decode([encoded!]));
    expect(error.code).toBe('KEY_UNKNOWN');
    expect(error.message).toContain('key id key-2026,');
  });

  test.each([
    ['missing', undefined],
    ['made to mislead', 'key\n2026 is fine\u001b[2K'],
  ])('a key id that is %s is not repeated in the message', async (_name, keyId) => {
    const metadata = { encoding: 'binary/encrypted', ...(keyId && { 'encryption-key-id': keyId }) };
    const error = await rejectionOf(createPayloadCodec(vectorRing).decode([payloadOf(metadata, 'x')]));
    expect(error.code).toBe('KEY_UNKNOWN');
    expect(error.message).toContain('(missing or unreadable)');
  });

  test('a change of any single byte, and any shortening, is found', async () => {
    const codec = createPayloadCodec(vectorRing);
    const [encoded] = await codec.encode([payloadOf({ encoding: 'json/plain' }, '"+15555550100"')]);
    const sealed = encoded!.data!;
    const damaged = [...sealed.keys()].flatMap((index) => {
      const flipped = Buffer.from(sealed);
      flipped[index]! ^= 1;
      return [flipped, sealed.subarray(0, index)];
    });
    for (const data of damaged) {
      const error = await rejectionOf(codec.decode([{ metadata: encoded!.metadata, data }]));
      expect(error.code).toBe('DECRYPT_FAILED');
      expect(inspect(error)).not.toContain('5555550100');
    }
    expect((await rejectionOf(codec.decode([{ metadata: encoded!.metadata }]))).code).toBe('DECRYPT_FAILED');
  });

  test('another key under the same id is refused, not taken for no data', async () => {
    const [encoded] = await createPayloadCodec(vectorRing).encode([payloadOf({}, 'x')]);
    const impostor = parseKeyRing(`key-2026:${generateKeyRingText('x').split(':')[1]}`, 'TEST_KEYS');
    const error = await rejectionOf(createPayloadCodec(impostor).decode([encoded!]));
    expect(error).toMatchObject({ code: 'DECRYPT_FAILED', message: expect.stringContaining('key-2026') });
  });
});
