import { plaidErrorBody } from './api-error';
import type { Body } from './endpoint-context';
import { LOGIN_REQUIRED } from './items';
import type { ErrorName, ItemRecord } from './records';
import type { SandboxState } from './state';
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
    this.fire(item, 'ITEM', 'ERROR', { error: errorBody(LOGIN_REQUIRED) });
  }

  /** Sends a webhook of an item. Gives false when the item has no webhook. */
  fire(item: ItemRecord, type: string, code: string, more: Body = {}): boolean {
    if (item.webhookUrl === undefined) return false;
    this.sender.send(item.webhookUrl, {
      ...more,
      environment: this.state.environment,
      item_id: item.itemId,
      webhook_code: code,
      webhook_type: type,
    });
    return true;
  }
}

/** An error inside a webhook carries its HTTP status. */
function errorBody(error: ErrorName): Body {
  return { ...plaidErrorBody(error), status: 400 };
}
