import { request } from 'undici';
import type { Settings } from '../../config/settings';
import { ok, warning, type Finding } from './finding';

/** How long a receiver may take for an answer, in milliseconds: as long as Plaid gives it. */
const ANSWER_MS = 10_000;

/** Whether something answers where webhooks of items, and callbacks, go. Sends neither: any answer to a HEAD will do. */
export async function checkReceivers({ itemWebhookUrl, callbacks }: Settings): Promise<Finding[]> {
  return await Promise.all([
    itemWebhookUrl === undefined
      ? ok(
          'item webhooks',
          'HOSTED_LINK_ITEM_WEBHOOK_URL is not set: items keep the webhook of their link token',
        )
      : checkReceiver(
          'item webhooks',
          'HOSTED_LINK_ITEM_WEBHOOK_URL',
          itemWebhookUrl,
          'their receiver answers',
        ),
    callbacks === undefined
      ? ok('callbacks', 'HOSTED_LINK_CALLBACK_URL is not set: ends of sessions are not told over HTTP')
      : checkReceiver(
          'callbacks',
          'HOSTED_LINK_CALLBACK_URL',
          callbacks.url,
          `their receiver answers; signed by ${callbacks.keys.ids().join(', ')}`,
        ),
  ]);
}

async function checkReceiver(
  check: string,
  setting: string,
  url: string,
  whenItAnswers: string,
): Promise<Finding> {
  try {
    const { body } = await request(url, { method: 'HEAD', signal: AbortSignal.timeout(ANSWER_MS) });
    await body.dump();
    return ok(check, whenItAnswers);
  } catch {
    return warning(
      check,
      `nothing answers at ${setting} from here`,
      'start the receiver, or correct the setting; its certificate must be valid',
    );
  }
}
