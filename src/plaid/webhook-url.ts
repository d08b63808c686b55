import { InputError } from '../domain/input-error';
import type { PlaidEnvironment } from '../domain/link-token';
import { isLoopback } from './base-url';

/**
 * Checks a URL that Plaid is to send webhooks to: `https`, or outside production `http` on this machine's loopback, which only
 * an offline Plaid reaches. Without user and password, which would stand in Plaid's records, and without a fragment.
 * @throws InputError naming `field`; the message does not hold the URL, which may hold a secret
 */
export function checkWebhookUrl(field: string, environment: PlaidEnvironment, text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') {
    throw new InputError(field, 'not a web address', 'give one such as https://app.example/plaid/webhooks');
  }
  if (url.username !== '' || url.password !== '' || url.hash !== '') {
    throw new InputError(field, 'has a user, a password or a fragment', 'give it without');
  }
  if (url.protocol === 'https:') return;
  if (environment === 'production')
    throw new InputError(field, 'http, with PLAID_ENV production', 'use https');
  if (!isLoopback(url.hostname)) {
    throw new InputError(field, 'http to another machine would show webhooks to the network', 'use https');
  }
}
