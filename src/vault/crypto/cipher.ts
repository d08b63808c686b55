import { randomBytes } from 'node:crypto';
import { KEY_BYTES } from '../../secrets/key-ring';
import { Secret } from '../../secrets/secret';
import type { PlaidEnvironment } from '../../domain/link-token';
import { decrypt, encrypt } from './aes-gcm';
import { callProvider, type KeyProvider } from './key-provider';
import { VaultError } from '../vault-error';

const VERSION = 1;

/** Of the length in front of each field of the associated data. */
const LENGTH_BYTES = 4;

/** Where a sealed value belongs; opened anywhere else, it does not decrypt. */
export interface SealContext {
  purpose:
    'session.request_digest' | 'result.token' | 'result.accounts' | 'item.access_token' | 'item.accounts';
  /** The primary key of the row. */
  rowId: string;
  /** The item of the row; empty when it has none. */
  itemId: string;
}

/** A data key, encrypted: two columns of a row. */
export interface WrappedKey {
  /** The provider's key that wraps it. */
  keyId: string;
  /** As the provider gave it; of a key ring: nonce, ciphertext, tag. */
  wrappedKey: Buffer;
}

/** An encrypted value: three columns of a row. */
export interface Sealed extends WrappedKey {
  /** The value: version, nonce, ciphertext, tag. */
  ciphertext: Buffer;
}

/**
 * Seals and opens values of one deployment. Never call it inside a transaction: the key provider may be a service.
 * Each method throws VaultError KEY_PROVIDER_FAILED when the provider cannot be asked.
 */
export interface Cipher {
  /** The provider's first key: it wraps what is sealed from now on. */
  readonly primaryId: string;
  /** Encrypts under a new data key, wrapped by the provider's first key. */
  seal(value: Secret, context: SealContext): Promise<Sealed>;
  /**
   * @throws VaultError KEY_UNKNOWN when the provider lacks the key, DECRYPT_FAILED when a byte or the context differs from
   * what was sealed
   */
  open(sealed: Sealed, context: SealContext): Promise<Secret>;
  /**
   * The same data key, wrapped by the provider's first key.
   * @throws VaultError as {@link Cipher.open} does
   */
  rewrap(wrapped: WrappedKey, context: SealContext): Promise<WrappedKey>;
}

/**
 * Envelope encryption with AES-256-GCM: a random data key for each value, wrapped by a key of the provider. Both are bound to
 * version, purpose, environment, row id and item id, each with its length in front; the wrap to its key id too.
 */
export function createCipher(keys: KeyProvider, environment: PlaidEnvironment): Cipher {
  const primaryId = keys.keyIds[0]!;

  function fieldsOf({ purpose, rowId, itemId }: SealContext): string[] {
    return [String(VERSION), purpose, environment, rowId, itemId];
  }

  async function wrap(dataKey: Buffer, context: SealContext): Promise<WrappedKey> {
    const bound = associatedData([...fieldsOf(context), primaryId]);
    const wrappedKey = await callProvider(keys, primaryId, () => keys.wrap(primaryId, dataKey, bound));
    return { keyId: primaryId, wrappedKey };
  }

  async function unwrap({ keyId, wrappedKey }: WrappedKey, context: SealContext): Promise<Buffer> {
    if (!keys.keyIds.includes(keyId)) {
      throw new VaultError(
        'KEY_UNKNOWN',
        `${describe(context)} is encrypted under the key ${keyId}, which ${keys.source} lacks`,
        'add it',
      );
    }
    const bound = associatedData([...fieldsOf(context), keyId]);
    const dataKey = await callProvider(keys, keyId, () => keys.unwrap(keyId, wrappedKey, bound));
    if (dataKey === undefined) throw closed(context, keyId);
    return dataKey;
  }

  function closed(context: SealContext, keyId: string): VaultError {
    return new VaultError(
      'DECRYPT_FAILED',
      `${describe(context)} does not decrypt under the key ${keyId}: it was changed, moved, or belongs to another environment than ${environment}`,
    );
  }

  return {
    primaryId,
    async seal(value, context) {
      const dataKey = randomBytes(KEY_BYTES);
      try {
        const data = encrypt(dataKey, Buffer.from(value.reveal()), associatedData(fieldsOf(context)));
        const wrapped = await wrap(dataKey, context);
        return { ...wrapped, ciphertext: Buffer.concat([Buffer.of(VERSION), data]) };
      } finally {
        dataKey.fill(0);
      }
    },
    async open(sealed, context) {
      const dataKey = await unwrap(sealed, context);
      try {
        if (sealed.ciphertext[0] !== VERSION) throw new Error('unknown version');
        const data = sealed.ciphertext.subarray(1);
        return new Secret(decrypt(dataKey, data, associatedData(fieldsOf(context))).toString());
      } catch {
        throw closed(context, sealed.keyId);
      } finally {
        dataKey.fill(0);
      }
    },
    async rewrap(wrapped, context) {
      const dataKey = await unwrap(wrapped, context);
      try {
        return await wrap(dataKey, context);
      } finally {
        dataKey.fill(0);
      }
    },
  };
}

function describe({ purpose, rowId }: SealContext): string {
  return `${purpose} of ${rowId}`;
}

/** Each field with its length in front, so that no two lists of fields give the same bytes. */
function associatedData(fields: readonly string[]): Buffer {
  const size = fields.reduce((sum, field) => sum + LENGTH_BYTES + Buffer.byteLength(field), 0);
  const bytes = Buffer.alloc(size);
  let end = 0;
  for (const field of fields) {
    const length = bytes.write(field, end + LENGTH_BYTES);
    bytes.writeUInt32BE(length, end);
    end += LENGTH_BYTES + length;
  }
  return bytes;
}
