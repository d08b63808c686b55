import { resolve } from 'node:path';
import { z } from 'zod';
import type { CallbackSettings } from '../callbacks/sender';
import { type AccessSettings, readAccessSettings } from './codec-access';
import { combineInputErrors, InputError, inputErrorFrom } from '../domain/input-error';
import type { KeyRing } from '../secrets/key-ring';
import { refuseForeignKeys, refuseSharedKeys, refuseWeakKeys } from '../secrets/key-strength';
import type { LogLevel } from '../telemetry/log-levels';
import { missingSettings, type Capability } from './required';
import { resolveBaseUrl } from '../plaid/base-url';
import { checkWebhookUrl } from '../plaid/webhook-url';
import { Secret } from '../secrets/secret';
import type { PlaidEnvironment } from '../domain/link-token';
import type { UserAttribute } from '../domain/start-request';
import { readSettingFiles } from './setting-files';
import { environment, FILE_SETTINGS, type ListenAddress, settingSchema } from './setting-schema';
import { readTraceSettings, type TraceSettings } from '../telemetry/trace-settings';
import { verifiedDatabaseUrl } from '../vault/database-tls';

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
  /** TEMPORAL_DEPLOYMENT_NAME and TEMPORAL_WORKER_BUILD_ID. Undefined: workers without a version. */
  deploymentVersion: { deploymentName: string; buildId: string } | undefined;
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
  /** HOSTED_LINK_USER_ATTRIBUTE, default `hash`: what stands for a person in search attributes. */
  userAttribute: UserAttribute;
  /** HOSTED_LINK_WEBHOOK_PORT: where Plaid's webhooks are received, 0 for a free port. Undefined: not by the worker. */
  webhookPort: number | undefined;
  /** HOSTED_LINK_WEBHOOK_HOST: the address to receive them on. Default 127.0.0.1. */
  webhookHost: string;
  /** HOSTED_LINK_ITEM_WEBHOOK_URL: where items' webhooks go, by the rules of `checkWebhookUrl`. */
  itemWebhookUrl: string | undefined;
  /** HOSTED_LINK_CALLBACK_URL, by the rules of `checkWebhookUrl`, and HOSTED_LINK_CALLBACK_KEYS: who is called back. */
  callbacks: CallbackSettings | undefined;
  /** HOSTED_LINK_RETENTION_DAYS, a whole number of at least 1, default 90. */
  retentionDays: number;
  /** HOSTED_LINK_DATA_DIR as an absolute path, default `.hosted-link` in the working directory. */
  dataDir: string;
  /** HOSTED_LINK_METRICS_ADDRESS: where Prometheus gets metrics. Undefined: nowhere. */
  metricsAddress: ListenAddress | undefined;
  /** HOSTED_LINK_HEALTH_ADDRESS: where `/livez` and `/readyz` are answered. Undefined: nowhere. */
  healthAddress: ListenAddress | undefined;
  /** OTEL_EXPORTER_OTLP_ENDPOINT and what goes with it: where spans go. Undefined: there are none. */
  traces: TraceSettings | undefined;
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

/**
 * Reads and checks all settings, for a command with these needs. An empty setting counts as not set.
 * @throws InputError that tells all problems at once, a line each; `field` is the first one's setting
 */
