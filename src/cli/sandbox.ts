import { Command, InvalidArgumentError, Option } from 'commander';
import type { z } from 'zod';
import { inputErrorFrom } from '../domain/input-error';
import type { SandboxOptions } from '../sandbox';
import { DEFAULT_CLIENT_ID, DEFAULT_SECRET, startSandbox } from '../sandbox';
import {
  type PlannedFault,
  plannedFaultSchema,
  planFault,
  type PlannedWebhookFault,
  plannedWebhookFaultSchema,
  planWebhookFault,
} from '../sandbox/planned-fault';
import { PLAID_ENVIRONMENTS, type PlaidEnvironment } from '../domain/link-token';
import { examples } from './examples';
import { printJson, printLines } from './print';
import { stopSignal } from './stop-signal';

const DEFAULT_PORT = 8790;

/** A worker in production talks to Plaid alone. */
const ENVIRONMENTS = PLAID_ENVIRONMENTS.filter((name) => name !== 'production');

type Flags = Omit<SandboxOptions, 'port' | 'environment' | 'linkTokenLifetimeMs'> & {
  port: number;
  environment: PlaidEnvironment;
  linkTokenLifetime?: number;
  fault: PlannedFault[];
  webhookFault: PlannedWebhookFault[];
  json?: boolean;
};

/** `hosted-link sandbox`: the offline Plaid alone, until SIGINT or SIGTERM. */
export function sandboxCommand(): Command {
  return new Command('sandbox')
    .description('run the offline Plaid on this machine, for development')
    .option('--port <number>', 'TCP port on 127.0.0.1, 0 for a free one', wholeNumber(65_535), DEFAULT_PORT)
    .addOption(oneOf('--environment <name>', 'whose tokens it hands out', ENVIRONMENTS))
    .option('--auto', 'let sessions open and finish by themselves', false)
    .option('--seed <number>', 'make what --auto does repeatable', wholeNumber(2 ** 31), 1)
    .option(
      '--link-token-lifetime <seconds>',
      'how long a link token lives when its request does not say (default: as at Plaid)',
      wholeNumber(21 * 86_400),
    )
    .option('--tokens-once', 'let /link_delivery/get show the tokens of a session only once', false)
    .addOption(
      oneOf('--token-shape <shape>', 'what /link_delivery/get shows of a finished session', [
        'access_tokens',
        'public_tokens',
      ]),
    )
    .addOption(
      oneOf('--link-session-shape <shape>', 'where /link/token/get shows how a visit ended', [
        'results',
        'on_success',
      ]),
    )
    .option('--refuse-expired', 'let /link/token/get refuse an expired link token', false)
    .addOption(
      oneOf('--second-exchange <end>', 'what becomes of a public token that is exchanged again', [
        'refused',
        'same_item',
        'another_item',
      ]),
    )
    .addOption(
      oneOf('--session-finished-tokens <field>', 'where SESSION_FINISHED holds public tokens', [
        'public_tokens',
        'public_token',
        'both',
      ]),
    )
    .addOption(
      oneOf('--session-finished-status <letters>', 'how SESSION_FINISHED writes its status', [
        'upper',
        'lower',
      ]),
    )
    .option('--event-callbacks', 'send a LINK_CALLBACK for each step of the person too', false)
    .option('--delivery-fails', 'let messages not reach the person', false)
    .option('--no-webhook-retries', 'send no webhook again that was not taken')
    .option('--fault <json>', 'plan a fault of an endpoint; may be repeated', jsonOf(plannedFaultSchema), [])
    .option(
      '--webhook-fault <json>',
      'plan a fault of webhooks; may be repeated',
      jsonOf(plannedWebhookFaultSchema),
      [],
    )
    .option('--json', 'print an object once it listens')
    .addHelpText('after', examples('hosted-link sandbox', 'hosted-link sandbox --auto --seed 7 --port 0'))
    .action(async ({ linkTokenLifetime, fault, webhookFault, json, ...flags }: Flags, command: Command) => {
      const options: SandboxOptions = {
        ...flags,
        ...(linkTokenLifetime !== undefined && { linkTokenLifetimeMs: linkTokenLifetime * 1_000 }),
      };
      const sandbox = await startSandbox(options).catch((error: NodeJS.ErrnoException) =>
        command.error(
          `error: the sandbox cannot listen on 127.0.0.1:${flags.port} (${error.code}): choose another --port, or 0 for a free one`,
        ),
      );
      for (const planned of fault) planFault(sandbox, planned);
      for (const planned of webhookFault) planWebhookFault(sandbox, planned);
      const { url } = sandbox;
      const { environment } = flags;
      const account = { clientId: DEFAULT_CLIENT_ID, secret: DEFAULT_SECRET };
      if (json) printJson<'sandbox'>({ url, environment, ...account });
      else
        printLines([
          `The offline Plaid answers on ${url} until Ctrl-C. To use it:`,
          '',
          `  PLAID_BASE_URL=${url}`,
          `  PLAID_ENV=${environment}`,
          `  PLAID_CLIENT_ID=${account.clientId}`,
          `  PLAID_SECRET=${account.secret}`,
          '',
          'These values are the same for everybody and protect nothing.',
        ]);
      await stopSignal();
      await sandbox.close();
    });
}

/** An option with a few values, of which the first is the default. */
function oneOf(flags: string, description: string, values: readonly string[]): Option {
  return new Option(flags, description).choices(values).default(values[0]);
}

/** Reads a whole number from 0 to `max`. */
function wholeNumber(max: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d{1,10}$/.test(text) && number <= max) return number;
    throw new InvalidArgumentError(`It must be a whole number from 0 to ${max}.`);
  };
}

/** Reads JSON of a shape, and adds it to what was read before. */
function jsonOf<T>(schema: z.ZodType<T>): (text: string, before: readonly T[]) => T[] {
  return (text, before) => {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw new InvalidArgumentError('It must be JSON.');
    }
    const result = schema.safeParse(value);
    if (!result.success) throw new InvalidArgumentError(`${inputErrorFrom(result.error).message}.`);
    return [...before, result.data];
  };
}
