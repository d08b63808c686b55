import { Command } from 'commander';
import type { HostedLinkClient } from '../client';
import { readSettings, requirePlaid, type Settings } from '../config';
import { InputError } from '../input-error';
import { createLogger } from '../logger';
import { openRecordsForCommand } from '../open-vault';
import { createPlaidClient } from '../plaid/client';
import type { PlaidClient } from '../plaid/plaid';
import { isEmbeddedDatabaseRunning, type VaultRecords } from '../vault';
import { WebhookKeyCache } from '../webhook/key-cache';
import { startWebhookReceiver } from '../webhook/receiver';
import { parsePort } from './port-option';
import { stopSignal } from './stop-signal';
import { withClient } from './with-client';

const DEFAULT_PORT = 8791;
const DEFAULT_HOST = '127.0.0.1';

interface Flags {
  port: number;
  host: string;
}

/** `hosted-link webhooks`: the receiver of Plaid's webhooks, until SIGINT or SIGTERM. */
export function webhooksCommand(): Command {
  return new Command('webhooks')
    .description("receive Plaid's webhooks, and let the sessions that they are about get at once")
    .option('--port <number>', 'TCP port, 0 for a free one', parsePort, DEFAULT_PORT)
    .option('--host <address>', 'address to listen on', DEFAULT_HOST)
    .action(async (flags: Flags) => {
      const settings = readSettings();
      const plaid = createPlaidClient(requirePlaid(settings));
      try {
        const vault = await openDatabase(settings);
        try {
          await withClient({ vault: false }, (client) => receive(settings, flags, { client, vault, plaid }));
        } finally {
          await vault.close();
        }
      } finally {
        await plaid.close();
      }
    });
}

async function receive(
  { logLevel }: Settings,
  { port, host }: Flags,
  { client, vault, plaid }: { client: HostedLinkClient; vault: VaultRecords; plaid: PlaidClient },
): Promise<void> {
  const logger = createLogger({ level: logLevel });
  const keys = new WebhookKeyCache({ fetchKey: (keyId) => plaid.webhookVerificationKeyGet(keyId) });
  const receiver = await startWebhookReceiver({
    keyOf: (keyId) => keys.get(keyId),
    findSession: (hash) => vault.sessions.findByPlaidSession(hash),
    checkNow: (key) => client.checkNow(key),
    logger,
    port,
    host,
  });
  process.stdout.write(`Plaid's webhooks are received on ${receiver.url} until Ctrl-C.\n`);
  await stopSignal();
  await receiver.close();
  logger.info(receiver.counts(), 'the receiver has stopped');
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
  return await openRecordsForCommand(settings);
}
