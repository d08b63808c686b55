import { resolve } from 'node:path';
import { z } from 'zod';
import { issueMessage } from '../domain/input-error';
import { PLAID_ENVIRONMENTS, type PlaidEnvironment } from '../domain/link-token';
import { USER_ATTRIBUTES } from '../domain/start-request';
import { parseListenAddress } from '../http/listen-address';
import { resolveBaseUrl } from '../plaid/base-url';
import { checkWebhookUrl } from '../plaid/webhook-url';
import { parseKeyRing } from '../secrets/key-ring';
import { refuseWeakKeys } from '../secrets/key-strength';
import { Secret } from '../secrets/secret';
import { LOG_LEVELS } from '../telemetry/log-levels';
import { verifiedDatabaseUrl } from '../vault/database/database-tls';
import { parseCodecTokens, parseKeySetUrl } from './codec-access';
import { type About, readBy, Setting, SettingGroup, settingsOf, type ValuesOf } from './declare';
import { readSettingFile } from './setting-files';

/*
 * Each setting is declared once, here: its variable, how its text is read, its default, whether it may be given as a file, and
 * what docs/settings.md says about it. The type `Settings`, `readSettings` and `npm run docs:settings` follow.
 */

const text = z.string();

const plaidKey = text.regex(
  /^[!-~]+$/,
  issueMessage(
    'has white space or other characters that no Plaid key has',
    'copy it again from the Plaid dashboard',
  ),
);

const perSecond = text
  .transform(Number)
  .refine(
    (number) => number > 0 && number < Infinity,
    issueMessage('not a number above 0', 'write how many a second, such as 20'),
  );

const days = text
  .regex(
    /^[1-9]\d{0,4}$/,
    issueMessage('not a number of days', 'write a whole one from 1 to 99999, such as 90'),
  )
  .transform(Number);

const list = text
  .transform((entries) => entries.split(',').map((entry) => entry.trim()))
  .refine(
    (entries) => entries.every((entry) => entry !== ''),
    issueMessage('has an empty entry', 'leave out the spare comma'),
  );

/** By Temporal's rules; the dot is what it puts between the two parts of a version. */
const versionPart = text.regex(
  /^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,254}$/,
  issueMessage('not a name', 'use up to 255 of A-Z a-z 0-9 _ - .'),
);

/** PLAID_ENV, on which the rules of others depend. */
export const plaidEnvironment = new Setting(
  'PLAID_ENV',
  oneOf(PLAID_ENVIRONMENTS, 'not an environment').default('sandbox'),
  { description: '`sandbox`, `development` or `production`. A vault serves one environment only.' },
);

