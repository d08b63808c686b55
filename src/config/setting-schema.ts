import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { z } from 'zod';
import { InputError, issueMessage } from '../domain/input-error';
import { parseKeyRing } from '../secrets/key-ring';
import { LOG_LEVELS } from '../telemetry/log-levels';
import { PLAID_ENVIRONMENTS } from '../domain/link-token';
import { USER_ATTRIBUTES } from '../domain/start-request';

/*
 * The settings one by one: how each is written, what it is when absent, and what docs/settings.md says of it, which
 * `npm run docs:settings` makes from here. What depends on several of them is config.ts's.
 */

const NOT_A_PORT = issueMessage('not a port', 'give a whole number from 0 to 65535');

/** A Plaid key as it may stand in an HTTP header. */
const plaidKey = z
  .string()
  .regex(
    /^[!-~]+$/,
    issueMessage(
      'has white space or other characters that no Plaid key has',
      'copy it again from the Plaid dashboard',
    ),
  )
  .optional();

/** PLAID_ENV, on which many of the others depend. */
export const environment = z
  .enum(PLAID_ENVIRONMENTS, {
    error: issueMessage('not an environment', `set it to ${anyOf(PLAID_ENVIRONMENTS)}`),
  })
  .default('sandbox');

const databaseUrl = z
  .string()
  .regex(
    /^postgres(ql)?:\/\/\S+$/,
    issueMessage('not a PostgreSQL URL', 'write postgresql://user:password@host:5432/database'),
  )
  .optional();

const rate = z
  .string()
  .transform(Number)
  .refine(
    (number) => number > 0 && number < Infinity,
    issueMessage('not a number above 0', 'write how many a second, such as 20'),
  )
  .optional();

const port = z
  .string()
  .regex(/^\d{1,5}$/, NOT_A_PORT)
  .transform(Number)
  .refine((number) => number <= 65_535, NOT_A_PORT)
  .optional();

/** Where a server listens. */
export interface ListenAddress {
  /** An IP address. */
  host: string;
  /** 1 to 65535. */
  port: number;
}

/** No name of a host: the SDK's exporter of metrics resolves none. */
const listenAddress = z
  .string()
  .transform((address, context): ListenAddress => {
    const [, ipv6, ipv4, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(address) ?? [];
    const [host, port] = [ipv6 ?? ipv4 ?? '', Number(digits)];
    if (isIP(host) === (ipv6 === undefined ? 4 : 6) && port >= 1 && port <= 65_535) return { host, port };
    context.addIssue({
      code: 'custom',
      message: issueMessage(
        'not an address to listen on',
        'write an IP address and a port, such as 127.0.0.1:9464',
      ),
    });
    return z.NEVER;
  })
  .optional();

/** Reasons for the default: docs/decisions/0018-retention.md. */
const retentionDays = z
  .string()
  .regex(
    /^[1-9]\d{0,4}$/,
    issueMessage('not a number of days', 'write a whole one from 1 to 99999, such as 90'),
  )
  .default('90')
  .transform(Number);

const userAttribute = z
  .enum(USER_ATTRIBUTES, { error: issueMessage('not a choice', `set it to ${anyOf(USER_ATTRIBUTES)}`) })
  .default('hash');

const logLevel = z
  .enum(LOG_LEVELS, { error: issueMessage('not a log level', `set it to ${anyOf(LOG_LEVELS)}`) })
  .default('info');

const list = z
  .string()
  .transform((text) => text.split(',').map((entry) => entry.trim()))
  .refine(
    (entries) => entries.every((entry) => entry !== ''),
    issueMessage('has an empty entry', 'leave out the spare comma'),
  )
  .optional();

/** By Temporal's rules; the dot is what it puts between the two. */
const versionPart = z
  .string()
  .regex(
    /^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,254}$/,
    issueMessage('not a name', 'use up to 255 of A-Z a-z 0-9 _ - .'),
  )
  .optional();

/** Text whose rules another module has. */
const text = z.string().optional();

