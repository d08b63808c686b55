import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { type AccessSettings, readAccessSettings } from './codec/access-settings';
import { combineInputErrors, InputError, inputErrorFrom } from './input-error';
import { type KeyRing, parseKeyRing } from './key-ring';
import { LOG_LEVELS, type LogLevel } from './logger';
import { resolveBaseUrl } from './plaid/base-url';
import { checkWebhookUrl } from './plaid/webhook-url';
import { Secret } from './secret';
import { readSecretFile } from './secret-file';
import { PLAID_ENVIRONMENTS, type PlaidEnvironment } from './session';

/** Settings that may also be given as a file: `PLAID_SECRET_FILE` holds the path of a file with the value of `PLAID_SECRET`. */
const FILE_SETTINGS = [
  'PLAID_SECRET',
  'DATABASE_URL',
  'HOSTED_LINK_VAULT_KEYS',
  'HOSTED_LINK_CODEC_KEYS',
  'HOSTED_LINK_CODEC_TOKENS',
  'HOSTED_LINK_CODEC_TLS_CERT',
  'HOSTED_LINK_CODEC_TLS_KEY',
] as const;

const CERT_FILE_SETTING = 'HOSTED_LINK_CODEC_TLS_CERT_FILE';

/**
 * The settings of a deployment, but for Temporal's (see `loadTemporalConnection`). What is undefined was not set; whoever needs
 * it asks for it, as `requirePlaid` does.
 */
export interface Settings {
  /** PLAID_CLIENT_ID */
  plaidClientId: string | undefined;
  /** PLAID_SECRET */
  plaidSecret: Secret | undefined;
  /** PLAID_ENV, default `sandbox`. */
  environment: PlaidEnvironment;
  /** PLAID_BASE_URL, an origin by the rules of `resolveBaseUrl`. */
  plaidBaseUrl: string | undefined;
  /** HOSTED_LINK_PLAID_RATE: the most background gets a second, over all workers. Above 0. */
  plaidRate: number | undefined;
  /** HOSTED_LINK_PLAID_URGENT_RATE: the most creates, hinted gets and exchanges a second, over all workers. Above 0. */
  plaidUrgentRate: number | undefined;
  /** DATABASE_URL; without it the vault is embedded in `dataDir`. */
  databaseUrl: Secret | undefined;
  /** HOSTED_LINK_VAULT_KEYS */
  vaultRing: KeyRing | undefined;
  /** HOSTED_LINK_KEY_PROVIDER as an absolute path. */
  keyProvider: string | undefined;
  /** HOSTED_LINK_CODEC_KEYS */
  codecRing: KeyRing | undefined;
  /** HOSTED_LINK_CODEC_ORIGINS, separated by commas: origins whose pages may use the codec server. Default none. */
  codecOrigins: string[];
  /** HOSTED_LINK_CODEC_TOKENS and HOSTED_LINK_CODEC_JWKS_URL with what belongs to it: who may use the codec server. */
  codecAccess: AccessSettings | undefined;
  /** HOSTED_LINK_CODEC_TLS_CERT and HOSTED_LINK_CODEC_TLS_KEY, both PEM: with them the codec server serves HTTPS. */
  codecTls: { cert: string; key: Secret } | undefined;
  /** HOSTED_LINK_NOTIFY_PREFIXES, separated by commas: a notice may go only to workflow ids that start so. Default any. */
  notifyPrefixes: string[] | undefined;
  /** HOSTED_LINK_WEBHOOK_PORT: where Plaid's webhooks are received, 0 for a free port. Undefined: not by the worker. */
  webhookPort: number | undefined;
  /** HOSTED_LINK_WEBHOOK_HOST: the address to receive them on. Default 127.0.0.1. */
  webhookHost: string;
  /** HOSTED_LINK_ITEM_WEBHOOK_URL: where items' webhooks go, by the rules of `checkWebhookUrl`. */
  itemWebhookUrl: string | undefined;
  /** HOSTED_LINK_DATA_DIR as an absolute path, default `.hosted-link` in the working directory. */
  dataDir: string;
  /** LOG_LEVEL, default `info`. */
  logLevel: LogLevel;
}

/** What `createPlaidClient` needs to know. */
export interface PlaidAccount {
  clientId: string;
  secret: Secret;
  environment: PlaidEnvironment;
  baseUrl: string | undefined;
}

const NOT_A_PORT = 'not a port; give a whole number from 0 to 65535';

/** A Plaid key as it may stand in an HTTP header. */
const plaidKey = z
  .string()
  .regex(
    /^[!-~]+$/,
    'has white space or other characters that no Plaid key has; copy it again from the Plaid dashboard',
  )
  .optional();

