import { InputError } from '../domain/input-error';
import type { PlaidEnvironment } from '../domain/link-token';
import type { Settings } from './setting-schema';

/**
 * What a command cannot do without. Outside production all but the Plaid account have a stand-in: the embedded database, keys
 * of the data directory, callers on this machine.
 */
export type Capability = 'plaid' | 'database' | 'vaultKeys' | 'codecKeys' | 'codecCallers';

interface Requirement {
  /** One of these settings is enough. */
  anyOf: readonly (keyof Settings)[];
  /** The variable that an error names. */
  variable: string;
  /** Why it is needed. */
  problem: string;
  /** What to do. */
  remedy: (environment: PlaidEnvironment) => string;
}

const KEY_REMEDY =
  'to id:key, where the key is what `hosted-link keys generate` or `openssl rand -base64 32` prints';

const requiredSettings: Record<Capability, readonly Requirement[]> = {
  plaid: [
    {
      anyOf: ['plaidClientId'],
      variable: 'PLAID_CLIENT_ID',
      problem: 'missing',
      remedy: (environment) => `set it to the one that the Plaid dashboard shows for ${environment}`,
    },
    {
      anyOf: ['plaidSecret'],
      variable: 'PLAID_SECRET',
      problem: 'missing',
      remedy: (environment) =>
        `set it to the one that the Plaid dashboard shows for ${environment}, or PLAID_SECRET_FILE`,
    },
  ],
  database: [
    {
      anyOf: ['databaseUrl'],
      variable: 'DATABASE_URL',
      problem: 'missing, with PLAID_ENV production, for which the embedded database is not made',
      remedy: () => 'set it, or DATABASE_URL_FILE, to a PostgreSQL database',
    },
  ],
  vaultKeys: [
    {
      anyOf: ['vaultRing', 'keyProvider'],
      variable: 'HOSTED_LINK_VAULT_KEYS',
      problem: 'missing, with PLAID_ENV production',
      remedy: () => `set it, or HOSTED_LINK_VAULT_KEYS_FILE, ${KEY_REMEDY}`,
    },
  ],
  codecKeys: [
    {
      anyOf: ['codecRing'],
      variable: 'HOSTED_LINK_CODEC_KEYS',
      problem: 'missing, with PLAID_ENV production',
      remedy: () => `set it, or HOSTED_LINK_CODEC_KEYS_FILE, ${KEY_REMEDY}`,
    },
  ],
  codecCallers: [
    {
      anyOf: ['codecTokens', 'codecJwt'],
      variable: 'HOSTED_LINK_CODEC_TOKENS',
      problem: 'missing, with PLAID_ENV production, so that whoever reaches the codec server could decode',
      remedy: () => 'set it, or HOSTED_LINK_CODEC_JWKS_URL',
    },
  ],
};

/**
 * Makes an error for each setting that a command needs and that is not set.
 *
 * @param isSet whether a setting is set
 */
export function findMissing(
  capabilities: readonly Capability[],
  environment: PlaidEnvironment,
  isSet: (setting: keyof Settings) => boolean,
): InputError[] {
  return capabilities
    .filter((capability) => capability === 'plaid' || environment === 'production')
    .flatMap((capability) => requiredSettings[capability])
    .filter(({ anyOf }) => !anyOf.some(isSet))
    .map(({ variable, problem, remedy }) => new InputError(variable, problem, remedy(environment)));
}
