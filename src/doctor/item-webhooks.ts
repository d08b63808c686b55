import { request } from 'undici';
import type { Settings } from '../config';
import { ok, warning, type Finding } from './finding';

const CHECK = 'item webhooks';

/** How long the receiver may take for an answer, in milliseconds: as long as Plaid gives it. */
const ANSWER_MS = 10_000;

/** Whether something answers where the webhooks of items are moved to. Sends no webhook: any answer will do. */
export async function checkItemWebhooks({ itemWebhookUrl }: Settings): Promise<Finding[]> {
  if (itemWebhookUrl === undefined) {
    return [ok(CHECK, 'HOSTED_LINK_ITEM_WEBHOOK_URL is not set: items keep the webhook of their link token')];
  }
  try {
    const { body } = await request(itemWebhookUrl, {
      method: 'HEAD',
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    await body.dump();
    return [ok(CHECK, 'their receiver answers')];
  } catch {
    return [
      warning(
        CHECK,
        'nothing answers at HOSTED_LINK_ITEM_WEBHOOK_URL from here',
        'start the receiver, or correct the setting; its certificate must be valid',
      ),
    ];
  }
}