/** Declares the settings of a deployment, without those of the codec server. */
export function deploymentSettings(environment: PlaidEnvironment) {
  return {
    plaidClientId: new Setting('PLAID_CLIENT_ID', plaidKey.optional(), {
      description: "Plaid's client id. The worker needs it.",
    }),
    plaidSecret: new Setting('PLAID_SECRET', plaidKey.transform(secret).optional(), {
      description: "Plaid's secret for the environment. The worker needs it.",
      file: true,
    }),
    environment: plaidEnvironment,
    plaidBaseUrl: new Setting(
      'PLAID_BASE_URL',
      readBy((url) => resolveBaseUrl(environment, url)).optional(),
      {
        description:
          "Another origin, without user, path or query: `https`, or `http` on loopback, for the sandbox. In production only a host of Plaid's.",
        absent: '`https://<env>.plaid.com`',
      },
    ),
    plaidRate: new Setting('HOSTED_LINK_PLAID_RATE', text.default('20').pipe(perSecond), {
      description:
        'The most background polls a second, over all workers; above 0. 429s of Plaid lower it for a while: see [operations.md](operations.md#the-rate-of-calls-to-plaid).',
    }),
    plaidUrgentRate: new Setting('HOSTED_LINK_PLAID_URGENT_RATE', text.default('40').pipe(perSecond), {
      description:
        'The same for creates, polls after a hint, and exchanges, which have a task queue of their own.',
    }),
    deploymentVersion: new SettingGroup({
      deploymentName: new Setting(
        'TEMPORAL_DEPLOYMENT_NAME',
        versionPart.refine(
          (name) => !name.includes('.'),
          issueMessage('has a dot, which Temporal allows in none', 'leave it out'),
        ),
        {
          description:
            'Turns on worker versioning: the Worker Deployment that the workers belong to. Goes with `TEMPORAL_WORKER_BUILD_ID`. See [changing-workflows.md](changing-workflows.md#worker-versioning).',
        },
      ),
      buildId: new Setting('TEMPORAL_WORKER_BUILD_ID', versionPart, {
        description: 'The version of this deployment, such as a commit; another one for each release.',
      }),
    }),
    databaseUrl: new Setting('DATABASE_URL', databaseUrl(environment).transform(secret).optional(), {
      description:
        '`postgresql://user:password@host:5432/database`, the vault. Without it the vault is embedded, for development.',
      file: true,
    }),
    vaultRing: keyRing('HOSTED_LINK_VAULT_KEYS', {
      description: "The vault's key ring.",
      absent: 'see below',
    }),
    keyProvider: new Setting('HOSTED_LINK_KEY_PROVIDER', text.transform((path) => resolve(path)).optional(), {
      description:
        "A module that wraps the vault's data keys, such as by a key management service: see [keys.md](keys.md#a-key-management-service).",
    }),
    codecRing: keyRing('HOSTED_LINK_CODEC_KEYS', {
      description: "The payload codec's key ring.",
      absent: 'see below',
    }),
    notifyPrefixes: new Setting('HOSTED_LINK_NOTIFY_PREFIXES', list.optional(), {
      description: 'Prefixes of the workflow ids that a start may name for a notice, separated by commas.',
      absent: 'any but our own',
    }),
    userAttribute: new Setting(
      'HOSTED_LINK_USER_ATTRIBUTE',
      oneOf(USER_ATTRIBUTES, 'not a choice').default('hash'),
      {
        description:
          "How Temporal's search attributes, which are not encrypted, show a person: `hash`, or `clear` for your user id itself. Set it alike for all that start sessions. See [web-ui.md](web-ui.md#search-attributes).",
      },
    ),
    webhookAddress: listenAddress('HOSTED_LINK_WEBHOOK_ADDRESS', {
      description:
        "Where a worker receives Plaid's webhooks itself: an IP address and a port, such as `0.0.0.0:8791`; port 0 takes a free one. Also the default of `hosted-link webhooks --address` (else `127.0.0.1:8791`). See [webhooks.md](webhooks.md).",
      absent: 'not received by a worker',
    }),
    itemWebhookUrl: new Setting(
      'HOSTED_LINK_ITEM_WEBHOOK_URL',
      webhookUrl('HOSTED_LINK_ITEM_WEBHOOK_URL', environment).optional(),
      {
        description:
          "Your application's own receiver: items' webhooks are moved there, and those that ours receives are [forwarded](webhooks.md#webhooks-of-items). `https`, or outside production `http` on loopback.",
      },
    ),
    callbacks: new SettingGroup({
      url: new Setting('HOSTED_LINK_CALLBACK_URL', webhookUrl('HOSTED_LINK_CALLBACK_URL', environment), {
        description:
          "Your application's receiver of each session's end: see [callbacks](learning-of-the-end.md#http-callbacks). `https`, or outside production `http` on loopback. Goes with `HOSTED_LINK_CALLBACK_KEYS`.",
      }),
      keys: new Setting('HOSTED_LINK_CALLBACK_KEYS', ringText('HOSTED_LINK_CALLBACK_KEYS'), {
        description:
          'The [keys](learning-of-the-end.md#keys) that sign callbacks, written as a key ring. Each of them signs.',
        file: true,
      }),
    }),
    retentionDays: new Setting('HOSTED_LINK_RETENTION_DAYS', text.default('90').pipe(days), {
      // Reasons for the default: docs/decisions/0018-retention.md.
      description:
        'After how many days what ended is stripped: see [operations.md](operations.md#retention). A whole number, at least 1.',
    }),
    dataDir: new Setting(
      'HOSTED_LINK_DATA_DIR',
      text.default('.hosted-link').transform((path) => resolve(path)),
      {
        description:
          'The folder for what is made without the settings above: `keys.json` and the embedded vault. Its absolute path has at most 83 bytes, since it contains a Unix socket.',
        absent: '`.hosted-link`',
      },
    ),
    metricsAddress: knownAddress('HOSTED_LINK_METRICS_ADDRESS', {
      description:
        'Where the worker and `hosted-link webhooks` serve [metrics](metrics.md) to Prometheus, under `/metrics`: an IP address and a port, such as `0.0.0.0:9464` or `[::]:9464`.',
      absent: 'not served',
    }),
    healthAddress: knownAddress('HOSTED_LINK_HEALTH_ADDRESS', {
      description:
        'Where the worker and `hosted-link webhooks` answer [`/livez` and `/readyz`](operations.md#probes): an IP address and a port, such as `0.0.0.0:8792`.',
      absent: 'not served',
    }),
    logLevel: new Setting('LOG_LEVEL', oneOf(LOG_LEVELS, 'not a log level').default('info'), {
      description:
        '`silent`, `fatal`, `error`, `warn`, `info`, `debug` or `trace`. JSON lines on standard error.',
    }),
  };
}

