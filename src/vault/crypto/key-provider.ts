import type { KeyObject } from 'node:crypto';
import { InputError } from '../../domain/input-error';
import { keyFingerprint, type KeyRing } from '../../secrets/key-ring';
import { decrypt, encrypt } from './aes-gcm';
import { VaultError } from '../vault-error';

/**
 * Wraps the data keys of the vault's rows with keys that it keeps to itself: a key ring in memory, or a key management
 * service. No lock or transaction is held while it works, so it may take as long as a service takes; what it rejects with is
 * tried again like any failure of the vault.
 */
export interface KeyProvider {
  /** Where its keys come from, for messages: a setting's name, or the service's. */
  readonly source: string;
  /**
   * The ids of its keys, at least one, each 1 to 64 of `A-Z a-z 0-9 . _ -` (a service's longer names stay inside). The first
   * wraps, all unwrap.
   */
  readonly keyIds: readonly string[];
  /** Encrypts a data key (32 bytes) under a key, bound to `associatedData`. The bytes differ each time. */
  wrap(keyId: string, dataKey: Buffer, associatedData: Buffer): Promise<Buffer>;
  /**
   * The data key; undefined when the bytes, or the associated data, are not those of a wrap under this key. Rejects when it
   * cannot tell, such as when a service does not answer.
   */
  unwrap(keyId: string, wrappedKey: Buffer, associatedData: Buffer): Promise<Buffer | undefined>;
  /**
   * 32 bytes that are always the same for a key, differ from any other key's, and give nothing of it away: the vault keeps
   * them, to notice when an id comes to stand for another key. For a service, a hash of the name that the key never changes.
   */
  fingerprint(keyId: string): Promise<Buffer>;
}

/**
 * The key ring as a provider: AES-256-GCM with keys in this process's memory.
 * @param source the setting that the ring was read from
 */
export function ringKeyProvider(ring: KeyRing, source: string): KeyProvider {
  const keyOf = (keyId: string): KeyObject => {
    const key = ring.get(keyId);
    if (!key) throw new RangeError(`the ring has no key ${keyId}`);
    return key;
  };
  return {
    source,
    keyIds: ring.ids(),
    wrap: async (keyId, dataKey, associatedData) => encrypt(keyOf(keyId), dataKey, associatedData),
    async unwrap(keyId, wrappedKey, associatedData) {
      const key = keyOf(keyId);
      try {
        return decrypt(key, wrappedKey, associatedData);
      } catch {
        return undefined;
      }
    },
    fingerprint: async (keyId) => keyFingerprint(keyOf(keyId)),
  };
}

/**
 * Two providers as one: the first one's keys come first, so that it wraps, and rows under the other's keys stay readable
 * until they are re-wrapped.
 * @throws InputError when both have a key of the same id
 */
export function joinKeyProviders(first: KeyProvider, other: KeyProvider): KeyProvider {
  const shared = first.keyIds.find((keyId) => other.keyIds.includes(keyId));
  if (shared !== undefined) {
    throw new InputError(
      other.source,
      `has a key of the id ${shared}, and so has ${first.source}`,
      'give each key an id of its own',
    );
  }
  const ownerOf = (keyId: string) => (first.keyIds.includes(keyId) ? first : other);
  return {
    source: `${first.source} and ${other.source}`,
    keyIds: [...first.keyIds, ...other.keyIds],
    wrap: (keyId, ...rest) => ownerOf(keyId).wrap(keyId, ...rest),
    unwrap: (keyId, ...rest) => ownerOf(keyId).unwrap(keyId, ...rest),
    fingerprint: (keyId) => ownerOf(keyId).fingerprint(keyId),
  };
}

/**
 * Asks a provider to use a key.
 * @throws VaultError KEY_PROVIDER_FAILED with the name and code of what it rejected with, which may hold anything else
 */
export async function callProvider<T>(
  { source }: KeyProvider,
  keyId: string,
  question: () => Promise<T>,
): Promise<T> {
  try {
    return await question();
  } catch (error) {
    throw new VaultError(
      'KEY_PROVIDER_FAILED',
      `${source} failed to use the key ${keyId} (${nameOf(error)})`,
    );
  }
}

function nameOf(error: unknown): string {
  const { name, code } = error as Partial<NodeJS.ErrnoException>;
  const words = [name, code].filter((word) => typeof word === 'string' && /^\w{1,60}$/.test(word));
  return words.length > 0 ? words.join(' ') : 'no reason given';
}
