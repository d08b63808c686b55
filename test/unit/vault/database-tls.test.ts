import { verifiedDatabaseUrl } from '../../../src/vault/database/database-tls';

const URL = 'postgresql://app:fictitious-password@db.example:5432/vault';

describe('a connection string in production', () => {
  test.each([
    [URL, `${URL}?sslmode=verify-full`],
    [`${URL}?application_name=x`, `${URL}?application_name=x&sslmode=verify-full`],
    ['postgres://db.example/vault', 'postgres://db.example/vault?sslmode=verify-full'],
  ])('that says nothing of TLS gets it, verified: %s', (given, expected) => {
    expect(verifiedDatabaseUrl(given)).toBe(expected);
  });

  test.each([
    `${URL}?sslmode=verify-full`,
    `${URL}?sslmode=disable`,
    `${URL}?ssl=true`,
    `${URL}?sslnegotiation=direct`,
    `${URL}?sslmode=verify-full&uselibpqcompat=true`,
    'postgresql://app@127.0.0.1:5432/vault',
    'postgresql://app@localhost/vault?sslmode=no-verify',
    'postgresql://app@[::1]/vault',
    'postgresql://app@/vault?host=/var/run/postgresql',
    'postgresql://app@%2Fvar%2Frun%2Fpostgresql/vault',
  ])('that verifies, says outright that it does not, or stays on this machine is left: %s', (given) => {
    expect(verifiedDatabaseUrl(given)).toBe(given);
  });

  test.each([
    'sslmode=no-verify',
    'ssl=no-verify',
    'ssl=0',
    'sslmode=require&uselibpqcompat=true',
    'sslmode=prefer&uselibpqcompat=true',
    'uselibpqcompat=true',
  ])('that asks for TLS without verification, or hides that there is none, is refused: %s', (parameters) => {
    expect(() => verifiedDatabaseUrl(`${URL}?${parameters}`)).toThrow(
      /^DATABASE_URL: does not verify the server, with PLAID_ENV production; write sslmode=verify-full, /,
    );
  });
});
