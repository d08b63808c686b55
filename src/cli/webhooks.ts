import { Command } from 'commander';
import { readSettingsFor, requirePlaid, type Settings } from '../config';
import { InputError } from '../input-error';
import { createLogger } from '../logger';
import { openRecordsFromSettings } from '../open-vault';
import { createPlaidClient } from '../plaid/client';
import { isEmbeddedDatabaseRunning, type VaultRecords } from '../vault';
import { startWebhookReceiver, type WebhookReceiverOptions } from '../webhook/receiver';
import { parsePort } from './port-option';
import { printLines } from './print';
import { stopSignal } from './stop-signal';
import { withClient } from './with-client';

const DEFAULT_PORT = 8791;

interface Flags {
  port?: number;
  host?: string;
}

/** `hosted-link webhooks`: the receiver of Plaid's webhooks, until SIGINT or SIGTERM. */
export function webhooksCommand(): Command {
  return new Command('webhooks')
    .description("receive Plaid's webhooks, and let the sessions that they are about get at once")
    .option(
      '--port <number>',
      `TCP port, 0 for a free one (default: HOSTED_LINK_WEBHOOK_PORT, else ${DEFAULT_PORT})`,
      parsePort,
    )
    .option('--host <address>', 'address to listen on (default: HOSTED_LINK_WEBHOOK_HOST, else 127.0.0.1)')
    .action(async ({ port, host }: Flags) => {
      const settings = readSettingsFor('plaid', 'database', 'codecKeys');
      const { environment, itemWebhookUrl, logLevel } = settings;
      const plaid = createPlaidClient(requirePlaid(settings));
      try {
        const vault = await openDatabase(settings);
        try {
          await withClient({ vault: false }, (client) =>
            receiveUntilStopped({
              plaid,
              sessions: vault.sessions,
              client,
              environment,
              itemWebhookUrl,
              logger: createLogger({ level: logLevel }),
              port: port ?? settings.webhookPort ?? DEFAULT_PORT,
              host: host ?? settings.webhookHost,
            }),
          );
        } finally {
          await vault.close();
        }
      } finally {
        await plaid.close();
      }
    });
}

async function receiveUntilStopped(options: WebhookReceiverOptions): Promise<void> {
  const receiver = await startWebhookReceiver(options);
  printLines([`Plaid's webhooks are received on ${receiver.url} until Ctrl-C.`]);
  await stopSignal();
  await receiver.close();
}

/** @throws InputError naming DATABASE_URL when there is none to look sessions up in */
async function openDatabase(settings: Settings): Promise<VaultRecords> {
  const { databaseUrl, dataDir } = settings;
  // An embedded database belongs to the worker: owned by this command, it would keep a worker from starting.
  if (databaseUrl === undefined && !(await isEmbeddedDatabaseRunning(dataDir))) {
    throw new InputError(
      'DATABASE_URL',
      'not set, and no worker runs with an embedded database; start the worker first, or set it',
    );
  }
  return await openRecordsFromSettings(settings);
}
