import { Secret } from './secret';

/** What stands in the place of whatever was taken out; the same as a {@link Secret} prints. */
const REDACTED = '[secret]';

/** How deep a value is followed. A log line that is deeper tells nobody anything. */
const MAX_DEPTH = 8;
/** How many entries of one array or object are kept. */
const MAX_ENTRIES = 200;

/**
 * Names of fields whose value is never shown, in any spelling: `linkToken`, `link_token`, `PLAID-SECRET`. A session id is Plaid's,
 * which opens the hosted page; our own name for a session is its key.
 */
const SECRET_NAME =
  /token|secret|authori[sz]ation|passw|passphrase|phone|mail|first_?name|session_?id|cookie|credential|api_?key|private_?key|(vault|codec)_?key|url|(^|_)uri/;

/** Plaid's tokens, whole: no other text looks like them. */
const PLAID_TOKEN = /(access|public|link)-(sandbox|development|production)-[A-Za-z0-9-]{8,100}/g;

/** User and password in a URL, as in a database's. */
const URL_USER = /(?<=[a-z0-9]:\/\/)[^\s/@"'<>]+@/gi;
const URL_TEXT = /https?:\/\/[^\s"'<>]+/gi;
/** A path with a UUID in it: Plaid's session id opens the hosted page. */
const PATH_WITH_UUID = /^([a-z]+:\/\/[^/]+)\/.*[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/i;
/** A local part of digits only is left alone: `4711@host.example` is how a Temporal worker names itself. */
const EMAIL = /(?<![\w.+-])(?=[\w.+-]*[A-Za-z])[\w.+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,24}\b/g;
/** E.164. */
const PHONE = /(?<![\w+])\+[1-9]\d{7,14}\b/g;

/** `text` with {@link REDACTED} for each of Plaid's tokens in it. Also works on JSON text, which stays JSON. */
export function redactTokens(text: string): string {
  return text.replace(PLAID_TOKEN, REDACTED);
}

/**
 * `text` with `mark` (default {@link REDACTED}) for what is recognised as secret or personal: Plaid's tokens, users and passwords in
 * URLs, URLs of hosted pages, e-mail addresses, phone numbers in E.164. Takes time in proportion to the text's length, whatever it
 * holds: each pattern can begin in few places only, or is bounded.
 */
export function redactText(text: string, mark = REDACTED): string {
  return text
    .replace(PLAID_TOKEN, mark)
    .replace(URL_USER, `${mark}@`)
    .replace(URL_TEXT, (url) => {
      const [, origin] = PATH_WITH_UUID.exec(url) ?? [];
      return origin === undefined ? url : `${origin}/${mark}`;
    })
    .replace(EMAIL, mark)
    .replace(PHONE, mark);
}

/**
 * A copy of `value` that may be logged: plain objects, arrays and strings, in which every field with a secret's name is
 * {@link REDACTED} and every string has gone through {@link redactText}. Of an error only name, code, message, stack, cause and
 * errors are kept; binary data becomes its length, an object of any other class the name of its class. Never throws.
 */
export function redact(value: unknown): unknown {
  return copy(value, 0, []);
}

function copy(value: unknown, depth: number, ancestors: readonly object[]): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint' || typeof value === 'symbol') return redactText(String(value));
  if (typeof value === 'function') return '[function]';
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Secret) return REDACTED;
  if (ancestors.includes(value)) return '[circular]';
  if (depth === MAX_DEPTH) return '[too deep]';
  try {
    return copyObject(value, (child) => copy(child, depth + 1, [...ancestors, value]));
  } catch {
    return '[unreadable]';
  }
}

function copyObject(value: object, copyChild: (child: unknown) => unknown): unknown {
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof URL) return redactText(value.href);
  if (isError(value)) return copyFields(errorFields(value), copyChild);
  if (value instanceof Map) return copyFields([...value], copyChild);
  if (Array.isArray(value) || value instanceof Set) {
    const entries = [...value];
    const kept = entries.slice(0, MAX_ENTRIES).map(copyChild);
    return entries.length > MAX_ENTRIES ? [...kept, `[${entries.length - MAX_ENTRIES} more]`] : kept;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  // By name: an object of another realm has another Object.prototype.
  if (prototype === null || Object.getPrototypeOf(prototype) === null)
    return copyFields(Object.entries(value), copyChild);
  return `[${value.constructor.name}]`;
}

function copyFields(fields: [unknown, unknown][], copyChild: (child: unknown) => unknown): object {
  const copied = fields.slice(0, MAX_ENTRIES).map(([key, child]): [string, unknown] => {
    const name = redactText(String(key));
    return [name, holdsSecret(String(key), child) ? REDACTED : copyChild(child)];
  });
  if (fields.length > MAX_ENTRIES) copied.push(['[more]', fields.length - MAX_ENTRIES]);
  return Object.fromEntries(copied);
}

/** Nothing, and yes or no, give nothing away whatever the field's name. */
function holdsSecret(name: string, value: unknown): boolean {
  if (value === undefined || value === null || typeof value === 'boolean') return false;
  return isSecretName(name);
}

/** True when a field of this name, in any spelling, holds what is secret or personal. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(splitName(name));
}

/** A name in snake case: `linkToken` and `LINK-TOKEN` are `link_token`. */
export function splitName(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .toLowerCase();
}

/** True for errors of another realm as well, such as a vm context's. */
export function isError(value: unknown): value is Error {
  return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]';
}

function errorFields(error: Error & { code?: unknown; errors?: unknown }): [string, unknown][] {
  const { name, code, message, stack, cause, errors } = error;
  const fields = { name, code, message, stack, cause, errors };
  return Object.entries(fields).filter(([, value]) => value !== undefined);
}
