import { InputError } from '../domain/input-error';
import type { PlaidEnvironment } from '../domain/link-token';

const FIELD = 'PLAID_BASE_URL';

/**
 * Where calls to Plaid go, as an origin without a slash at its end: `https://<environment>.plaid.com`, or
 * `override`. An override is `https`, or `http` to this machine's loopback; in production only `https` to a host of Plaid's.
 * @throws InputError INVALID_INPUT, field `PLAID_BASE_URL`; the message does not hold the URL, which may hold a password
 */
export function resolveBaseUrl(environment: PlaidEnvironment, override?: string): string {
  if (override === undefined) return `https://${environment}.plaid.com`;
  const url = parse(override);
  if (
    url.username !== '' ||
    url.password !== '' ||
    url.pathname !== '/' ||
    url.search !== '' ||
    url.hash !== ''
  ) {
    throw new InputError(
      FIELD,
      'more than scheme, host and port',
      'give it without user, path, query and fragment',
    );
  }
  if (environment === 'production' && !(url.protocol === 'https:' && url.hostname.endsWith('.plaid.com'))) {
    throw new InputError(FIELD, 'not a host of Plaid, with PLAID_ENV production', 'leave it unset');
  }
  if (isLoopback(url.hostname)) return url.origin;
  if (url.protocol === 'http:') {
    throw new InputError(
      FIELD,
      'http to another machine would show the Plaid secret to the network',
      'use https',
    );
  }
  return url.origin;
}

function parse(override: string): URL {
  if (URL.canParse(override)) {
    const url = new URL(override);
    if (url.protocol === 'https:' || url.protocol === 'http:') return url;
  }
  throw new InputError(
    FIELD,
    'not an http or https URL',
    'give one such as http://127.0.0.1:4000, or leave it unset',
  );
}

/** `hostname` as WHATWG URL writes it: IPv4 in four decimals, IPv6 in its shortest form within brackets. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
