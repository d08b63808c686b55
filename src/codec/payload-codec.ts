import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto';
import { METADATA_ENCODING_KEY, type Payload, type PayloadCodec } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import type { KeyRing } from '../secrets/key-ring';
import { UNDECODABLE } from '../domain/undecodable';

const PayloadMessage = temporal.api.common.v1.Payload;

const ENCODING = 'binary/encrypted';
const KEY_ID_FIELD = 'encryption-key-id';
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const PRINTABLE_KEY_ID = /^[\w.:/-]{1,64}$/;

/** A payload that cannot be decrypted. The message names its key id at most. */
export class CodecError extends Error {
  constructor(
    readonly code: 'KEY_UNKNOWN' | 'DECRYPT_FAILED',
    message: string,
  ) {
    super(message);
    this.name = 'CodecError';
  }
}

/**
 * Encrypts every payload whole, its metadata too, in the wire format of Temporal's official encryption samples: `encoding` is
 * `binary/encrypted`, `encryption-key-id` names the key, and `data` is a 12-byte nonce, the AES-256-GCM ciphertext of the
 * serialized payload, and the 16-byte tag. Services in other languages can thus read and start sessions with the same key.
 *
 * Encrypts with the ring's primary key and decrypts with the key that the payload names. A payload in another encoding is
 * handed through, so that workflows from before encryption stay readable. Nonces are random: replace a key before it has
 * encrypted 2^32 payloads (NIST SP 800-38D, 8.3), which an alert on `hosted_link_codec_encryptions` warns of.
 *
 * `decode` throws CodecError: KEY_UNKNOWN when the ring lacks the key, DECRYPT_FAILED when the payload was changed, is cut off, or
 * was encrypted under another key of the same id.
 * @param onEncrypt is told how many payloads are about to be encrypted with the primary key
 */
export function createPayloadCodec(ring: KeyRing, onEncrypt?: (count: number) => void): PayloadCodec {
  const { id, key } = ring.primary;
  return {
    async encode(payloads) {
      onEncrypt?.(payloads.length);
      return payloads.map((payload) => encrypt(payload, id, key));
    },
    decode: async (payloads) => payloads.map((payload) => decrypt(payload, ring)),
  };
}

/**
 * The same for a worker, where one payload that cannot be decoded must not be the end of all: instead of an error it becomes a
 * payload in an encoding that no converter knows, and that says why. A signal that holds one is dropped (see
 * `workflows/unreadable-signals.ts`), an update or a query with one is refused; an activity result or a workflow's input with one
 * fails its task, which is repeated until the key is there. Each time the error says `Unknown encoding: undecodable (...)`.
 * @param onUndecodable is told of each such payload
 */
export function createWorkerCodec(
  ring: KeyRing,
  onEncrypt?: (count: number) => void,
  onUndecodable?: () => void,
): PayloadCodec {
  const { encode } = createPayloadCodec(ring, onEncrypt);
  return {
    encode,
    decode: async (payloads) =>
      payloads.map((payload) =>
        decryptOr(payload, ring, ({ message }) => {
          onUndecodable?.();
          return unreadable(message);
        }),
      ),
  };
}

/** What `payload` decrypts to, or what `instead` makes of the reason why it does not. */
export function decryptOr(
  payload: Payload,
  ring: KeyRing,
  instead: (reason: CodecError) => Payload,
): Payload {
  try {
    return decrypt(payload, ring);
  } catch (error) {
    if (error instanceof CodecError) return instead(error);
    throw error;
  }
}

function unreadable(reason: string): Payload {
  return { metadata: { [METADATA_ENCODING_KEY]: Buffer.from(`${UNDECODABLE}${reason})`) } };
}

function encrypt(payload: Payload, keyId: string, key: KeyObject): Payload {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce);
  const plain = PayloadMessage.encode(payload).finish();
  return {
    metadata: { [METADATA_ENCODING_KEY]: Buffer.from(ENCODING), [KEY_ID_FIELD]: Buffer.from(keyId) },
    data: Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]),
  };
}

function decrypt(payload: Payload, ring: KeyRing): Payload {
  if (metadataText(payload, METADATA_ENCODING_KEY) !== ENCODING) return payload;
  const keyId = metadataText(payload, KEY_ID_FIELD);
  const shownId = PRINTABLE_KEY_ID.test(keyId) ? keyId : '(missing or unreadable)';
  const key = ring.get(keyId);
  if (!key)
    throw new CodecError(
      'KEY_UNKNOWN',
      `payload is encrypted under key id ${shownId}, which the codec key ring lacks; add that key to the ring`,
    );
  try {
    return PayloadMessage.decode(open(payload.data ?? new Uint8Array(), key));
  } catch {
    // The cause is dropped: it adds nothing, and a parser's message may quote what was decrypted.
    throw new CodecError(
      'DECRYPT_FAILED',
      `payload cannot be decrypted with key id ${shownId}: it was changed or cut off, or the ring's key under this id is another`,
    );
  }
}

function open(sealed: Uint8Array, key: KeyObject): Uint8Array {
  const tagStart = sealed.length - TAG_BYTES;
  const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAuthTag(sealed.subarray(Math.max(tagStart, 0)));
  return Buffer.concat([
    decipher.update(sealed.subarray(NONCE_BYTES, Math.max(tagStart, NONCE_BYTES))),
    decipher.final(),
  ]);
}

/** A field of a payload's metadata as text; empty when it is not there. */
export function metadataText(payload: Payload, field: string): string {
  return Buffer.from(payload.metadata?.[field] ?? []).toString('utf8');
}