/** The settings of a deployment but for {@link CODEC_SERVER_SETTINGS}. */
export const DEPLOYMENT_SETTINGS = {
  PLAID_CLIENT_ID: plaidKey.describe("Plaid's client id. The worker needs it."),
  PLAID_SECRET: plaidKey.describe("Plaid's secret for the environment. The worker needs it."),
  PLAID_ENV: environment.describe(
    '`sandbox`, `development` or `production`. A vault serves one environment only.',
  ),
  PLAID_BASE_URL: text.meta({
    description:
      "Another origin, without user, path or query: `https`, or `http` on loopback, for the sandbox. In production only a host of Plaid's.",
    absent: '`https://<env>.plaid.com`',
  }),
  HOSTED_LINK_PLAID_RATE: rate.meta({
    description:
      'The most background gets a second, over all workers; above 0. 429s of Plaid lower it for a while: see [operations.md](operations.md#the-rate-of-calls-to-plaid).',
    absent: '`20`',
  }),
  HOSTED_LINK_PLAID_URGENT_RATE: rate.meta({
    description: 'The same for creates, hinted gets and exchanges, which have a task queue of their own.',
    absent: '`40`',
  }),
  TEMPORAL_DEPLOYMENT_NAME: versionPart
    .refine(
      (name) => !name?.includes('.'),
      issueMessage('has a dot, which Temporal allows in none', 'leave it out'),
    )
    .describe(
      'Turns on worker versioning: the Worker Deployment that the workers belong to. Goes with `TEMPORAL_WORKER_BUILD_ID`. See [changing-workflows.md](changing-workflows.md#worker-versioning).',
    ),
  TEMPORAL_WORKER_BUILD_ID: versionPart.describe(
    'The version of this deployment, such as a commit; another one for each release.',
  ),
  DATABASE_URL: databaseUrl.describe(
    '`postgresql://user:password@host:5432/database`, the vault. Without it the vault is embedded, for development.',
  ),
  HOSTED_LINK_VAULT_KEYS: keyRing('HOSTED_LINK_VAULT_KEYS').meta({
    description: "The vault's key ring.",
    absent: 'see below',
  }),
  HOSTED_LINK_KEY_PROVIDER: z
    .string()
    .transform((path) => resolve(path))
    .optional()
    .describe(
      "A module that wraps the vault's data keys, such as by a key management service: see [keys.md](keys.md#a-key-management-service).",
    ),
  HOSTED_LINK_CODEC_KEYS: keyRing('HOSTED_LINK_CODEC_KEYS').meta({
    description: "The payload codec's key ring.",
    absent: 'see below',
  }),
  HOSTED_LINK_CODEC_ORIGINS: list.describe(
    'Origins whose pages may use the codec server, separated by commas, such as `http://localhost:8233` (Web UI). `--origin` of the command comes first.',
  ),
  HOSTED_LINK_NOTIFY_PREFIXES: list.meta({
    description: 'Prefixes of the workflow ids that a start may name for a notice, separated by commas.',
    absent: 'any but our own',
  }),
  HOSTED_LINK_USER_ATTRIBUTE: userAttribute.describe(
    "What stands for a person in Temporal's search attributes, which are not encrypted: `hash` or `clear`, your user id itself. Set it alike for all that start sessions. See [web-ui.md](web-ui.md#search-attributes).",
  ),
  HOSTED_LINK_WEBHOOK_PORT: port.describe(
    "The TCP port on which a worker receives Plaid's webhooks itself, 0 for a free one; without it, it does not. Also the default of `hosted-link webhooks --port` (else 8791). See [webhooks.md](webhooks.md).",
  ),
  HOSTED_LINK_WEBHOOK_HOST: z.string().default('127.0.0.1').describe('The address to receive them on.'),
  HOSTED_LINK_ITEM_WEBHOOK_URL: text.describe(
    "Your application's own receiver: items' webhooks are moved there, and what comes to ours is [forwarded](webhooks.md#webhooks-of-items). `https`, or outside production `http` on loopback.",
  ),
  HOSTED_LINK_CALLBACK_URL: text.describe(
    "Where your application is told over HTTP of each session's end: see [callbacks](learning-of-the-end.md#http-callbacks). `https`, or outside production `http` on loopback. Goes with `HOSTED_LINK_CALLBACK_KEYS`.",
  ),
  HOSTED_LINK_CALLBACK_KEYS: keyRing('HOSTED_LINK_CALLBACK_KEYS').describe(
    'The [keys](learning-of-the-end.md#keys) that sign callbacks, written as a key ring. Each of them signs.',
  ),
  HOSTED_LINK_RETENTION_DAYS: retentionDays.meta({
    description:
      'After how many days what ended is stripped: see [operations.md](operations.md#retention). A whole number, at least 1.',
    absent: '`90`',
  }),
  HOSTED_LINK_DATA_DIR: z
    .string()
    .default('.hosted-link')
    .describe(
      'The folder for what is made without the settings above: `keys.json` and the embedded vault. Its absolute path has at most 83 bytes, since a Unix socket lies in it.',
    ),
  HOSTED_LINK_METRICS_ADDRESS: listenAddress.meta({
    description:
      'Where [metrics](metrics.md) are served to Prometheus, under `/metrics`: an IP address and a port, such as `0.0.0.0:9464` or `[::]:9464`. By the worker and by `hosted-link webhooks`, to whoever asks.',
    absent: 'not served',
  }),
  HOSTED_LINK_HEALTH_ADDRESS: listenAddress.meta({
    description:
      'Where the worker and `hosted-link webhooks` answer [`/livez` and `/readyz`](operations.md#probes): an IP address and a port, such as `0.0.0.0:8792`.',
    absent: 'nowhere',
  }),
  LOG_LEVEL: logLevel.describe(
    '`silent`, `fatal`, `error`, `warn`, `info`, `debug` or `trace`. JSON lines on standard error.',
  ),
};

