import { createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { InputError } from '../domain/input-error';
import type { CallbackBody } from '../domain/views';
import {
  callbackSignature,
  ID_HEADER,
  SIGNATURE_HEADER,
  SIGNATURE_VERSION,
  TIMESTAMP_HEADER,
} from './signature';

/** How old a callback may be by default, and how far ahead its sender's clock, in seconds: 5 min, as Standard Webhooks has it. */
export const DEFAULT_TOLERANCE_SECONDS = 300;

/** The longest header that is looked at, in characters. A signature has 47, so that is room for 20 keys. */
const MAX_HEADER_LENGTH = 1_024;

/** The shortest secret, in bytes, that Standard Webhooks allows. */
const MIN_SECRET_BYTES = 24;

/** What marks a secret as one of Standard Webhooks. */
const SECRET_PREFIX = 'whsec_';

/** Why a callback is not to be believed, in the order of the checks. */
export type CallbackRefusal =
  'headers_missing' | 'headers_malformed' | 'signature' | 'too_old' | 'from_the_future' | 'body';

/** A callback that is not to be believed. */
export class CallbackRefused extends Error {
  constructor(readonly reason: CallbackRefusal) {
    super(`callback refused: ${reason}`);
    this.name = 'CallbackRefused';
  }
}

/** What {@link verifyCallback} needs. */
export interface CallbackToVerify {
  /** The request's headers: those of Node, of a framework, or a `Headers`. */
  headers: CallbackHeaders;
  /** The body byte for byte as it came: parsed and written anew, it would have another signature. */
  rawBody: string | Uint8Array;
  /** The keys that may have signed it, each in base64, with or without `whsec_` in front: two while one is replaced. */
  secrets: readonly string[];
  /** How old it may be, and how far ahead the sender's clock, in seconds. Default 300. */
  toleranceSeconds?: number | undefined;
}

/** Headers by their names, in any case, or as `fetch` has them. */
export type CallbackHeaders =
  Readonly<Record<string, string | readonly string[] | undefined>> | { get(name: string): string | null };

/** A callback that is to be believed. */
export interface VerifiedCallback extends CallbackBody {
  /** The same for each time that it is sent: one that was taken before is to be answered with success, and left. */
  id: string;
}

const bodySchema = z.object({
  key: z.string(),
  plaidFlow: z.string(),
  state: z.string(),
  itemIds: z.array(z.string()),
  sequence: z.int().min(1),
});

/**
 * Verifies that a callback was sent by the deployment that has one of these secrets, and lately, and reads it. Compares in
 * constant time. Needs nothing but Node.
 *
 * @throws CallbackRefused
 * @throws InputError naming `secrets`, when none is given or one is malformed; never its value
 */
export function verifyCallback({
  headers,
  rawBody,
  secrets,
  toleranceSeconds = DEFAULT_TOLERANCE_SECONDS,
}: CallbackToVerify): VerifiedCallback {
  const keys = secrets.map(keyOf);
  if (keys.length === 0) throw new InputError('secrets', 'none', 'give at least one');
  const id = header(headers, ID_HEADER);
  const timestamp = header(headers, TIMESTAMP_HEADER);
  const signatures = header(headers, SIGNATURE_HEADER);
  if (!/^\d{1,12}$/.test(timestamp)) throw new CallbackRefused('headers_malformed');
  const expected = keys.map((key) => callbackSignature({ id, timestamp, body: rawBody }, key));
  if (!isAmong(expected, signatures)) throw new CallbackRefused('signature');
  const ageSeconds = Date.now() / 1_000 - Number(timestamp);
  if (ageSeconds > toleranceSeconds) throw new CallbackRefused('too_old');
  if (ageSeconds < -toleranceSeconds) throw new CallbackRefused('from_the_future');
  return { id, ...readBody(rawBody) };
}

function keyOf(secret: string, index: number): KeyObject {
  const encoded = secret.startsWith(SECRET_PREFIX) ? secret.slice(SECRET_PREFIX.length) : secret;
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.toString('base64') !== encoded || bytes.length < MIN_SECRET_BYTES) {
    throw new InputError(
      `secrets[${index}]`,
      `not ${MIN_SECRET_BYTES} bytes or more in base64`,
      'give the key without its id, as HOSTED_LINK_CALLBACK_KEYS has it after the colon',
    );
  }
  return createSecretKey(bytes);
}

function header(headers: CallbackHeaders, name: string): string {
  const value = isFetchHeaders(headers)
    ? headers.get(name)
    : Object.entries(headers).find(([given]) => given.toLowerCase() === name)?.[1];
  if (value === undefined || value === null || value === '') throw new CallbackRefused('headers_missing');
  if (typeof value !== 'string' || value.length > MAX_HEADER_LENGTH)
    throw new CallbackRefused('headers_malformed');
  return value;
}

function isFetchHeaders(headers: CallbackHeaders): headers is { get(name: string): string | null } {
  return typeof (headers as { get?: unknown }).get === 'function';
}

/** Looks at all of them, so that the time it takes tells nothing. */
function isAmong(expected: readonly Buffer[], signatures: string): boolean {
  const given = signatures
    .split(' ')
    .filter((entry) => entry.startsWith(`${SIGNATURE_VERSION},`))
    .map((entry) => Buffer.from(entry.slice(SIGNATURE_VERSION.length + 1), 'base64'));
  const matches = given.flatMap((one) =>
    expected.map((other) => one.length === other.length && timingSafeEqual(one, other)),
  );
  return matches.includes(true);
}

function readBody(rawBody: string | Uint8Array): CallbackBody {
  try {
    const text = typeof rawBody === 'string' ? rawBody : Buffer.from(rawBody).toString('utf8');
    // A state that a later version has added counts.
    return bodySchema.parse(JSON.parse(text)) as CallbackBody;
  } catch {
    throw new CallbackRefused('body');
  }
}