const environment = z
  .enum(PLAID_ENVIRONMENTS, { error: `not an environment; set it to ${anyOf(PLAID_ENVIRONMENTS)}` })
  .default('sandbox');

const databaseUrl = z
  .string()
  .regex(
    /^postgres(ql)?:\/\/\S+$/,
    'not a PostgreSQL URL; write postgresql://user:password@host:5432/database',
  )
  .optional();

const rate = z
  .string()
  .transform(Number)
  .refine(
    (number) => number > 0 && number < Infinity,
    'not a number above 0; write how many a second, such as 20',
  )
  .optional();

const port = z
  .string()
  .regex(/^\d{1,5}$/, NOT_A_PORT)
  .transform(Number)
  .refine((number) => number <= 65_535, NOT_A_PORT)
  .optional();

const logLevel = z
  .enum(LOG_LEVELS, { error: `not a log level; set it to ${anyOf(LOG_LEVELS)}` })
  .default('info');

const list = z
  .string()
  .transform((text) => text.split(',').map((entry) => entry.trim()))
  .refine(
    (entries) => entries.every((entry) => entry !== ''),
    'has an empty entry; leave out the spare comma',
  )
  .optional();

const schema = z.object({
  PLAID_CLIENT_ID: plaidKey,
  PLAID_SECRET: plaidKey,
  PLAID_ENV: environment,
  PLAID_BASE_URL: z.string().optional(),
  HOSTED_LINK_PLAID_RATE: rate,
  HOSTED_LINK_PLAID_URGENT_RATE: rate,
  DATABASE_URL: databaseUrl,
  HOSTED_LINK_VAULT_KEYS: keyRing('HOSTED_LINK_VAULT_KEYS'),
  HOSTED_LINK_KEY_PROVIDER: z
    .string()
    .transform((path) => resolve(path))
    .optional(),
  HOSTED_LINK_CODEC_KEYS: keyRing('HOSTED_LINK_CODEC_KEYS'),
  HOSTED_LINK_CODEC_ORIGINS: list,
  HOSTED_LINK_CODEC_TOKENS: z.string().optional(),
  HOSTED_LINK_CODEC_JWKS_URL: z.string().optional(),
  HOSTED_LINK_CODEC_JWT_ISSUER: z.string().optional(),
  HOSTED_LINK_CODEC_JWT_AUDIENCE: z.string().optional(),
  HOSTED_LINK_CODEC_JWT_SUBJECTS: list,
  HOSTED_LINK_CODEC_TLS_CERT: z.string().optional(),
  HOSTED_LINK_CODEC_TLS_KEY: z.string().optional(),
  HOSTED_LINK_NOTIFY_PREFIXES: list,
  HOSTED_LINK_WEBHOOK_PORT: port,
  HOSTED_LINK_WEBHOOK_HOST: z.string().default('127.0.0.1'),
  HOSTED_LINK_ITEM_WEBHOOK_URL: z.string().optional(),
  HOSTED_LINK_DATA_DIR: z.string().default('.hosted-link'),
  LOG_LEVEL: logLevel,
});

/**
 * Reads and checks all settings. An empty one counts as not set.
 * @throws InputError that tells all problems at once, a line each; `field` is the first one's setting
 */
export function readSettings(env: NodeJS.ProcessEnv = process.env): Settings {
  const problems: InputError[] = [];
  const given = { ...withoutEmpty(env), ...readFiles(env, problems) };
  const parsed = schema.safeParse(given);
  for (const issue of parsed.error?.issues ?? []) problems.push(inputErrorFrom(new z.ZodError([issue])));
  problems.push(...checkUrls(given));
  problems.push(...problemIn(() => readAccessSettings(given)), ...problemIn(() => readCodecTls(given)));
  if (!parsed.success || problems.length > 0) throw combineInputErrors(problems);
  const set = parsed.data;
  return {
    plaidClientId: set.PLAID_CLIENT_ID,
    plaidSecret: secretOf(set.PLAID_SECRET),
    environment: set.PLAID_ENV,
    plaidBaseUrl: set.PLAID_BASE_URL,
    plaidRate: set.HOSTED_LINK_PLAID_RATE,
    plaidUrgentRate: set.HOSTED_LINK_PLAID_URGENT_RATE,
    databaseUrl: secretOf(set.DATABASE_URL),
    vaultRing: set.HOSTED_LINK_VAULT_KEYS,
    keyProvider: set.HOSTED_LINK_KEY_PROVIDER,
    codecRing: set.HOSTED_LINK_CODEC_KEYS,
    codecOrigins: set.HOSTED_LINK_CODEC_ORIGINS ?? [],
    codecAccess: readAccessSettings(given),
    codecTls: readCodecTls(given),
    notifyPrefixes: set.HOSTED_LINK_NOTIFY_PREFIXES,
    webhookPort: set.HOSTED_LINK_WEBHOOK_PORT,
    webhookHost: set.HOSTED_LINK_WEBHOOK_HOST,
    itemWebhookUrl: set.HOSTED_LINK_ITEM_WEBHOOK_URL,
    dataDir: resolve(set.HOSTED_LINK_DATA_DIR),
    logLevel: set.LOG_LEVEL,
  };
}

