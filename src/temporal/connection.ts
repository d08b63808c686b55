import { readFileSync } from 'node:fs';
import {
  type ClientConfigProfile,
  type ClientConnectConfig,
  type ConfigDataSource,
  loadClientConfig,
  loadClientConfigProfile,
  toClientOptions,
} from '@temporalio/envconfig';
import { readVariables } from '../config/settings';
import { InputError } from '../domain/input-error';

/** Where Temporal is. `connectionOptions` suit a worker's connection and a client's. */
export interface TemporalConnection {
  connectionOptions: ClientConnectConfig['connectionOptions'] & { address: string };
  namespace: string;
}

type Variables = Record<string, string>;

const DEFAULT_ADDRESS = 'localhost:7233';
const DEFAULT_NAMESPACE = 'default';

/** `host`, `host:port`, `[ipv6]` or `[ipv6]:port`. */
const ADDRESS = /^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$/;

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:|$)/;

/**
 * Where Temporal is and how to connect, by Temporal's own environment configuration: the `TEMPORAL_*` variables, over a profile of
 * its `temporal.toml`. Default `localhost:7233`, namespace `default`. Connects to nothing.
 * @param variables from `readVariables`
 * @throws InputError naming the variable, also when the value stands in the file; the message holds no value
 */
export function loadTemporalConnection(variables: Variables = readVariables()): TemporalConnection {
  checkSwitch(variables, 'TEMPORAL_TLS');
  checkConfigFile(variables);
  const profile = loadProfile(variables);
  checkText(
    profile.address,
    'TEMPORAL_ADDRESS',
    ADDRESS,
    'not an address',
    'write host:port without a scheme',
  );
  checkText(profile.namespace, 'TEMPORAL_NAMESPACE', /^\S+$/, 'not a namespace', 'write its name');
  checkText(
    profile.apiKey,
    'TEMPORAL_API_KEY',
    /^[!-~]+$/,
    'has characters that no API key has',
    'copy it again',
  );
  checkCertificates(profile);
  checkApiKeyIsEncrypted(profile);
  const { connectionOptions, namespace } = toClientOptions(profile);
  return {
    connectionOptions: { ...connectionOptions, address: profile.address ?? DEFAULT_ADDRESS },
    namespace: namespace ?? DEFAULT_NAMESPACE,
  };
}

/** The library takes every other word for "off", and would then send in clear. */
function checkSwitch(variables: Variables, name: string): void {
  const value = variables[name];
  if (value === undefined || ['1', 'true', '0', 'false'].includes(value)) return;
  throw new InputError(name, 'not a switch', 'set it to true or false, or leave it unset');
}

function checkConfigFile(variables: Variables): void {
  const { TEMPORAL_CONFIG_FILE: path, TEMPORAL_PROFILE: name } = variables;
  let profiles: Record<string, unknown>;
  try {
    // The library takes a missing file for an empty one, even when it was asked for.
    if (path !== undefined) readFileSync(path);
    profiles = loadClientConfig({ overrideEnvVars: variables }).profiles;
  } catch (error) {
    // The parser's message quotes the line, in which an API key may stand.
    const { code, line } = error as { code?: string; line?: number };
    const where = code ?? (line === undefined ? 'it has no profile' : `line ${line}`);
    throw new InputError(
      'TEMPORAL_CONFIG_FILE',
      `not a readable Temporal configuration file (${where})`,
      'mend it, or name another one',
    );
  }
  if (name !== undefined && profiles[name] === undefined)
    throw new InputError(
      'TEMPORAL_PROFILE',
      'no profile of the Temporal configuration file',
      'name one that it has',
    );
}

function loadProfile(variables: Variables): ClientConfigProfile {
  try {
    return loadClientConfigProfile({ overrideEnvVars: variables });
  } catch {
    // The file and the profile are there: what is left is a contradiction.
    throw new InputError(
      'TEMPORAL_TLS',
      'a certificate or key is given both as a path and as data',
      'leave one of them out',
    );
  }
}

/** Also in types: a configuration file may hold anything. */
function checkText(value: unknown, name: string, pattern: RegExp, problem: string, remedy: string): void {
  if (value !== undefined && !(typeof value === 'string' && pattern.test(value)))
    throw new InputError(name, problem, remedy);
}

function checkCertificates({ tls }: ClientConfigProfile): void {
  if (tls === undefined || tls.disabled) return;
  checkPem(tls.clientCert, 'TEMPORAL_TLS_CLIENT_CERT');
  checkPem(tls.clientKey, 'TEMPORAL_TLS_CLIENT_KEY');
  checkPem(tls.serverCACert, 'TEMPORAL_TLS_SERVER_CA_CERT');
  // The library would leave out the one that is there.
  if ((tls.clientCert === undefined) === (tls.clientKey === undefined)) return;
  const missing = tls.clientCert ? 'TEMPORAL_TLS_CLIENT_KEY_PATH' : 'TEMPORAL_TLS_CLIENT_CERT_PATH';
  throw new InputError(missing, 'missing', 'a client certificate and its key go together');
}

/** TLS can be switched off beside an API key, which then crosses the network in clear. */
function checkApiKeyIsEncrypted({ address = DEFAULT_ADDRESS, apiKey, tls }: ClientConfigProfile): void {
  if (apiKey === undefined || !tls?.disabled || LOOPBACK.test(address)) return;
  throw new InputError(
    'TEMPORAL_TLS',
    'off, so that the API key would cross the network in clear',
    'leave it unset',
  );
}

function checkPem(source: ConfigDataSource | undefined, name: string): void {
  if (source === undefined) return;
  const isPath = 'path' in source;
  const variable = isPath ? `${name}_PATH` : `${name}_DATA`;
  let text: string;
  try {
    text = Buffer.from(isPath ? readFileSync(source.path) : source.data).toString('latin1');
  } catch (error) {
    throw new InputError(
      variable,
      `no readable file (${(error as NodeJS.ErrnoException).code})`,
      'give the path of a PEM file that this user may read',
    );
  }
  if (!text.includes('-----BEGIN '))
    throw new InputError(variable, 'not in PEM', 'give it with its BEGIN and END lines');
}
