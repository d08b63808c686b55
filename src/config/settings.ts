import { combineInputErrors, InputError } from '../domain/input-error';
import type { PlaidEnvironment } from '../domain/link-token';
import { refuseForeignKeys, refuseSharedKeys } from '../secrets/key-strength';
import type { Secret } from '../secrets/secret';
import { type Given, isGiven, readDeclared, settingsOf } from './declare';
import { type Capability, findMissing } from './required';
import { readSettingFiles } from './setting-files';
import { declareSettings, plaidEnvironment, type Settings } from './setting-schema';

export type { Settings } from './setting-schema';

/** What `createPlaidClient` needs to know. */
export interface PlaidAccount {
  clientId: string;
  secret: Secret;
  environment: PlaidEnvironment;
  baseUrl: string | undefined;
}

/**
 * Reads and checks all settings, for a command with these needs. An empty variable counts as not set.
 *
 * @param env default: the variables of this process
 * @throws InputError with all problems at once, a line each; `field` is the variable of the first one
 */
export function readSettings(
  env: NodeJS.ProcessEnv = process.env,
  { needs = [] }: { needs?: readonly Capability[] } = {},
): Settings {
  const problems: InputError[] = [];
  const variables = readVariables(env);
  const environment = plaidEnvironment.schema.safeParse(variables[plaidEnvironment.variable]).data;
  // With a wrong PLAID_ENV, the rest is checked by the rules of the most lenient one.
  const declarations = declareSettings(environment ?? 'sandbox');
  const all = Object.values(declarations).flatMap(settingsOf);
  const given = { ...variables, ...readSettingFiles(all, variables, problems) };
  const values = readDeclared(declarations, given, problems);
  if (environment !== undefined)
    problems.push(...findMissing(needs, environment, (setting) => isGiven(declarations[setting], given)));
  problems.push(...sharedKeys(values), ...unverifiedTls(environment, given));
  if (problems.length > 0) throw combineInputErrors(problems);
  return values as Settings;
}

/**
 * Reads the settings of this process, for a command with these needs.
 *
 * @throws InputError as {@link readSettings} does
 */
export function readSettingsFor(...needs: Capability[]): Settings {
  return readSettings(process.env, { needs });
}

/**
 * Checks that settings which were read without these needs have what they ask for.
 *
 * @throws InputError with all that is missing, a line each
 */
export function requireSettings(settings: Settings, ...needs: Capability[]): void {
  const missing = findMissing(needs, settings.environment, (setting) => settings[setting] !== undefined);
  if (missing.length > 0) throw combineInputErrors(missing);
}

/**
 * Returns the Plaid account, for a command that calls Plaid.
 *
 * @throws InputError naming PLAID_CLIENT_ID and PLAID_SECRET as far as they are missing
 */
export function requirePlaid(settings: Settings): PlaidAccount {
  requireSettings(settings, 'plaid');
  const { plaidClientId: clientId, plaidSecret: secret, environment, plaidBaseUrl: baseUrl } = settings;
  return { clientId: clientId!, secret: secret!, environment, baseUrl };
}

/** Returns the variables that are set and not empty: what `loadTemporalConnection` and `startTracing` read. */
export function readVariables(env: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const entries = Object.entries(env).filter((entry): entry is [string, string] => !!entry[1]);
  return Object.fromEntries(entries);
}

function sharedKeys({ vaultRing, codecRing, callbacks }: Partial<Settings>): InputError[] {
  const callbackRing = callbacks?.keys;
  return [
    ...problemsIn(() => vaultRing && codecRing && refuseSharedKeys(vaultRing, codecRing)),
    ...[vaultRing, codecRing].flatMap((ring) =>
      problemsIn(() => callbackRing && ring && refuseForeignKeys(callbackRing, ring)),
    ),
  ];
}

/** Node's own switch would take the verification from every TLS connection, Plaid's and the database's among them. */
function unverifiedTls(environment: PlaidEnvironment | undefined, given: Given): InputError[] {
  const variable = 'NODE_TLS_REJECT_UNAUTHORIZED';
  if (environment !== 'production' || given[variable] !== '0') return [];
  const problem = 'set to 0, with PLAID_ENV production, so that any server could pass for Plaid';
  return [new InputError(variable, problem, 'unset it')];
}

function problemsIn(check: () => unknown): InputError[] {
  try {
    check();
    return [];
  } catch (error) {
    if (error instanceof InputError) return [error];
    throw error;
  }
}
