import type { Settings } from '../../config/settings';
import { isLoopback, resolveBaseUrl } from '../../plaid/base-url';
import type { TemporalConnection } from '../../temporal/connection';
import { databaseTransport } from '../../vault';
import { ok, warning, type Finding } from './finding';

/** Whether what leaves this machine is encrypted on its way, as far as the settings tell. */
export function checkEncryptionInTransit(
  settings: Settings,
  temporal: TemporalConnection | undefined,
): Finding[] {
  return [plaid(settings), ...(temporal ? [temporalTls(temporal)] : []), ...database(settings)];
}

function plaid({ environment, plaidBaseUrl }: Settings): Finding {
  const { protocol } = new URL(resolveBaseUrl(environment, plaidBaseUrl));
  return ok('TLS to Plaid', protocol === 'https:' ? 'on' : 'off, on loopback');
}

function temporalTls({ connectionOptions: { address, tls } }: TemporalConnection): Finding {
  const check = 'TLS to Temporal';
  if (tls) return ok(check, 'on');
  if (isLoopback(address.replace(/:\d+$/, ''))) return ok(check, 'off, on loopback');
  return warning(
    check,
    'off: payloads are encrypted, but names, states and ids are not',
    'set TEMPORAL_TLS to true, once the server has a certificate',
  );
}

function database({ databaseUrl }: Settings): Finding[] {
  if (databaseUrl === undefined) return [];
  const check = 'TLS to the database';
  const { host, tls } = databaseTransport(databaseUrl.reveal());
  if (tls === 'VERIFIED') return [ok(check, 'on')];
  if (host.startsWith('/') || isLoopback(host)) return [ok(check, 'off, on this machine')];
  return [
    warning(
      check,
      tls === 'OFF' ? 'off' : 'on, but anybody may pose as the server',
      'add sslmode=verify-full to DATABASE_URL, and sslrootcert if the certificate is your own',
    ),
  ];
}
