import type { Command } from 'commander';
import type { z } from 'zod';
import { inputErrorFrom } from '../../domain/input-error';
import type { PlaidEnvironment } from '../../domain/link-token';
import type { SandboxOptions } from '../../sandbox';
import { DEFAULT_CLIENT_ID, DEFAULT_SECRET, startSandbox } from '../../sandbox';
import {
  plannedFaultSchema,
  planFault,
  plannedWebhookFaultSchema,
  planWebhookFault,
} from '../../sandbox/planned-fault';
import { printJson, printLines } from '../print';
import { stopSignal } from '../stop-signal';

/** The options of `hosted-link sandbox`. */
export type SandboxFlags = Omit<SandboxOptions, 'port' | 'environment' | 'linkTokenLifetimeMs'> & {
  port: number;
  environment: PlaidEnvironment;
  linkTokenLifetime?: number;
  fault: readonly string[];
  webhookFault: readonly string[];
  json?: boolean;
};

/** Runs the offline Plaid until SIGINT or SIGTERM. `command` refuses flags that are wrong. */
export async function runSandbox(
  { linkTokenLifetime, fault, webhookFault, json, ...flags }: SandboxFlags,
  command: Command,
): Promise<void> {
  const faults = fault.map((json) => parseFault(command, '--fault', plannedFaultSchema, json));
  const webhookFaults = webhookFault.map((json) =>
    parseFault(command, '--webhook-fault', plannedWebhookFaultSchema, json),
  );
  const options: SandboxOptions = {
    ...flags,
    ...(linkTokenLifetime !== undefined && { linkTokenLifetimeMs: linkTokenLifetime * 1_000 }),
  };
  const sandbox = await startSandbox(options).catch((error: NodeJS.ErrnoException) =>
    command.error(
      `error: the sandbox cannot listen on 127.0.0.1:${flags.port} (${error.code}): choose another --port, or 0 for a free one`,
    ),
  );
  for (const planned of faults) planFault(sandbox, planned);
  for (const planned of webhookFaults) planWebhookFault(sandbox, planned);
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
}

/** Reads a fault in JSON. It is checked here and not where options are read, since `--help` has no use for the schemas. */
function parseFault<T>(command: Command, flag: string, schema: z.ZodType<T>, text: string): T {
  const refuse = (problem: string) =>
    command.error(`error: option '${flag} <json>' argument '${text}' is invalid. ${problem}`, {
      code: 'commander.invalidArgument',
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse('It must be JSON.');
  }
  const result = schema.safeParse(value);
  return result.success ? result.data : refuse(`${inputErrorFrom(result.error).message}.`);
}
