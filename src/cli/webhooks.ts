import { Command } from 'commander';
import { DEFAULT_WEBHOOK_ADDRESS, parseAddress } from './address-option';
import type { WebhooksOptions } from './actions/webhooks';
import { examples } from './examples';

/** `hosted-link webhooks`: the receiver of Plaid's webhooks, until SIGINT or SIGTERM. */
export function webhooksCommand(): Command {
  return new Command('webhooks')
    .description("receive Plaid's webhooks, and let the sessions that they are about get at once")
    .option(
      '--address <host:port>',
      `where to listen: an IP address and a port, 0 for a free one (default: HOSTED_LINK_WEBHOOK_ADDRESS, else ${DEFAULT_WEBHOOK_ADDRESS})`,
      parseAddress,
    )
    .option('--json', 'print an object once it listens')
    .addHelpText('after', examples('hosted-link webhooks --address 0.0.0.0:8791'))
    .action(async (options: WebhooksOptions) => {
      const { receiveWebhooks } = await import('./actions/webhooks.js');
      await receiveWebhooks(options);
    });
}
