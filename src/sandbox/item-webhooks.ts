import { LOGIN_REQUIRED } from './items';
import type { ItemRecord } from './records';
import type { SandboxState } from './state';
import { itemError, itemWebhook } from './webhook-bodies';
import type { Webhook } from './webhook-fault';
import type { WebhookSender } from './webhook-sender';

/** Changes items as banks do, and tells their webhooks. */
export class ItemWebhooks {
  constructor(
    private readonly state: SandboxState,
    private readonly sender: WebhookSender,
  ) {}

  /** The item's person has to sign in again, in update mode. */
  requireLogin(item: ItemRecord): void {
    item.error = LOGIN_REQUIRED;
    this.#send(item, itemError(item, this.state.environment, LOGIN_REQUIRED));
  }

  /** Sends a webhook of an item. Gives false when the item has no webhook. */
  fire(item: ItemRecord, type: string, code: string): boolean {
    return this.#send(item, itemWebhook(item, this.state.environment, type, code));
  }

  #send({ webhookUrl }: ItemRecord, webhook: Webhook): boolean {
    if (webhookUrl === undefined) return false;
    this.sender.send(webhookUrl, webhook);
    return true;
  }
}
