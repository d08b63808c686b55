import { InputError } from '../domain/input-error';

/**
 * The value of `--port`.
 * @throws InputError
 */
export function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new InputError('--port', 'not a port', 'give a whole number from 0 to 65535');
}
