import { createHash, type KeyObject, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { WebhookKeyError } from './key-cache';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** How old a webhook's token may be, in milliseconds: 5 min (plaid.com/docs/api/webhooks/webhook-verification, 2026-03). */
const TOKEN_LIFE_MS = 5 * MINUTE;

/** How far the sender's clock may be ahead of ours, in milliseconds: 1 min. */
const CLOCK_TOLERANCE_MS = 1 * MINUTE;

/** The longest token that is looked at, in characters. Plaid's have about 300. */
const MAX_TOKEN_LENGTH = 4_096;

/** Why a webhook is not Plaid's, or cannot be told to be, in the order of the checks. */
export type RefusalReason =
  | 'token_missing'
  | 'token_malformed'
  | 'algorithm'
  | 'key_unknown'
  | 'key_expired'
  | 'signature'
  | 'claims'
  | 'too_old'
  | 'from_the_future'
  | 'body_changed';

/** A webhook that is not to be believed. */
export class WebhookRefused extends Error {
  constructor(readonly reason: RefusalReason) {
    super(`webhook refused: ${reason}`);
    this.name = 'WebhookRefused';
  }
}

/** A verified webhook. */
export interface VerifiedWebhook {
  /** As it was received. */
  body: Buffer;
  /** The header `Plaid-Verification`. */
  token: string;
  /** SHA-256 of the body, in hex. */
  bodyHash: string;
  /** SHA-256, in hex, of what the token's signature is of: its header and claims. */
  signedHash: string;
  /** When the token's life ends, in milliseconds since 1970. */
  validUntil: number;
}

export interface VerifyOptions {
  /** The header `Plaid-Verification`. */
  token: string | string[] | undefined;
  /** As it was received: parsed and written anew, it would have another hash. */
  body: Buffer;
  /** The key with this id. */
  keyOf: (keyId: string) => Promise<KeyObject>;
  /** In milliseconds since 1970. */
  now: number;
}

const headerSchema = z.object({
  alg: z.string(),
  kid: z.string().regex(/^[A-Za-z0-9._-]{1,128}$/),
});

const claimsSchema = z.object({
  iat: z.int(),
  request_body_sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

/**
 * Verifies that Plaid sent a webhook, and lately. The checks, in this order: syntax of the token, ES256 and nothing else, key,
 * signature, `iat`, hash of the body. The body's size is the caller's to check before.
 *
 * @throws WebhookRefused
 * @throws WebhookKeyError UNAVAILABLE when the key cannot be had for now
 */
export async function verifyWebhook({ token, body, keyOf, now }: VerifyOptions): Promise<VerifiedWebhook> {
  if (token === undefined || token === '') throw new WebhookRefused('token_missing');
  if (typeof token !== 'string' || token.length > MAX_TOKEN_LENGTH)
    throw new WebhookRefused('token_malformed');
  // Published as ES modules only, which CommonJS cannot `require` before Node 20.19.
  const { compactVerify, decodeProtectedHeader } = await import('jose');

  const header = headerSchema.safeParse(attempt(() => decodeProtectedHeader(token)));
  if (!header.success || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) throw new WebhookRefused('token_malformed');
  if (header.data.alg !== 'ES256') throw new WebhookRefused('algorithm');
  const key = await keyOrRefusal(keyOf(header.data.kid));

  const payload = await compactVerify(token, key, { algorithms: ['ES256'] }).then(
    (verified) => verified.payload,
    () => {
      throw new WebhookRefused('signature');
    },
  );
  const claims = claimsSchema.safeParse(
    attempt(() => JSON.parse(Buffer.from(payload).toString()) as unknown),
  );
  if (!claims.success) throw new WebhookRefused('claims');

  const issuedAt = claims.data.iat * SECOND;
  if (now - issuedAt > TOKEN_LIFE_MS) throw new WebhookRefused('too_old');
  if (issuedAt - now > CLOCK_TOLERANCE_MS) throw new WebhookRefused('from_the_future');

  const bodyHash = sha256(body);
  if (!timingSafeEqual(bodyHash, Buffer.from(claims.data.request_body_sha256, 'hex')))
    throw new WebhookRefused('body_changed');
  return {
    body,
    token,
    bodyHash: bodyHash.toString('hex'),
    signedHash: sha256(token.slice(0, token.lastIndexOf('.'))).toString('hex'),
    validUntil: issuedAt + TOKEN_LIFE_MS,
  };
}

function sha256(data: Buffer | string): Buffer {
  return createHash('sha256').update(data).digest();
}

async function keyOrRefusal(key: Promise<KeyObject>): Promise<KeyObject> {
  try {
    return await key;
  } catch (error) {
    if (!(error instanceof WebhookKeyError) || error.code === 'UNAVAILABLE') throw error;
    throw new WebhookRefused(error.code === 'EXPIRED' ? 'key_expired' : 'key_unknown');
  }
}

/** What `read` gives, or undefined when it cannot. */
function attempt(read: () => unknown): unknown {
  try {
    return read();
  } catch {
    return undefined;
  }
}
