import { METADATA_ENCODING_KEY, type Payload } from '@temporalio/common';
import { isSecretName, redactText, splitName } from '../../secrets/redact';
import { metadataText } from '../../codec/payload-codec';

/** What stands in the place of what was masked. */
const MASK = '[masked]';

/** Names of fields that hold a person's data, in snake case, beside those that no log shows either. */
const PERSONAL_NAME =
  /address|(^|_)(legal|given|middle|family|last|full)_?name|birth|(^|_)ssn(_|$)|id_number|street|post(al)?_?code/;

/** `linkTokenRequest` holds no token, but fields with names of their own; `url_lifetime_seconds` is no URL. */
const HARMLESS_NAME = /(^|_)request$|_seconds$/;

const URL_TEXT = /\bhttps?:\/\/[^\s"'<>]+/gi;

/**
 * A decoded payload without what is secret or personal: tokens, URLs, phone numbers, e-mail addresses, Plaid's session ids, a
 * person's names, addresses and birth dates. They are known by the name of their field, and by their shape wherever they stand.
 * Names of fields, states, times, ids of ours and numbers remain. A payload that is no JSON is masked whole.
 */
export function maskPayload(payload: Payload): Payload {
  const encoding = metadataText(payload, METADATA_ENCODING_KEY);
  if (encoding === 'binary/null') return payload;
  const data = Buffer.from(payload.data ?? []);
  if (!/^json\/(plain|protobuf)$/.test(encoding))
    return textPayload(`[masked: ${data.length} bytes that are no JSON]`);
  try {
    const value: unknown = JSON.parse(data.toString('utf8'));
    return { ...payload, data: Buffer.from(JSON.stringify(mask(value, false))) };
  } catch {
    return textPayload(`[masked: ${data.length} bytes that are no JSON]`);
  }
}

/** A payload that shows a line of text. */
export function textPayload(text: string): Payload {
  return {
    metadata: { [METADATA_ENCODING_KEY]: Buffer.from('json/plain') },
    data: Buffer.from(JSON.stringify(text)),
  };
}

/** @param whole masks every text and number below, whatever the field's name */
function mask(value: unknown, whole: boolean): unknown {
  if (typeof value === 'string') return whole ? MASK : maskText(value);
  if (typeof value === 'number') return whole ? MASK : value;
  if (Array.isArray(value)) return value.map((entry) => mask(entry, whole));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, entry]) => [maskText(name), mask(entry, whole || isMasked(name))]),
  );
}

function isMasked(name: string): boolean {
  const words = splitName(name);
  return (isSecretName(name) || PERSONAL_NAME.test(words)) && !HARMLESS_NAME.test(words);
}

function maskText(text: string): string {
  return redactText(text.replace(URL_TEXT, MASK), MASK);
}