export function readSettings(
  env: NodeJS.ProcessEnv = process.env,
  { needs = [] }: { needs?: readonly Capability[] } = {},
): Settings {
  const problems: InputError[] = [];
  const given = { ...withoutEmpty(env), ...readSettingFiles(FILE_SETTINGS, env, problems) };
  const parsed = settingSchema.safeParse(given);
  for (const issue of parsed.error?.issues ?? []) problems.push(inputErrorFrom(new z.ZodError([issue])));
  problems.push(...problemIn(() => readAccessSettings(given)), ...problemIn(() => readCodecTls(given)));
  problems.push(...problemIn(() => readDeploymentVersion(given)));
  const plaidEnvironment = environment.safeParse(given['PLAID_ENV']);
  // Not told as well when the environment itself is wrong, of which most depends.
  if (plaidEnvironment.success) {
    problems.push(...missingSettings(needs, plaidEnvironment.data, given));
    problems.push(...checkUrls(plaidEnvironment.data, given));
    if (plaidEnvironment.data === 'production') problems.push(...checkNodeTls(given));
  }
  if (parsed.success) {
    problems.push(...checkKeys(parsed.data), ...problemIn(() => callbacksOf(parsed.data)));
  }
  if (!parsed.success || problems.length > 0) throw combineInputErrors(problems);
  const set = parsed.data;
  return {
    plaidClientId: set.PLAID_CLIENT_ID,
    plaidSecret: secretOf(set.PLAID_SECRET),
    environment: set.PLAID_ENV,
    plaidBaseUrl: set.PLAID_BASE_URL,
    plaidRate: set.HOSTED_LINK_PLAID_RATE,
    plaidUrgentRate: set.HOSTED_LINK_PLAID_URGENT_RATE,
    deploymentVersion: readDeploymentVersion(given),
    databaseUrl: secretOf(databaseUrlIn(set.PLAID_ENV, set.DATABASE_URL)),
    vaultRing: set.HOSTED_LINK_VAULT_KEYS,
    keyProvider: set.HOSTED_LINK_KEY_PROVIDER,
    codecRing: set.HOSTED_LINK_CODEC_KEYS,
    codecOrigins: set.HOSTED_LINK_CODEC_ORIGINS ?? [],
    codecAccess: readAccessSettings(given),
    codecTls: readCodecTls(given),
    notifyPrefixes: set.HOSTED_LINK_NOTIFY_PREFIXES,
    userAttribute: set.HOSTED_LINK_USER_ATTRIBUTE,
    webhookPort: set.HOSTED_LINK_WEBHOOK_PORT,
    webhookHost: set.HOSTED_LINK_WEBHOOK_HOST,
    itemWebhookUrl: set.HOSTED_LINK_ITEM_WEBHOOK_URL,
    callbacks: callbacksOf(set),
    retentionDays: set.HOSTED_LINK_RETENTION_DAYS,
    dataDir: resolve(set.HOSTED_LINK_DATA_DIR),
    metricsAddress: set.HOSTED_LINK_METRICS_ADDRESS,
    healthAddress: set.HOSTED_LINK_HEALTH_ADDRESS,
    traces: readTraceSettings(given),
    logLevel: set.LOG_LEVEL,
  };
}

/** As {@link readSettings} of this process. @throws InputError */
export function readSettingsFor(...needs: Capability[]): Settings {
  return readSettings(process.env, { needs });
}

/**
 * Checks that settings which were read without these needs have what they ask for.
 * @throws InputError that tells all that is missing, a line each
 */
export function requireSettings(settings: Settings, ...needs: Capability[]): void {
  const missing = missingSettings(needs, settings.environment, {
    PLAID_CLIENT_ID: settings.plaidClientId,
    PLAID_SECRET: settings.plaidSecret,
    DATABASE_URL: settings.databaseUrl,
    HOSTED_LINK_VAULT_KEYS: settings.vaultRing,
    HOSTED_LINK_KEY_PROVIDER: settings.keyProvider,
    HOSTED_LINK_CODEC_KEYS: settings.codecRing,
    HOSTED_LINK_CODEC_TOKENS: settings.codecAccess,
  });
  if (missing.length > 0) throw combineInputErrors(missing);
}

/**
 * The Plaid account, for a command that calls Plaid.
 * @throws InputError naming PLAID_CLIENT_ID and PLAID_SECRET as far as they are missing
 */
export function requirePlaid(settings: Settings): PlaidAccount {
  requireSettings(settings, 'plaid');
  const { plaidClientId: clientId, plaidSecret: secret, environment, plaidBaseUrl: baseUrl } = settings;
  return { clientId: clientId!, secret: secret!, environment, baseUrl };
}

/** What `loadTemporalConnection` reads: the process's variables, of which an empty one counts as not set. */
export function readTemporalVariables(env: NodeJS.ProcessEnv = process.env): Record<string, string> {
  return withoutEmpty(env);
}

function withoutEmpty(env: NodeJS.ProcessEnv): Record<string, string> {
  const entries = Object.entries(env).filter((entry): entry is [string, string] => !!entry[1]);
  return Object.fromEntries(entries);
}

