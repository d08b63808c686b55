import { createHash, type KeyObject, timingSafeEqual, verify } from 'node:crypto';
import { z } from 'zod';
import { MINUTE, SECOND } from '../domain/time';
import { WebhookKeyError } from './key-cache';

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
  /** What has to be understood to verify a token (RFC 7515, 4.1.11). Plaid's name nothing, and nothing is understood here. */
  crit: z.never().optional(),
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
  if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) throw new WebhookRefused('token_malformed');
  const [headerPart, claimsPart, signature] = token.split('.') as [string, string, string];

  const header = headerSchema.safeParse(parseJson(headerPart));
  if (!header.success) throw new WebhookRefused('token_malformed');
  if (header.data.alg !== 'ES256') throw new WebhookRefused('algorithm');
  const key = await keyOrRefusal(keyOf(header.data.kid));

  const signed = `${headerPart}.${claimsPart}`;
  if (!isSignedBy(key, signed, signature)) throw new WebhookRefused('signature');
  const claims = claimsSchema.safeParse(parseJson(claimsPart));
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
    signedHash: sha256(signed).toString('hex'),
    validUntil: issuedAt + TOKEN_LIFE_MS,
  };
}

/**
 * Whether `signature` is an ES256 signature of `signed`: ECDSA on P-256 with SHA-256, its two numbers side by side (RFC 7518, 3.4). By
 * Node itself, at once: a library that goes through WebCrypto takes more time for the way to another thread and back than
 * the signature does.
 */
function isSignedBy(key: KeyObject, signed: string, signature: string): boolean {
  return verify(
    'sha256',
    Buffer.from(signed),
    { key, dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  );
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

/** What a part of a token holds, or undefined when that is no JSON. */
function parseJson(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString());
  } catch {
    return undefined;
  }
}
