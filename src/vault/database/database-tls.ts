import type * as Pg from 'pg';
import { createRequire } from 'node:module';
import type { ConnectionOptions } from 'node:tls';
import { InputError } from '../../domain/input-error';

const FIELD = 'DATABASE_URL';

/** Parameters of a connection string that say something about TLS. */
const TLS_PARAMETERS = [
  'ssl',
  'sslmode',
  'sslcert',
  'sslkey',
  'sslrootcert',
  'sslnegotiation',
  'uselibpqcompat',
];

/**
 * A connection string that verifies the server's certificate and its name, unless it says `sslmode=disable` outright, or stays on this
 * machine. One that says nothing gets `sslmode=verify-full`. What a string means is asked of `pg` itself, whose words differ from
 * libpq's: there `require` verifies, and `no-verify` exists.
 * @throws InputError naming DATABASE_URL when it asks for TLS without verification, which protects from nobody who is in between
 */
export function verifiedDatabaseUrl(databaseUrl: string): string {
  let client: Pg.Client;
  try {
    // Loaded only here, since a service that starts sessions reads settings too, and needs no database.
    const pg = createRequire(__filename)('pg') as typeof Pg;
    client = new pg.Client({ connectionString: databaseUrl });
  } catch {
    // Malformed, a file of it is missing, or pg is not installed: opening the database reports it.
    return databaseUrl;
  }
  if (isLocal(client.host)) return databaseUrl;
  const parameters = new URLSearchParams(databaseUrl.split('?').slice(1).join('?'));
  if (!TLS_PARAMETERS.some((name) => parameters.has(name)))
    return `${databaseUrl}${databaseUrl.includes('?') ? '&' : '?'}sslmode=verify-full`;
  const ssl = client.ssl as boolean | ConnectionOptions;
  const isDisabled = parameters.get('sslmode') === 'disable';
  const isVerified =
    ssl === true ||
    (typeof ssl === 'object' && ssl.rejectUnauthorized !== false && ssl.checkServerIdentity === undefined);
  if (isVerified || (!ssl && isDisabled)) return databaseUrl;
  throw new InputError(
    FIELD,
    'does not verify the server, with PLAID_ENV production',
    'write sslmode=verify-full, and sslrootcert with the path of its CA if that is your own',
  );
}

function isLocal(host: string): boolean {
  return host.startsWith('/') || host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
