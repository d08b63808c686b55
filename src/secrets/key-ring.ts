import { createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { InputError } from '../domain/input-error';

/** Length of each key, in bytes: AES-256. */
export const KEY_BYTES = 32;

/** What a key id may be. */
export const KEY_ID_PATTERN = /^[A-Za-z0-9._-]{1,64}$/;

/**
 * Encryption keys by id. The primary key encrypts; every key decrypts what was encrypted under its id. Keys are
 * `KeyObject`s, which neither `util.inspect` nor JSON prints.
 */
export interface KeyRing {
  readonly primary: { readonly id: string; readonly key: KeyObject };
  get(id: string): KeyObject | undefined;
  /** All key ids, the primary's first. */
  ids(): string[];
}

/**
 * Reads a key ring from its textual form: `id:key` pairs separated by commas, the primary first. An id is 1 to 64 of
 * `A-Z a-z 0-9 . _ -`, a key is 32 bytes in base64. White space around a pair is ignored.
 * @param setting the name of the setting that holds the text, for the message
 * @throws InputError naming the setting and the position of the wrong pair, never the text
 */
export function parseKeyRing(text: string, setting: string): KeyRing {
  const keys = new Map<string, KeyObject>();
  const pairs = text.split(',').map((pair) => pair.trim());
  pairs.forEach((pair, index) => {
    const position = `key ${index + 1} of ${pairs.length}`;
    const { id, key } = parsePair(pair, setting, position);
    if (keys.has(id))
      throw new InputError(setting, `has the key id ${id} twice`, 'give each key an id of its own');
    for (const [otherId, other] of keys) {
      if (other.equals(key))
        throw new InputError(setting, `has the same key under ${otherId} and ${id}`, 'leave one of them out');
    }
    keys.set(id, key);
  });
  const [primaryId, primaryKey] = [...keys][0]!;
  return {
    primary: { id: primaryId, key: primaryKey },
    get: (id) => keys.get(id),
    ids: () => [...keys.keys()],
  };
}

/** A new ring of one random key in its textual form, under the id `<prefix>-<8 hex digits>`. The text is a secret. */
export function generateKeyRingText(prefix: string): string {
  return `${prefix}-${randomBytes(4).toString('hex')}:${randomBytes(KEY_BYTES).toString('base64')}`;
}

/** Fixed for ever: vaults keep what it gives. */
const FINGERPRINTED_TEXT = 'hosted-link vault key check 1';

/** 32 bytes that tell a key from any other, and tell nothing of it: an HMAC-SHA256 under it. */
export function keyFingerprint(key: KeyObject): Buffer {
  return createHmac('sha256', key).update(FINGERPRINTED_TEXT).digest();
}

function parsePair(pair: string, setting: string, position: string): { id: string; key: KeyObject } {
  const remedy = 'write each key as id:key, where the key is the output of `openssl rand -base64 32`';
  const colon = pair.indexOf(':');
  if (pair === '') throw new InputError(setting, `${position} is empty`, remedy);
  if (colon === -1) throw new InputError(setting, `${position} has no colon after its id`, remedy);
  const id = pair.slice(0, colon);
  if (!KEY_ID_PATTERN.test(id))
    throw new InputError(
      setting,
      `${position} has a malformed id`,
      'use 1 to 64 letters, digits, dots, underscores and hyphens',
    );
  const encoded = pair.slice(colon + 1);
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.toString('base64') !== encoded)
    throw new InputError(setting, `${position} (${id}) is not base64`, remedy);
  if (bytes.length !== KEY_BYTES)
    throw new InputError(setting, `${position} (${id}) has ${bytes.length} bytes, not ${KEY_BYTES}`, remedy);
  if (bytes.every((byte) => byte === bytes[0]))
    throw new InputError(setting, `${position} (${id}) is one byte repeated, not a random key`, remedy);
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return { id, key };
}
