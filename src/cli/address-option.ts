import { type ListenAddress, parseListenAddress } from '../http/listen-address';

/** Where `hosted-link webhooks` listens unless a setting or option names another address. */
export const DEFAULT_WEBHOOK_ADDRESS = '127.0.0.1:8791';

/**
 * Reads the value of `--address`.
 *
 * @throws InputError naming `--address`
 */
export function parseAddress(text: string): ListenAddress {
  return parseListenAddress(text, '--address');
}
