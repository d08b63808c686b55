import { readSettings } from '../../../../src/config/settings';
import { checkEncryptionInTransit } from '../../../../src/ops/doctor/encryption-in-transit';
import { loadTemporalConnection } from '../../../../src/temporal/connection';

function findings(settings: Record<string, string>, temporal: Record<string, string> = {}) {
  const found = checkEncryptionInTransit(readSettings(settings), loadTemporalConnection(temporal));
  return Object.fromEntries(found.map(({ check, level, message }) => [check, `${level}: ${message}`]));
}

const database = (url: string) => findings({ DATABASE_URL: url })['TLS to the database'];

describe('encryption on the way', () => {
  it('to Plaid is always on, but for an offline one on loopback', () => {
    expect(findings({})['TLS to Plaid']).toBe('ok: on');
    expect(findings({ PLAID_BASE_URL: 'http://127.0.0.1:8790' })['TLS to Plaid']).toBe(
      'ok: off, on loopback',
    );
  });

  it.each([
    [{}, 'ok: off, on loopback'],
    [{ TEMPORAL_ADDRESS: '[::1]:7233' }, 'ok: off, on loopback'],
    [{ TEMPORAL_ADDRESS: 'temporal.example:7233' }, 'warning: off'],
    [{ TEMPORAL_ADDRESS: 'temporal.example:7233', TEMPORAL_TLS: 'true' }, 'ok: on'],
    [{ TEMPORAL_ADDRESS: 'temporal.example:7233', TEMPORAL_API_KEY: 'key' }, 'ok: on'],
  ])('to Temporal with %j is %s', (variables, expected) => {
    expect(findings({}, variables)['TLS to Temporal']).toMatch(new RegExp(`^${expected}`));
  });

  it.each([
    ['postgresql://u:p@127.0.0.1/vault', 'ok: off, on this machine'],
    ['postgresql://u@/vault?host=/var/run/postgresql', 'ok: off, on this machine'],
    ['postgresql://u:p@db.example/vault', 'warning: off'],
    ['postgresql://u:p@db.example/vault?sslmode=disable', 'warning: off'],
    [
      'postgresql://u:p@db.example/vault?sslmode=no-verify',
      'warning: on, but anybody may pose as the server',
    ],
    [
      'postgresql://u:p@db.example/vault?sslmode=require&uselibpqcompat=true',
      'warning: on, but anybody may pose as the server',
    ],
    ['postgresql://u:p@db.example/vault?sslmode=verify-full', 'ok: on'],
  ])('to the database %s is %s', (url, expected) => {
    expect(database(url)).toBe(expected);
  });
});
