import { isIP } from 'node:net';
import { InputError } from '../domain/input-error';

/** Where a server listens. */
export interface ListenAddress {
  /** An IP address. */
  host: string;
  /** 0 to 65535; 0 takes a free port. */
  port: number;
}

/**
 * Reads an IP address and a port, such as `127.0.0.1:8791`, `[::1]:8791` or `0.0.0.0:0`.
 *
 * @param field the setting or option that has it
 * @throws InputError naming `field`; names of hosts are refused, since the SDK's exporter of metrics resolves none
 */
export function parseListenAddress(text: string, field: string): ListenAddress {
  const [, ipv6, ipv4, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const [host, port] = [ipv6 ?? ipv4 ?? '', Number(digits)];
  if (isIP(host) === (ipv6 === undefined ? 4 : 6) && port <= 65_535) return { host, port };
  throw new InputError(
    field,
    'not an address to listen on',
    'write an IP address and a port, such as 127.0.0.1:8791',
  );
}

/** Writes an address as {@link parseListenAddress} reads it. */
export function formatListenAddress({ host, port }: ListenAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