/** The settings of the codec server. */
export const CODEC_SERVER_SETTINGS = {
  HOSTED_LINK_CODEC_TOKENS: text.describe(
    'Bearer tokens that let programs use it: `name:token`, separated by commas; a token has at least 32 characters.',
  ),
  HOSTED_LINK_CODEC_JWKS_URL: text.describe(
    "Where the keys of the identity provider of Web UI's users are; `https`, or `http` on loopback.",
  ),
  HOSTED_LINK_CODEC_JWT_ISSUER: text.describe(
    'The issuer of their tokens, exactly. Goes with `HOSTED_LINK_CODEC_JWKS_URL`.',
  ),
  HOSTED_LINK_CODEC_JWT_AUDIENCE: text.describe(
    'The audience of their tokens. Goes with `HOSTED_LINK_CODEC_JWKS_URL`.',
  ),
  HOSTED_LINK_CODEC_JWT_SUBJECTS: list.meta({
    description:
      'Users (claim `sub`) who may decode whatever their claim `permissions` says, separated by commas; `*` for all.',
    absent: 'none',
  }),
  HOSTED_LINK_CODEC_TLS_CERT: text.describe(
    'Its certificate, PEM, with the chain. With it, it serves HTTPS.',
  ),
  HOSTED_LINK_CODEC_TLS_KEY: text.describe("The certificate's key, PEM."),
};

/** The settings of traces, by the names and rules of OpenTelemetry. */
export const TRACE_SETTINGS = {
  OTEL_EXPORTER_OTLP_ENDPOINT: text.describe(
    'Turns on traces: the collector, such as `http://localhost:4318`, which gets them at `/v1/traces`.',
  ),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: text.describe('The same, as the whole URL.'),
  OTEL_EXPORTER_OTLP_PROTOCOL: text.meta({
    description: 'Only `http/protobuf`. Also as `OTEL_EXPORTER_OTLP_TRACES_PROTOCOL`.',
    absent: '`http/protobuf`',
  }),
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: text.meta({ description: 'The same.', absent: '`http/protobuf`' }),
  OTEL_TRACES_EXPORTER: text.meta({ description: '`none` turns traces off.', absent: '`otlp`' }),
  OTEL_SDK_DISABLED: text.describe('`true` turns traces off.'),
};

/** All settings, by their names. */
export const settingSchema = z.object({
  ...DEPLOYMENT_SETTINGS,
  ...CODEC_SERVER_SETTINGS,
  ...TRACE_SETTINGS,
});

/** Settings that may also be given as a file: `PLAID_SECRET_FILE` holds the path of a file with the value of `PLAID_SECRET`. */
export const FILE_SETTINGS: readonly (keyof typeof settingSchema.shape)[] = [
  'PLAID_SECRET',
  'DATABASE_URL',
  'HOSTED_LINK_VAULT_KEYS',
  'HOSTED_LINK_CODEC_KEYS',
  'HOSTED_LINK_CALLBACK_KEYS',
  'HOSTED_LINK_CODEC_TOKENS',
  'HOSTED_LINK_CODEC_TLS_CERT',
  'HOSTED_LINK_CODEC_TLS_KEY',
];

function keyRing(setting: string) {
  return z
    .string()
    .transform((ring, context) => {
      try {
        return parseKeyRing(ring, setting);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        context.addIssue({ code: 'custom', message: issueMessage(error.problem, error.remedy) });
        return z.NEVER;
      }
    })
    .optional();
}

function anyOf(names: readonly string[]): string {
  return `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}