/**
 * The Plaid account, for a command that calls Plaid.
 * @throws InputError naming PLAID_CLIENT_ID and PLAID_SECRET as far as they are missing
 */
export function requirePlaid(settings: Settings): PlaidAccount {
  const { plaidClientId: clientId, plaidSecret: secret, environment, plaidBaseUrl: baseUrl } = settings;
  if (clientId !== undefined && secret !== undefined) return { clientId, secret, environment, baseUrl };
  const remedy = `missing; set it to the one that the Plaid dashboard shows for ${environment}`;
  throw combineInputErrors([
    ...(clientId === undefined ? [new InputError('PLAID_CLIENT_ID', remedy)] : []),
    ...(secret === undefined ? [new InputError('PLAID_SECRET', `${remedy}, or PLAID_SECRET_FILE`)] : []),
  ]);
}

/** What `loadTemporalConnection` reads: the process's variables, of which an empty one counts as not set. */
export function readTemporalVariables(env: NodeJS.ProcessEnv = process.env): Record<string, string> {
  return withoutEmpty(env);
}

function withoutEmpty(env: NodeJS.ProcessEnv): Record<string, string> {
  const entries = Object.entries(env).filter((entry): entry is [string, string] => !!entry[1]);
  return Object.fromEntries(entries);
}

/** The values of the settings that are given as a file. */
function readFiles(env: NodeJS.ProcessEnv, problems: InputError[]): Record<string, string> {
  const values: Record<string, string> = {};
  for (const name of FILE_SETTINGS) {
    const setting = `${name}_FILE`;
    const path = env[setting];
    if (!path) continue;
    try {
      if (env[name]) throw new InputError(setting, `given as well as ${name}; leave one of them out`);
      values[name] = readValue(path, setting);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      problems.push(error);
    }
  }
  return values;
}

function readValue(path: string, setting: string): string {
  const remedy = 'give the path of a file that holds the value and that this user may read';
  let text: string;
  try {
    // A certificate is public, and often open to all.
    text = setting === CERT_FILE_SETTING ? readFileSync(path, 'utf8') : readSecretFile(path, setting);
  } catch (error) {
    if (error instanceof InputError) throw error;
    // The path itself is not repeated: it may be the value, put into the wrong setting.
    throw new InputError(setting, `no readable file (${(error as NodeJS.ErrnoException).code}); ${remedy}`);
  }
  const value = text.replace(/\r?\n$/, '');
  if (value === '') throw new InputError(setting, `an empty file; ${remedy}`);
  return value;
}

function keyRing(setting: string) {
  return z
    .string()
    .transform((text, context) => {
      try {
        return parseKeyRing(text, setting);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        context.addIssue({ code: 'custom', message: error.problem });
        return z.NEVER;
      }
    })
    .optional();
}

/** Checked against the environment only when that is a right one. */
function checkUrls(given: NodeJS.ProcessEnv): InputError[] {
  const plaidEnvironment = environment.safeParse(given['PLAID_ENV']);
  if (!plaidEnvironment.success) return [];
  const itemWebhook = 'HOSTED_LINK_ITEM_WEBHOOK_URL';
  const url = given[itemWebhook];
  return [
    ...problemIn(() => resolveBaseUrl(plaidEnvironment.data, given['PLAID_BASE_URL'])),
    ...problemIn(() => url !== undefined && checkWebhookUrl(itemWebhook, plaidEnvironment.data, url)),
  ];
}

function readCodecTls(given: NodeJS.ProcessEnv): Settings['codecTls'] {
  const { HOSTED_LINK_CODEC_TLS_CERT: cert, HOSTED_LINK_CODEC_TLS_KEY: key } = given;
  if (cert !== undefined && key !== undefined) return { cert, key: new Secret(key) };
  if (cert === undefined && key === undefined) return undefined;
  throw new InputError(
    `HOSTED_LINK_CODEC_TLS_${cert === undefined ? 'CERT' : 'KEY'}`,
    'missing; a certificate and its key go together',
  );
}

function problemIn(check: () => unknown): InputError[] {
  try {
    check();
    return [];
  } catch (error) {
    if (error instanceof InputError) return [error];
    throw error;
  }
}

function secretOf(value: string | undefined): Secret | undefined {
  return value === undefined ? undefined : new Secret(value);
}

function anyOf(names: readonly string[]): string {
  return `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}