function checkUrls(plaidEnvironment: PlaidEnvironment, given: NodeJS.ProcessEnv): InputError[] {
  const receivers = ['HOSTED_LINK_ITEM_WEBHOOK_URL', 'HOSTED_LINK_CALLBACK_URL'];
  return [
    ...problemIn(() => resolveBaseUrl(plaidEnvironment, given['PLAID_BASE_URL'])),
    ...receivers.flatMap((setting) => {
      const url = given[setting];
      return problemIn(() => url !== undefined && checkWebhookUrl(setting, plaidEnvironment, url));
    }),
    ...problemIn(() => databaseUrlIn(plaidEnvironment, given['DATABASE_URL'])),
  ];
}

function databaseUrlIn(plaidEnvironment: PlaidEnvironment, url: string | undefined): string | undefined {
  return url !== undefined && plaidEnvironment === 'production' ? verifiedDatabaseUrl(url) : url;
}

/** Node's own switch would take the verification from every TLS connection, Plaid's and the database's among them. */
function checkNodeTls({ NODE_TLS_REJECT_UNAUTHORIZED: verification }: NodeJS.ProcessEnv): InputError[] {
  if (verification !== '0') return [];
  return [
    new InputError(
      'NODE_TLS_REJECT_UNAUTHORIZED',
      'set to 0, with PLAID_ENV production, so that any server could pass for Plaid',
      'unset it',
    ),
  ];
}

function checkKeys({
  HOSTED_LINK_VAULT_KEYS: vaultRing,
  HOSTED_LINK_CODEC_KEYS: codecRing,
  HOSTED_LINK_CALLBACK_KEYS: callbackRing,
}: z.infer<typeof settingSchema>): InputError[] {
  return [
    ...problemIn(() => vaultRing && refuseWeakKeys(vaultRing, 'HOSTED_LINK_VAULT_KEYS')),
    ...problemIn(() => codecRing && refuseWeakKeys(codecRing, 'HOSTED_LINK_CODEC_KEYS')),
    ...problemIn(() => callbackRing && refuseWeakKeys(callbackRing, 'HOSTED_LINK_CALLBACK_KEYS')),
    ...problemIn(() => vaultRing && codecRing && refuseSharedKeys(vaultRing, codecRing)),
    ...[vaultRing, codecRing].flatMap((ring) =>
      problemIn(() => callbackRing && ring && refuseForeignKeys(callbackRing, ring)),
    ),
  ];
}

/** @throws InputError when one of the two is missing */
function callbacksOf({
  HOSTED_LINK_CALLBACK_URL: url,
  HOSTED_LINK_CALLBACK_KEYS: keys,
}: z.infer<typeof settingSchema>): CallbackSettings | undefined {
  if (url !== undefined && keys !== undefined) return { url, keys };
  if (url === undefined && keys === undefined) return undefined;
  throw new InputError(
    `HOSTED_LINK_CALLBACK_${url === undefined ? 'URL' : 'KEYS'}`,
    'missing',
    'the URL of callbacks and the keys that sign them go together',
  );
}

function readCodecTls(given: NodeJS.ProcessEnv): Settings['codecTls'] {
  const { HOSTED_LINK_CODEC_TLS_CERT: cert, HOSTED_LINK_CODEC_TLS_KEY: key } = given;
  if (cert !== undefined && key !== undefined) return { cert, key: new Secret(key) };
  if (cert === undefined && key === undefined) return undefined;
  throw new InputError(
    `HOSTED_LINK_CODEC_TLS_${cert === undefined ? 'CERT' : 'KEY'}`,
    'missing',
    'a certificate and its key go together',
  );
}

function readDeploymentVersion(given: NodeJS.ProcessEnv): Settings['deploymentVersion'] {
  const { TEMPORAL_DEPLOYMENT_NAME: deploymentName, TEMPORAL_WORKER_BUILD_ID: buildId } = given;
  if (deploymentName !== undefined && buildId !== undefined) return { deploymentName, buildId };
  if (deploymentName === undefined && buildId === undefined) return undefined;
  throw new InputError(
    deploymentName === undefined ? 'TEMPORAL_DEPLOYMENT_NAME' : 'TEMPORAL_WORKER_BUILD_ID',
    'missing',
    'a version is the name of the deployment and a build id: set both, or neither',
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
