import { Client, type ClientOptions } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import { HostedLinkClient } from '../client';
import type { Settings } from '../config/settings';
import { InputError } from '../domain/input-error';
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

/**
 * Starts the receiver of Plaid's webhooks on HOSTED_LINK_WEBHOOK_HOST.
 * @param port 0 takes a free one
 * @throws InputError naming `port` or `host` when it cannot be listened on
 */
export async function startReceiver(
  { settings, plaid, vault, dataConverter, connection, namespace, metrics, logger }: ReceiverOptions,
  port: number,
): Promise<WebhookReceiver> {
  const { environment, itemWebhookUrl, webhookHost: host } = settings;
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
    port,
    host,
  });
}

/**
 * Starts the receiver inside a worker, where HOSTED_LINK_WEBHOOK_PORT asks for one.
 * @throws InputError naming HOSTED_LINK_WEBHOOK_PORT or HOSTED_LINK_WEBHOOK_HOST when it cannot be listened on
 */
export async function startWorkerReceiver(options: ReceiverOptions): Promise<WebhookReceiver | undefined> {
  const { webhookPort: port } = options.settings;
  if (port === undefined) return undefined;
  try {
    const receiver = await startReceiver(options, port);
    options.logger.info(`webhooks are received on ${receiver.url}`);
    return receiver;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`HOSTED_LINK_WEBHOOK_${error.field.toUpperCase()}`, error.problem, error.remedy);
  }
}
