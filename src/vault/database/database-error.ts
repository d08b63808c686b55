import { types } from 'node:util';
import { DatabaseError } from 'pg';
import { VaultError } from '../vault-error';

/** SQLSTATEs by which the server ends one transaction in favour of another: it is to be tried again. */
const CONFLICTS = new Set(['40001', '40P01']);

/** SQLSTATEs of a prepared statement that this connection has not, or that another one has under this name. */
const LOST_STATEMENT = new Set(['26000', '42P05']);

/** SQLSTATEs (or their classes) that mean no usable connection, and how to say so. */
const UNREACHABLE_STATES: readonly [prefix: string, reason: string][] = [
  ['08', 'the connection failed'],
  ['28', 'the user or password was refused'],
  ['3D', 'the database does not exist'],
  ['53300', 'it has no connection free'],
  ['57P', 'it is starting or shutting down'],
  ['25P03', 'it ended an idle transaction'],
];

/** Messages of `pg` itself, which has no codes for them. */
const CLIENT_MESSAGES: readonly [pattern: RegExp, reason: string][] = [
  [/trying to connect|timeout expired/, 'no connection in time'],
  [/Query read timeout/, 'no answer in time'],
  [/Connection terminated|not queryable/, 'the connection was lost'],
  [/after calling end/, 'the vault has been closed'],
  [/password must be/, 'a password is missing'],
  [/does not support SSL/, 'it does not speak TLS'],
];

/** OpenSSL's codes for a certificate that is not to be believed. */
const UNTRUSTED = /^(DEPTH_ZERO_)?SELF_SIGNED_CERT|^UNABLE_TO_(GET_ISSUER|VERIFY_LEAF)|^CERT_/;

/** A statement that the server refused. */
class StatementError extends VaultError {
  constructor(
    readonly sqlState: string,
    readonly constraint: string | undefined,
    message: string,
  ) {
    super('VAULT_FAILED', message);
  }
}

/** True when the transaction failed only because of another one. */
export function isConflict(error: unknown): boolean {
  return error instanceof StatementError && CONFLICTS.has(error.sqlState);
}

/** True when what this connection prepared is not there, or what it has not prepared is. */
export function lostPreparedStatement(error: unknown): boolean {
  return error instanceof StatementError && LOST_STATEMENT.has(error.sqlState);
}

/** True when the login may not do what the statement does (insufficient_privilege). */
export function lacksPrivilege(error: unknown): boolean {
  return error instanceof StatementError && error.sqlState === '42501';
}

/** True when the statement broke the named constraint. */
export function violates(error: unknown, constraint: string): boolean {
  return error instanceof StatementError && error.constraint === constraint;
}

/**
 * What `pg` threw, as a VaultError VAULT_UNREACHABLE or VAULT_FAILED. Takes over codes and the names of constraints and
 * tables only: message, detail and cause of such an error can hold values of the row or the connection string.
 * @param where the server, without credentials
 */
export function translateDatabaseError(error: unknown, where: string): VaultError {
  if (error instanceof DatabaseError && error.code !== undefined) {
    const state = error.code;
    const unreachable = UNREACHABLE_STATES.find(([prefix]) => state.startsWith(prefix));
    if (unreachable) return unreachableError(where, `${unreachable[1]}, SQLSTATE ${state}`);
    const place = [
      error.constraint !== undefined ? `constraint ${error.constraint}` : undefined,
      error.table !== undefined ? `table ${error.table}` : undefined,
    ].filter((part) => part !== undefined);
    return new StatementError(
      state,
      error.constraint,
      `${where} refused a statement (${[...place, `SQLSTATE ${state}`].join(', ')})`,
    );
  }
  const remedy = isUntrusted(error) ? 'name its CA by sslrootcert in DATABASE_URL' : undefined;
  return unreachableError(where, clientReason(error), remedy);
}

function unreachableError(where: string, reason: string, remedy?: string): VaultError {
  return new VaultError('VAULT_UNREACHABLE', `${where} cannot be used: ${reason}`, remedy);
}

function isUntrusted(error: unknown): boolean {
  const { code } = Object(error) as { code?: unknown };
  return typeof code === 'string' && UNTRUSTED.test(code);
}

function clientReason(error: unknown): string {
  if (!types.isNativeError(error)) return 'the connection failed';
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ECONNREFUSED' || code === 'ENOENT') return `nothing listens there (${code})`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `its certificate is for another host (${code})`;
  if (isUntrusted(error)) return `its certificate is not trusted (${code})`;
  if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{2,40}$/.test(code)) return code;
  const known = CLIENT_MESSAGES.find(([pattern]) => pattern.test(error.message));
  return known ? known[1] : 'the connection failed';
}
