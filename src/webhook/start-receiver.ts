import { Client, type ClientOptions } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import { HostedLinkClient } from '../client';
import type { Settings } from '../config/settings';
import type { ListenAddress } from '../http/listen-address';
import type { Logger } from '../telemetry/logger';
import type { Metrics } from '../telemetry/metrics';
import type { PlaidClient } from '../plaid/plaid';
import { clientSpans } from '../temporal/client-spans';
import type { VaultRecords } from '../vault';
import { startWebhookReceiver, type WebhookReceiver } from './receiver';

/** What a receiver shares with its process. */
export interface ReceiverOptions {
  settings: Settings;
  plaid: PlaidClient;
  vault: Pick<VaultRecords, 'sessions'>;
  /** With the payload codec. */
  dataConverter: ClientOptions['dataConverter'];
  connection: NativeConnection;
  namespace: string;
  metrics: Metrics;
  logger: Logger;
}

/** The setting of the address, and the option that overrides it in `hosted-link webhooks`. */
export type AddressField = 'HOSTED_LINK_WEBHOOK_ADDRESS' | '--address';

/**
 * Starts the receiver of Plaid's webhooks.
 *
 * @param field where the address comes from
 * @throws InputError naming `field` when the address cannot be listened on
 */
export async function startReceiver(
  { settings, plaid, vault, dataConverter, connection, namespace, metrics, logger }: ReceiverOptions,
  address: ListenAddress,
  field: AddressField,
): Promise<WebhookReceiver> {
  const { environment, itemWebhookUrl } = settings;
  const temporal = new Client({
    connection,
    namespace,
    dataConverter,
    interceptors: { workflow: [clientSpans] },
  });
  return await startWebhookReceiver({
    plaid,
    sessions: vault.sessions,
    client: new HostedLinkClient({ temporal, environment }),
    environment,
    itemWebhookUrl,
    onOutcome: (outcome) => metrics.webhooks({ outcome }),
    logger,
    address,
    addressField: field,
  });
}

/**
 * Starts the receiver inside a worker, where HOSTED_LINK_WEBHOOK_ADDRESS asks for one.
 *
 * @throws InputError naming HOSTED_LINK_WEBHOOK_ADDRESS when it cannot be listened on
 */
export async function startWorkerReceiver(options: ReceiverOptions): Promise<WebhookReceiver | undefined> {
  const { webhookAddress } = options.settings;
  if (webhookAddress === undefined) return undefined;
  const receiver = await startReceiver(options, webhookAddress, 'HOSTED_LINK_WEBHOOK_ADDRESS');
  options.logger.info(`webhooks are received on ${receiver.url}`);
  return receiver;
}
