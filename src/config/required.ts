import { InputError } from '../domain/input-error';
import type { PlaidEnvironment } from '../domain/link-token';

/**
 * What a command cannot do without. Outside production all but the Plaid account have a stand-in: the embedded database, keys
 * of the data directory, callers on this machine.
 */
export type Capability = 'plaid' | 'database' | 'vaultKeys' | 'codecKeys' | 'codecCallers';

interface Requirement {
  /** One of these settings is enough; the first is named when none is there. */
  anyOf: readonly [string, ...string[]];
  /** What is wrong without it. */
  problem: string;
  /** What to do. */
  remedy: (environment: PlaidEnvironment) => string;
}

const KEY_REMEDY =
  'to id:key, where the key is what `hosted-link keys generate` or `openssl rand -base64 32` prints';

const REQUIREMENTS: Record<Capability, readonly Requirement[]> = {
  plaid: [
    {
      anyOf: ['PLAID_CLIENT_ID'],
      problem: 'missing',
      remedy: (environment) => `set it to the one that the Plaid dashboard shows for ${environment}`,
    },
    {
      anyOf: ['PLAID_SECRET'],
      problem: 'missing',
      remedy: (environment) =>
        `set it to the one that the Plaid dashboard shows for ${environment}, or PLAID_SECRET_FILE`,
    },
  ],
  database: [
    {
      anyOf: ['DATABASE_URL'],
      problem: 'missing, with PLAID_ENV production, for which the embedded database is not made',
      remedy: () => 'set it, or DATABASE_URL_FILE, to a PostgreSQL database',
    },
  ],
  vaultKeys: [
    {
      anyOf: ['HOSTED_LINK_VAULT_KEYS', 'HOSTED_LINK_KEY_PROVIDER'],
      problem: 'missing, with PLAID_ENV production',
      remedy: () => `set it, or HOSTED_LINK_VAULT_KEYS_FILE, ${KEY_REMEDY}`,
    },
  ],
  codecKeys: [
    {
      anyOf: ['HOSTED_LINK_CODEC_KEYS'],
      problem: 'missing, with PLAID_ENV production',
      remedy: () => `set it, or HOSTED_LINK_CODEC_KEYS_FILE, ${KEY_REMEDY}`,
    },
  ],
  codecCallers: [
    {
      anyOf: ['HOSTED_LINK_CODEC_TOKENS', 'HOSTED_LINK_CODEC_JWKS_URL'],
      problem: 'missing, with PLAID_ENV production, so that whoever reaches the codec server could decode',
      remedy: () => 'set it, or HOSTED_LINK_CODEC_JWKS_URL',
    },
  ],
};

/** A problem for each setting that the needs of a command lack. @param given values by setting; an absent one is undefined */
export function missingSettings(
  needs: readonly Capability[],
  environment: PlaidEnvironment,
  given: Readonly<Record<string, unknown>>,
): InputError[] {
  return needs
    .filter((need) => need === 'plaid' || environment === 'production')
    .flatMap((need) => REQUIREMENTS[need])
    .filter(({ anyOf }) => anyOf.every((setting) => given[setting] === undefined))
    .map(({ anyOf, problem, remedy }) => new InputError(anyOf[0], problem, remedy(environment)));
}
