import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto';
import { KEY_BYTES, type KeyRing } from '../key-ring';
import { Secret } from '../secret';
import type { PlaidEnvironment } from '../session';
import { VaultError } from './vault';

const VERSION = 1;
const ALGORITHM = 'aes-256-gcm';
/** Random 96-bit nonces: NIST SP 800-38D allows 2^32 of them for one key, that is so many rows for one key of the ring. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Where a sealed value belongs; opened anywhere else, it does not decrypt. */
export interface SealContext {
  purpose: 'session.request_digest' | 'result.token' | 'item.access_token';
  /** The primary key of the row. */
  rowId: string;
  /** The item of the row; empty when it has none. */
  itemId: string;
}

/** An encrypted value: three columns of a row. */
export interface Sealed {
  /** The key of the ring that wraps the data key. */
  keyId: string;
  /** The data key: nonce, ciphertext, tag. */
  wrappedKey: Buffer;
  /** The value: version, nonce, ciphertext, tag. */
  ciphertext: Buffer;
}

/** Seals and opens values of one deployment. */
export interface Cipher {
  /** Encrypts under a new data key, wrapped by the ring's primary key. */
  seal(value: Secret, context: SealContext): Sealed;
  /**
   * @throws VaultError KEY_UNKNOWN when the ring lacks the key, DECRYPT_FAILED when a byte or the context differs from what
   * was sealed
   */
  open(sealed: Sealed, context: SealContext): Secret;
}

/**
 * Envelope encryption with AES-256-GCM: a random data key for each value, wrapped by the primary key of the ring. Both are
 * bound to version, purpose, environment, row id and item id, each with its length in front; the wrap to its key id too.
 */
export function createCipher(ring: KeyRing, environment: PlaidEnvironment): Cipher {
  const dataFields = (context: SealContext) => [
    String(VERSION),
    context.purpose,
    environment,
    context.rowId,
    context.itemId,
  ];
  return {
    seal(value, context) {
      const fields = dataFields(context);
      const { id, key } = ring.primary;
      const dataKey = randomBytes(KEY_BYTES);
      try {
        return {
          keyId: id,
          wrappedKey: encrypt(key, dataKey, [...fields, id]),
          ciphertext: Buffer.concat([
            Buffer.of(VERSION),
            encrypt(dataKey, Buffer.from(value.reveal()), fields),
          ]),
        };
      } finally {
        dataKey.fill(0);
      }
    },
    open({ keyId, wrappedKey, ciphertext }, context) {
      const fields = dataFields(context);
      const key = ring.get(keyId);
      if (!key) {
        throw new VaultError(
          'KEY_UNKNOWN',
          `${describe(context)} is encrypted under the key ${keyId}, which HOSTED_LINK_VAULT_KEYS lacks; add it`,
        );
      }
      try {
        if (ciphertext[0] !== VERSION) throw new Error('unknown version');
        const dataKey = decrypt(key, wrappedKey, [...fields, keyId]);
        try {
          return new Secret(decrypt(dataKey, ciphertext.subarray(1), fields).toString());
        } finally {
          dataKey.fill(0);
        }
      } catch {
        throw new VaultError(
          'DECRYPT_FAILED',
          `${describe(context)} does not decrypt under the key ${keyId}: it was changed, moved, or belongs to another environment than ${environment}`,
        );
      }
    },
  };
}

function describe({ purpose, rowId }: SealContext): string {
  return `${purpose} of ${rowId}`;
}

/** Each field with its length in front, so that no two lists of fields give the same bytes. */
function associatedData(fields: readonly string[]): Buffer {
  return Buffer.concat(
    fields.flatMap((field) => {
      const bytes = Buffer.from(field);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
}

function encrypt(key: KeyObject | Buffer, plaintext: Buffer, fields: readonly string[]): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(associatedData(fields));
  return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(key: KeyObject | Buffer, bytes: Buffer, fields: readonly string[]): Buffer {
  const end = bytes.length - TAG_BYTES;
  if (end < NONCE_BYTES) throw new Error('too short');
  const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(associatedData(fields));
  decipher.setAuthTag(bytes.subarray(end));
  return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, end)), decipher.final()]);
}
