import { Command } from 'commander';
import type { WebhooksOptions } from './actions/webhooks';
import { examples } from './examples';
import { DEFAULT_WEBHOOK_PORT, parsePort } from './port-option';

/** `hosted-link webhooks`: the receiver of Plaid's webhooks, until SIGINT or SIGTERM. */
export function webhooksCommand(): Command {
  return new Command('webhooks')
    .description("receive Plaid's webhooks, and let the sessions that they are about get at once")
    .option(
      '--port <number>',
      `TCP port, 0 for a free one (default: HOSTED_LINK_WEBHOOK_PORT, else ${DEFAULT_WEBHOOK_PORT})`,
      parsePort,
    )
    .option('--host <address>', 'address to listen on (default: HOSTED_LINK_WEBHOOK_HOST, else 127.0.0.1)')
    .option('--json', 'print an object once it listens')
    .addHelpText('after', examples('hosted-link webhooks --port 8791'))
    .action(async (options: WebhooksOptions) => {
      const { receiveWebhooks } = await import('./actions/webhooks.js');
      await receiveWebhooks(options);
    });
}
