import { Client, type ClientOptions } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import { HostedLinkClient } from './client';
import type { Settings } from './config';
import { InputError } from './input-error';
import type { Logger } from './logger';
import type { Metrics } from './metrics';
import type { PlaidClient } from './plaid/plaid';
import { clientSpans } from './tracing/client-spans';
import type { Vault } from './vault';
import { startWebhookReceiver, type WebhookReceiver } from './webhook/receiver';

/** What a receiver shares with the workers of its process. */
export interface WorkerReceiverOptions {
  settings: Settings;
  plaid: PlaidClient;
  vault: Vault;
  /** With the payload codec. */
  dataConverter: ClientOptions['dataConverter'];
  connection: NativeConnection;
  namespace: string;
  metrics: Metrics;
  logger: Logger;
}

/**
 * Starts the receiver of Plaid's webhooks inside a worker, where HOSTED_LINK_WEBHOOK_PORT asks for one.
 * @throws InputError naming HOSTED_LINK_WEBHOOK_PORT or HOSTED_LINK_WEBHOOK_HOST when it cannot be listened on
 */
export async function startWorkerReceiver({
  settings: { webhookPort: port, webhookHost: host, environment, itemWebhookUrl },
  plaid,
  vault,
  dataConverter,
  connection,
  namespace,
  metrics,
  logger,
}: WorkerReceiverOptions): Promise<WebhookReceiver | undefined> {
  if (port === undefined) return undefined;
  const temporal = new Client({
    connection,
    namespace,
    dataConverter,
    interceptors: { workflow: [clientSpans] },
  });
  try {
    const receiver = await startWebhookReceiver({
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
    logger.info(`webhooks are received on ${receiver.url}`);
    return receiver;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`HOSTED_LINK_WEBHOOK_${error.field.toUpperCase()}`, error.problem);
  }
}
