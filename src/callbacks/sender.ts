import { BoundedPost } from '../http/bounded-post';
import { jsonDigest } from '../secrets/digest';
import type { KeyRing } from '../secrets/key-ring';
import type { PlaidEnvironment } from '../domain/link-token';
import type { CallbackBody } from '../domain/views';
import {
  callbackSignature,
  ID_HEADER,
  SIGNATURE_HEADER,
  SIGNATURE_VERSION,
  TIMESTAMP_HEADER,
} from './signature';

/** How long the receiver may take to answer, in milliseconds: 15 s, the least that Standard Webhooks advises. */
const TIMEOUT_MS = 15_000;

/** The most callbacks under way at once, so that a receiver is not flooded after an outage of its own. */
const MAX_UNDER_WAY = 20;

/** The settings of callbacks, which go together. */
export interface CallbackSettings {
  /** By the rules of `checkWebhookUrl`. */
  url: string;
  /** Each of them signs. */
  keys: KeyRing;
}

/** Sends callbacks to the receiver of the deployment's operator. */
export class CallbackSender {
  readonly #post: BoundedPost;

  constructor(
    private readonly settings: CallbackSettings,
    private readonly environment: PlaidEnvironment,
  ) {
    this.#post = new BoundedPost(settings.url, { timeoutMs: TIMEOUT_MS, connections: MAX_UNDER_WAY });
  }

  /**
   * Sends one once, signed by every key, and gives the HTTP status of its answer.
   * @throws NoAnswerError
   */
  async send({ key, plaidFlow, state, itemIds, sequence }: CallbackBody): Promise<number> {
    const id = `callback_${jsonDigest([this.environment, key, sequence]).slice(0, 32)}`;
    const timestamp = String(Math.floor(Date.now() / 1_000));
    const body = JSON.stringify({ key, plaidFlow, state, itemIds, sequence });
    return await this.#post.send(
      {
        [ID_HEADER]: id,
        [TIMESTAMP_HEADER]: timestamp,
        [SIGNATURE_HEADER]: this.#signatures(id, timestamp, body),
      },
      body,
    );
  }

  /** Cuts off what is still under way. */
  async close(): Promise<void> {
    await this.#post.close();
  }

  #signatures(id: string, timestamp: string, body: string): string {
    const { keys } = this.settings;
    return keys
      .ids()
      .map((keyId) => callbackSignature({ id, timestamp, body }, keys.get(keyId)!).toString('base64'))
      .map((signature) => `${SIGNATURE_VERSION},${signature}`)
      .join(' ');
  }
}
