import { InputError } from '../domain/input-error';
import { keyFingerprint, type KeyRing } from './key-ring';

/** 32 random bytes have 30 different values on average; fewer than 16 come once in 3 * 10^16 keys. */
const MIN_DIFFERENT_BYTES = 16;

/** Fingerprints of the keys that stand in this project's tests, for all to read. */
const PUBLISHED: ReadonlySet<string> = new Set([
  'a96f521422b9218a5a318f96357e182778354db471a4769277dca684ea4c806b',
  '80ffdff94e945fb8420f846cd39fde3a5007ca6a5c23d7f715080d82257d32da',
  '5d441f85e30369bfb45f136342a08bf1dc52b4b20ec32e49bd83c6b6ee195e4b',
]);

/**
 * Refuses keys that anybody could guess: steps of one size (0 1 2 3 ...), text (such as the key of Temporal's samples), a short
 * pattern repeated, those that this project has published. Random bytes are none of these.
 * @throws InputError naming the setting and the key's id
 */
export function refuseWeakKeys(ring: KeyRing, setting: string): void {
  for (const id of ring.ids()) {
    const key = ring.get(id)!;
    const bytes = key.export();
    const step = bytes[1]! - bytes[0]!;
    const even = bytes.every((byte, index) => index === 0 || byte === ((bytes[index - 1]! + step) & 0xff));
    const text = bytes.every((byte) => byte >= 0x20 && byte < 0x7f);
    const repetitive = new Set(bytes).size < MIN_DIFFERENT_BYTES;
    bytes.fill(0);
    if (even || text || repetitive || PUBLISHED.has(keyFingerprint(key).toString('hex')))
      throw new InputError(
        setting,
        `the key ${id} is well known or not random`,
        'make a new one with `openssl rand -base64 32`',
      );
  }
}

/** @throws InputError naming HOSTED_LINK_CODEC_KEYS when the rings share a key */
export function refuseSharedKeys(vaultRing: KeyRing, codecRing: KeyRing): void {
  const shared = sharedKey(vaultRing, codecRing);
  if (!shared) return;
  const [vaultId, codecId] = shared;
  throw new InputError(
    'HOSTED_LINK_CODEC_KEYS',
    `its key ${codecId} is the vault's key ${vaultId}, so whoever may start sessions could open the vault`,
    'give each ring keys of its own',
  );
}

/** @throws InputError naming HOSTED_LINK_CALLBACK_KEYS when it shares a key with a ring that encrypts */
export function refuseForeignKeys(callbackRing: KeyRing, encryptingRing: KeyRing): void {
  const shared = sharedKey(callbackRing, encryptingRing);
  if (!shared) return;
  throw new InputError(
    'HOSTED_LINK_CALLBACK_KEYS',
    `its key ${shared[0]} also encrypts, as ${shared[1]}, and receivers of callbacks would have it`,
    'give each ring keys of its own',
  );
}

/** The ids of a key that both have. */
function sharedKey(ring: KeyRing, other: KeyRing): [string, string] | undefined {
  for (const id of ring.ids()) {
    const otherId = other.ids().find((one) => ring.get(id)!.equals(other.get(one)!));
    if (otherId !== undefined) return [id, otherId];
  }
  return undefined;
}
