import { Client } from 'pg';

/** How statements travel to the database. */
export interface DatabaseTransport {
  /** A name or an address, or the folder of a Unix socket. */
  host: string;
  /** VERIFIED: the server has to show a certificate that this machine trusts. */
  tls: 'VERIFIED' | 'UNVERIFIED' | 'OFF';
}

/** What the driver makes of a connection string that `Database` has taken, or will. Connects to nothing. */
export function databaseTransport(databaseUrl: string): DatabaseTransport {
  const { host, ssl } = new Client({ connectionString: databaseUrl }) as unknown as {
    host: string;
    ssl: boolean | { rejectUnauthorized?: boolean };
  };
  if (!ssl) return { host, tls: 'OFF' };
  return { host, tls: ssl === true || ssl.rejectUnauthorized !== false ? 'VERIFIED' : 'UNVERIFIED' };
}
