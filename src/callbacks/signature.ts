import { type BinaryLike, createHmac, type KeyObject } from 'node:crypto';

/*
 * The wire format of Standard Webhooks 1.0.0 (https://www.standardwebhooks.com): any of its libraries verifies a callback.
 */

/** The header that names a callback: the same one, however often it is sent. */
export const ID_HEADER = 'webhook-id';

/** The header with the time of this attempt, in seconds since 1970. */
export const TIMESTAMP_HEADER = 'webhook-timestamp';

/** The header with `v1,` and the signature in base64, once for each key, separated by spaces. */
export const SIGNATURE_HEADER = 'webhook-signature';

/** The version of a signature by a secret that both sides have: HMAC-SHA256. */
export const SIGNATURE_VERSION = 'v1';

/** What a signature is of. */
export interface SignedCallback {
  id: string;
  /** In seconds since 1970, as it stands in the header. */
  timestamp: string;
  /** As it is sent. */
  body: string | Uint8Array;
}

/** The 32 bytes of the signature under one key. */
export function callbackSignature({ id, timestamp, body }: SignedCallback, key: KeyObject): Buffer {
  return createHmac('sha256', key)
    .update(`${id}.${timestamp}.`)
    .update(body as BinaryLike)
    .digest();
}
