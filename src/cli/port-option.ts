import { InputError } from '../domain/input-error';

/** Where `hosted-link webhooks` listens unless a setting or option names another TCP port. */
export const DEFAULT_WEBHOOK_PORT = 8791;

/**
 * Reads the value of `--port`.
 * @throws InputError
 */
export function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new InputError('--port', 'not a port', 'give a whole number from 0 to 65535');
}