/** The settings of the codec server alone. */
export const CODEC_SERVER_SETTINGS = {
  codecTokens: new Setting('HOSTED_LINK_CODEC_TOKENS', readBy(parseCodecTokens).optional(), {
    description:
      'Bearer tokens that let programs use it: `name:token`, separated by commas; a token has at least 32 characters.',
    file: true,
  }),
  codecJwt: new SettingGroup({
    keySetUrl: new Setting('HOSTED_LINK_CODEC_JWKS_URL', readBy(parseKeySetUrl), {
      description:
        "Where the keys of the identity provider of Web UI's users are; `https`, or `http` on loopback.",
    }),
    issuer: new Setting('HOSTED_LINK_CODEC_JWT_ISSUER', text, {
      description: 'The issuer of their tokens, exactly. Goes with `HOSTED_LINK_CODEC_JWKS_URL`.',
    }),
    audience: new Setting('HOSTED_LINK_CODEC_JWT_AUDIENCE', text, {
      description: 'The audience of their tokens. Goes with `HOSTED_LINK_CODEC_JWKS_URL`.',
    }),
    subjects: new Setting('HOSTED_LINK_CODEC_JWT_SUBJECTS', list.optional(), {
      description:
        'Users (claim `sub`) who may decode whatever their claim `permissions` says, separated by commas; `*` for all.',
      absent: 'none',
    }),
  }),
  codecTls: new SettingGroup({
    cert: new Setting('HOSTED_LINK_CODEC_TLS_CERT_FILE', fileText('HOSTED_LINK_CODEC_TLS_CERT_FILE', true), {
      description: 'The file of its certificate, PEM, with the chain. With it, it serves HTTPS.',
    }),
    key: new Setting(
      'HOSTED_LINK_CODEC_TLS_KEY_FILE',
      fileText('HOSTED_LINK_CODEC_TLS_KEY_FILE', false).transform(secret),
      { description: "The file of the certificate's key, PEM." },
    ),
  }),
};

/** Declares all settings, with the rules of an environment. */
export function declareSettings(environment: PlaidEnvironment) {
  return { ...deploymentSettings(environment), ...CODEC_SERVER_SETTINGS };
}

/**
 * The settings of a deployment, without Temporal's (see `loadTemporalConnection`) and OpenTelemetry's. docs/settings.md describes
 * each. One that is not set and has no default is undefined; `requireSettings` and `requirePlaid` ask for it.
 */
export type Settings = ValuesOf<ReturnType<typeof declareSettings>>;

/** Returns the variables of all settings, without their `_FILE` twins. */
export function settingVariables(): string[] {
  return Object.values(declareSettings('sandbox'))
    .flatMap(settingsOf)
    .map(({ variable }) => variable);
}

function oneOf<const Values extends readonly string[]>(values: Values, problem: string) {
  const names = `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;
  return z.enum(values, { error: issueMessage(problem, `set it to ${names}`) });
}

function secret(value: string): Secret {
  return new Secret(value);
}

function databaseUrl(environment: PlaidEnvironment) {
  return text
    .regex(
      /^postgres(ql)?:\/\/\S+$/,
      issueMessage('not a PostgreSQL URL', 'write postgresql://user:password@host:5432/database'),
    )
    .pipe(readBy((url) => (environment === 'production' ? verifiedDatabaseUrl(url) : url)));
}

function webhookUrl(variable: string, environment: PlaidEnvironment) {
  return readBy((url) => {
    checkWebhookUrl(variable, environment, url);
    return url;
  });
}

function ringText(variable: string) {
  return readBy((ringOfText) => {
    const ring = parseKeyRing(ringOfText, variable);
    refuseWeakKeys(ring, variable);
    return ring;
  });
}

function keyRing(variable: string, about: Omit<About, 'file'>) {
  return new Setting(variable, ringText(variable).optional(), { ...about, file: true });
}

function listenAddress(variable: string, about: About) {
  return new Setting(variable, readBy((address) => parseListenAddress(address, variable)).optional(), about);
}

/** An address without a log line that would say which free port it took. */
function knownAddress(variable: string, about: About) {
  const schema = readBy((address) => parseListenAddress(address, variable)).refine(
    ({ port }) => port > 0,
    issueMessage('has port 0', 'write the port on which others ask'),
  );
  return new Setting(variable, schema.optional(), about);
}

function fileText(variable: string, isPublic: boolean) {
  return readBy((path) => readSettingFile(path, variable, isPublic));
}
